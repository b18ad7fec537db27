"""A stand-in for one Shopify shop: OAuth, the GraphQL Admin API 2026-10, webhooks (contracts/shopify.md)."""
