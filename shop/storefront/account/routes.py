"""Every address below /account."""

from __future__ import annotations

from shop.storefront.account import addresses, arriving, forgotten, orders, privacy, registering, security
from shop.storefront.account.blueprint import bp

__all__ = ["addresses", "arriving", "bp", "forgotten", "orders", "privacy", "registering", "security"]
