"""The link that lets somebody review without an account."""

from __future__ import annotations

from datetime import timedelta

from shop.core.signing import read_signed, sign

_WRITE = "write review"
WRITE_FOR = timedelta(days=730)


def review_token(order_id: int) -> str:
    """Proves the right to review what this order brought."""
    return sign(_WRITE, str(order_id))


def review_path(order_id: int) -> str:
    return f"/reviews/{review_token(order_id)}"


def order_of(token: str) -> int | None:
    """The order a link is about; None for one that is forged or too old."""
    found = read_signed(_WRITE, token, int(WRITE_FOR.total_seconds()))
    return int(found) if found and found.isdigit() else None
