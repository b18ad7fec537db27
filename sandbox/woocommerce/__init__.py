"""A WooCommerce shop on the web, as contracts/woocommerce.md describes it."""
