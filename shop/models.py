"""Every table, imported once so that migrations and tests see them all: each `models.py`, and the schedules."""

from __future__ import annotations

import importlib
from pathlib import Path

from shop.core import schedules

_SHOP = Path(__file__).parent

ALL = (
    schedules,
    *(
        importlib.import_module(".".join(("shop", *found.relative_to(_SHOP).with_suffix("").parts)))
        for found in sorted(_SHOP.glob("*/**/models.py"))
    ),
)
