"""The totals of customers. The database keeps them right by itself (migration 0009); this is the repair."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select

from shop.accounts.models import Customer
from shop.core.transaction import transaction

AT_ONCE = 1000


def repair_totals() -> int:
    """Recompute every customer from orders, payments, refunds and disputes. Returns how many were wrong."""
    last = wrong = 0
    while True:
        with transaction() as session:
            ids = list(
                session.execute(
                    select(Customer.id).where(Customer.id > last).order_by(Customer.id).limit(AT_ONCE)
                ).scalars()
            )
            if not ids:
                return wrong
            refresh = func.refresh_customer_totals(bindparam("ids", ids, ARRAY(BigInteger)))
            wrong += int(session.execute(select(refresh)).scalar_one())
        last = ids[-1]
