"""Every page of the panel, and the three addresses that machines ask (`health_bp`)."""

from __future__ import annotations

from shop.admin import (
    catalog,
    collections,
    dashboard,
    failures,
    letter_kinds,
    letters,
    order,
    order_moves,
    orders,
    product,
    products_in_bulk,
    providers,
    settings,
    signing_in,
)
from shop.admin.blueprint import bp
from shop.admin.health import health_bp

#: importing a page hangs it on the blueprint
PAGES = (
    catalog,
    collections,
    dashboard,
    failures,
    letter_kinds,
    letters,
    order,
    order_moves,
    orders,
    product,
    products_in_bulk,
    providers,
    settings,
    signing_in,
)

__all__ = ["PAGES", "bp", "health_bp"]
