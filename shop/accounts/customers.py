"""Customers, known by their address."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.models import Customer


def remember_customer(session: Session, email: str, name: str, locale: str) -> int | None:
    """The customer's id; made on first sight. A repeat keeps what is known. None without an address."""
    email = email.strip().lower()
    if not email:
        return None
    row = insert(Customer).values(email=email[:254], name=name[:200], locale=locale)
    return int(
        session.execute(
            row.on_conflict_do_update(index_elements=["email"], set_={"locale": row.excluded.locale}).returning(
                Customer.id
            )
        ).scalar_one()
    )
