"""Every table, imported once so that migrations and tests see them all: each `models.py`, and the schedules."""

from __future__ import annotations

import importlib.util
import pkgutil

import shop
from shop.core import schedules

ALL = (
    schedules,
    *(
        importlib.import_module(f"shop.{domain.name}.models")
        for domain in pkgutil.iter_modules(shop.__path__)
        if domain.ispkg and importlib.util.find_spec(f"shop.{domain.name}.models")
    ),
)
