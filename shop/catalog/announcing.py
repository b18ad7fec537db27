"""Tell who listens that products changed: beside the read models, whoever changed them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.webhook_delivery.announcing import announce_many, somebody_listens

EVENT = "product.updated"


def announce_products(session: Session, product_ids: Sequence[int]) -> None:
    """One message a product. Nobody listens: one statement and nothing written. The caller commits."""
    if not product_ids or not somebody_listens(session, EVENT):
        return
    rows = session.execute(
        text("SELECT id, slug, title, status FROM products WHERE id = ANY(:ids) ORDER BY id"),
        {"ids": list(product_ids)},
    )
    announce_many(session, EVENT, [({"product": dict(row._mapping)}, f"product:{row.id}") for row in rows])
