"""Printify's REST API as contracts/printify.md describes it, with state, signed webhooks and its quirks."""
