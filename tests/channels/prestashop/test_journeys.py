"""PrestaShop over real HTTP: what every connector must do, and the quirks of this one (contracts/prestashop.md §9, §11)."""

from __future__ import annotations

from typing import Any, ClassVar

from shop.channels.records import ProductRecord
from tests.channels.conformance import Conformance


class TestPrestaShop(Conformance):
    platform = "prestashop"
    many: ClassVar[int] = 230

    def ours(self, sku: str = "OUR", **more: Any) -> ProductRecord:
        """Names hold no < or > there: test_writing tells what becomes of them."""
        return super().ours(sku, **{"title": f"Our Fjord «Tee» 🏔️ قميص עברית & more {sku}", **more})
