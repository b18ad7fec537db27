"""Shopify does what every connector must (tests/channels/conformance.py)."""

from __future__ import annotations

from tests.channels.conformance import Conformance


class TestShopify(Conformance):
    platform = "shopify"
    hook_secret = "client_secret"
