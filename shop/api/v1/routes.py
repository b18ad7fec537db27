"""The API as it is hung into the shop: its resources, the headers of every answer, and how it tells of errors."""

from __future__ import annotations

from typing import Any

from shop.api.v1 import (
    collections,
    customers,
    docs,
    fulfilments,
    orders,
    problems,
    products,
    refunds,
    variants,
    webhooks,
)
from shop.api.v1.limiting import tell_the_rate
from shop.api.v1.operation import bp

RESOURCES = (products, variants, collections, orders, fulfilments, refunds, customers, webhooks)

bp.after_request(tell_the_rate)


@bp.record_once
def tell_errors_our_way(state: Any) -> None:
    """guards.py asks: what has no route below /api/v1 is told the same way."""
    state.app.extensions["imprint.api_problems"] = problems.answer


__all__ = ["RESOURCES", "bp", "docs"]
