"""WooCommerce (contracts/woocommerce.md)."""
