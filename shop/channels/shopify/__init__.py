"""Shopify, by its GraphQL Admin API 2026-10 (contracts/shopify.md)."""
