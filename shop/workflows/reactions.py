"""(source, topic) → workflow. One table to read.

An event is only a hint that something about a thing changed: every workflow asks the provider for the truth. So all
waiting events about one thing are one reaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.checkout.models import Checkout
from shop.core.durable import Claim
from shop.inbound.models import InboundEvent
from shop.workflows import (
    complete_checkout,
    record_disconnect,
    record_dispute,
    record_fulfilment,
    record_refund,
    refresh_catalog,
)

Workflow = Callable[[str], object]

STRIPE: dict[str, Workflow] = {
    "checkout.session.completed": complete_checkout.settle_session,
    "checkout.session.async_payment_succeeded": complete_checkout.settle_session,
    "checkout.session.async_payment_failed": complete_checkout.settle_session,
    "checkout.session.expired": complete_checkout.settle_session,
    "charge.refunded": record_refund.from_charge,
    "refund.created": record_refund.from_refund,
    "refund.updated": record_refund.from_refund,
    "refund.failed": record_refund.from_refund,
    "charge.refund.updated": record_refund.from_refund,
    "charge.dispute.created": record_dispute.from_dispute,
    "charge.dispute.updated": record_dispute.from_dispute,
    "charge.dispute.closed": record_dispute.from_dispute,
    "charge.dispute.funds_withdrawn": record_dispute.from_dispute,
    "charge.dispute.funds_reinstated": record_dispute.from_dispute,
}
PRINTIFY: dict[str, Workflow] = {
    "order:created": record_fulfilment.from_provider,
    "order:updated": record_fulfilment.from_provider,
    "order:sent-to-production": record_fulfilment.from_provider,
    "order:shipment:created": record_fulfilment.from_provider,
    "order:shipment:delivered": record_fulfilment.from_provider,
    "product:publish:started": refresh_catalog.refresh_product,
    "product:created": refresh_catalog.refresh_product,
    "product:updated": refresh_catalog.refresh_product,
    "product:deleted": refresh_catalog.forget_product,
    "shop:disconnected": record_disconnect.from_shop,
}
TABLE: dict[str, dict[str, Workflow]] = {"stripe": STRIPE, "printify": PRINTIFY}


@dataclass(frozen=True)
class Reaction:
    source: str
    topic: str
    subject_id: str
    workflow: Workflow

    def run(self) -> None:
        self.workflow(self.subject_id)


def group_events(session: Session, held: Sequence[Claim]) -> tuple[dict[Reaction, list[Claim]], list[Claim]]:
    """(what to run → the claims it settles, claims that need nothing).

    Nothing to do: a topic without a workflow, and a checkout that is settled for good already.
    """
    by_id = {claim.id: claim for claim in held}
    rows = session.execute(
        select(InboundEvent.id, InboundEvent.source, InboundEvent.topic, InboundEvent.subject_id).where(
            InboundEvent.id.in_(by_id)
        )
    ).all()
    settled_sessions = _settled_sessions(session, [r.subject_id for r in rows if r.source == "stripe"])
    reactions: dict[tuple[object, ...], tuple[Reaction, list[Claim]]] = {}
    nothing: list[Claim] = []
    for row in rows:
        workflow = TABLE.get(row.source, {}).get(row.topic)
        if workflow is None or not row.subject_id or row.subject_id in settled_sessions:
            nothing.append(by_id[row.id])
            continue
        key = (workflow, row.subject_id)
        reaction = Reaction(row.source, row.topic, row.subject_id, workflow)
        reactions.setdefault(key, (reaction, []))[1].append(by_id[row.id])
    return dict(reactions.values()), nothing


def _settled_sessions(session: Session, subject_ids: Sequence[str | None]) -> set[str]:
    sessions = [s for s in subject_ids if s and s.startswith("cs_")]
    if not sessions:
        return set()
    found = session.execute(
        select(Checkout.session_id).where(Checkout.session_id.in_(sessions), Checkout.status == "completed")
    ).scalars()
    return {session_id for session_id in found if session_id}
