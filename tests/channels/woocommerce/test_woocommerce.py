"""WooCommerce as a channel: what all of them must do."""

from __future__ import annotations

from tests.channels.conformance import Conformance


class TestWooCommerce(Conformance):
    platform = "woocommerce"
