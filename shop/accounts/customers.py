"""Customers, known by their address."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.models import Customer


def remember_customer(session: Session, email: str, name: str, locale: str, phone: str = "") -> int | None:
    """The customer's id; made on first sight. A repeat keeps what is known and fills in what was not. None without an
    address.

    The row is held until the commit, so a merge or an erasure of this customer happens before or after, never during.
    An address that was merged answers with the customer that was kept.
    """
    email = email.strip().lower()
    if not email:
        return None
    row = insert(Customer).values(email=email[:254], name=name[:200], locale=locale, phone=phone[:40])
    return int(
        session.execute(
            row.on_conflict_do_update(
                index_elements=["email"],
                set_={
                    "locale": row.excluded.locale,
                    "name": func.coalesce(func.nullif(Customer.name, ""), row.excluded.name),
                    "phone": func.coalesce(func.nullif(Customer.phone, ""), row.excluded.phone),
                },
            ).returning(func.coalesce(Customer.merged_into_id, Customer.id))
        ).scalar_one()
    )
