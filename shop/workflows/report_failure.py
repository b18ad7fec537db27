"""A row is parked: a person must act. The panel shows it, and the merchant gets one letter about it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.secrets import redact
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.tenancy.profile import current_profile
from shop.workflows.announcements import announce_failure, announce_order
from shop.workflows.failure_hints import hint_for
from shop.workflows.letter_facts import public_url

#: table → what it is, in a merchant's words
WHAT = {
    "fulfilment_orders": "An order could not be sent to the print provider",
    "letters": "A letter could not be sent",
    "inbound_events": "A message from another service could not be handled",
    "refunds": "A refund could not be made",
    "dispute_answers": "An answer to a dispute could not be sent",
    "images": "A picture could not be fetched",
    "catalog_runs": "The catalogue could not be refreshed",
    "webhook_deliveries": "A webhook could not be sent",
    "new_products": "A product could not be made of a design",
    "privacy_requests": "What is held about a customer could not be handed out or erased",
    "product_watches": "Somebody could not be told that a product is back or cheaper",
    "cart_reminders": "A reminder of a cart could not be written",
    "campaigns": "A newsletter stopped on its way",
    "returns": "A return could not be settled",
    "withdrawals": "An order that was withdrawn from could not be cancelled",
    "sync_runs": "Keeping a connected platform in step stopped",
    "channel_events": "What a connected platform told could not be read there",
    "channel_pulls": "The orders of another platform could not be read",
    "channel_orders": "An order of another platform needs you",
    "channel_pushes": "Another platform could not be told of something",
    "automation_runs": "An automation could not be run",
    "change_runs": "A change of many products stopped on its way",
    "file_imports": "A file stopped on its way in",
    "channel_card_moves": "A gift card of another platform could not be charged, or paid back",
}
QUIET = frozenset({"letters", "images"})  # shown in the panel; a letter about a letter would loop

#: not announced as failure.parked: orders have an event of their own, and who listens is not told of itself
UNTOLD = frozenset({"fulfilment_orders", "webhook_deliveries", "automation_runs"})


def tell_of_delay(session: Session, model: type[Any], why: str) -> None:
    """Rows of this kind have waited for half an hour: one letter a day, however many wait. The caller commits."""
    table = model.__tablename__
    if table in QUIET:
        return
    request_letter(
        session,
        letter="merchant_failure",
        subject_key=f"{table}:delayed:{clock.now():%Y%m%d}",
        to_email=current_profile().merchant_email,
        facts={
            "what": f"{WHAT.get(table, 'Something could not be done')} yet",
            "why": why,
            "hint": "Nothing is lost: it is tried again every ten minutes, and goes on by itself when it can.",
            "url": public_url("/admin/failures"),
        },
    )


def _announce(session: Session, held: Claim, why: str) -> None:
    order = session.execute(
        select(Order).join(FulfilmentOrder, FulfilmentOrder.order_id == Order.id).where(FulfilmentOrder.id == held.id)
    ).scalar_one()
    announce_order(session, "fulfilment.parked", order, why=redact(why)[:500])


def report_failure(model: type[Any], held: Claim, *, kind: str, why: str, may_be_done: bool = True) -> None:
    """Park the row and ask for the merchant's letter, in one transaction. `may_be_done`: the last call's fate stays
    marked as unknown."""
    with transaction() as session:
        write_failure(session, model, held, kind=kind, why=why, may_be_done=may_be_done)


def write_failure(
    session: Session, model: type[Any], held: Claim, *, kind: str, why: str, may_be_done: bool, **values: object
) -> None:
    """The same in the caller's transaction; `values` of the row beside it."""
    table = model.__tablename__
    durable.park(session, model, held, why=why, kind=kind, keep_calling=may_be_done, **values)
    if model is FulfilmentOrder:
        _announce(session, held, why)
    if table in QUIET:
        return
    if table not in UNTOLD:
        announce_failure(session, table, held.id, WHAT.get(table, ""), redact(why)[:500])
    request_letter(
        session,
        letter="merchant_failure",
        subject_key=f"{table}:{held.id}#{held.fence}",
        to_email=current_profile().merchant_email,
        facts={
            "what": WHAT.get(table, "Something could not be done"),
            "why": why,
            "hint": hint_for(table, kind, why),
            "url": public_url(f"/admin/failures?row={table}:{held.id}"),
        },
    )
