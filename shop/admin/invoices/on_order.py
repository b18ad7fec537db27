"""What the page of an order shows of its papers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from shop.invoicing.finding import list_documents


def papers_of(session: Session, order_id: int) -> dict[str, Any]:
    """For templates/admin/order_papers.html; one statement."""
    documents = list_documents(session, order_id)
    return {"documents": documents, "has_invoice": any(d.kind == "invoice" for d in documents)}
