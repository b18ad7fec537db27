"""Every address below /account."""

from __future__ import annotations

from shop.storefront.account import (
    addresses,
    arriving,
    codes,
    forgotten,
    kept,
    language,
    orders,
    passkeys,
    privacy,
    proving,
    registering,
    second_step,
    security,
)
from shop.storefront.account.blueprint import bp

__all__ = [
    "addresses",
    "arriving",
    "bp",
    "codes",
    "forgotten",
    "kept",
    "language",
    "orders",
    "passkeys",
    "privacy",
    "proving",
    "registering",
    "second_step",
    "security",
]
