"""One privacy request: hand out, or erase."""

from __future__ import annotations

from sqlalchemy import select

from shop.core.durable import Claim
from shop.core.transaction import transaction
from shop.customers.models import PrivacyRequest
from shop.workflows import erase_customer, export_customer


def answer(held: Claim) -> None:
    with transaction() as session:
        kind = session.execute(select(PrivacyRequest.kind).where(PrivacyRequest.id == held.id)).scalar_one()
    (erase_customer.erase if kind == "erasure" else export_customer.export)(held)
