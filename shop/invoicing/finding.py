"""What was issued: for an order, and as a list."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.invoicing.models import Invoice


def find_invoice(session: Session, order_id: int) -> Invoice | None:
    """The order's invoice, or None while there is none."""
    return session.execute(
        select(Invoice).where(Invoice.order_id == order_id, Invoice.kind == "invoice")
    ).scalar_one_or_none()


def list_documents(session: Session, order_id: int) -> Sequence[Invoice]:
    """The invoice and the credit notes of an order, oldest first."""
    return session.execute(select(Invoice).where(Invoice.order_id == order_id).order_by(Invoice.id)).scalars().all()
