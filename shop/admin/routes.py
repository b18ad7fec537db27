"""Every page of the panel, and the three addresses that machines ask (`health_bp`)."""

from __future__ import annotations

import importlib
import pkgutil

import shop.admin
from shop.admin.blueprint import bp
from shop.admin.health import health_bp

#: importing a page hangs it on the blueprint, and every module below `shop/admin` is one or serves one
PAGES = tuple(
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(shop.admin.__path__, "shop.admin.")
    if found.name != __name__
)

__all__ = ["PAGES", "bp", "health_bp"]
