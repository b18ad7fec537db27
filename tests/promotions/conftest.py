"""A discount as the panel would write it."""

from __future__ import annotations

from typing import Any

from shop.core.transaction import transaction
from shop.promotions.codes import fold_code
from shop.promotions.models import Discount, DiscountCode

COLUMNS: dict[str, Any] = {"title": "Summer", "kind": "percentage", "basis_points": 1000}


def a_discount(code: str = "SUMMER10", code_uses: int | None = None, **columns: Any) -> int:
    """Ten per cent by code unless said otherwise; code "" makes it automatic. Returns its id."""
    with transaction() as session:
        row = Discount(**{**COLUMNS, "by_code": bool(code), **columns})
        session.add(row)
        session.flush()
        if code:
            session.add(DiscountCode(discount_id=row.id, code=code, key=fold_code(code), max_uses=code_uses))
        return row.id
