"""Disputes as staff see them: which are open, which end soon, and the letter two days before the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.paging import Page
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.orders.models import Order
from shop.payments.evidence import reason_of
from shop.payments.models import Dispute, DisputeAnswer
from shop.payments.summing import OPEN_DISPUTES
from shop.tenancy.profile import current_profile
from shop.workflows.answer_dispute import ANSWERABLE
from shop.workflows.letter_facts import money, public_url

PER_PAGE = 50
SOON = timedelta(days=2)
AT_MOST = 20
TABS = {"open": "Open", "done": "Decided", "all": "All"}


@dataclass(frozen=True)
class DisputeRow:
    """`step`: of our answer (draft | sending | sent | closing | closed); "" when nothing was written."""

    id: int
    number: str
    customer: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    due_at: datetime | None
    created_at: datetime
    step: str

    @property
    def waits_for_us(self) -> bool:
        return self.status in ANSWERABLE and self.step in ("", "draft")


def list_disputes(session: Session, *, tab: str, page: int) -> Page[DisputeRow]:
    """Open ones first, by their deadline; then the newest. Two statements."""
    is_open = Dispute.status.in_(OPEN_DISPUTES)
    wanted = {"open": [is_open], "done": [~is_open]}.get(tab, [])
    total = int(session.execute(select(func.count()).select_from(Dispute).where(*wanted)).scalar_one())
    rows = session.execute(
        _rows()
        .where(*wanted)
        .order_by(
            case((Dispute.status.in_(ANSWERABLE), 0), (is_open, 1), else_=2),
            case((is_open, Dispute.evidence_due_at)).asc().nulls_last(),
            Dispute.id.desc(),
        )
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    return Page([DisputeRow(*row) for row in rows], total, page, PER_PAGE)


def disputes_near_deadline(session: Session, within: timedelta = timedelta(days=4)) -> Sequence[DisputeRow]:
    """What waits for the shop's answer and ends within `within`, the nearest first; at most AT_MOST; one statement."""
    rows = session.execute(
        _rows()
        .where(
            Dispute.status.in_(ANSWERABLE),
            Dispute.evidence_due_at < clock.now() + within,
            or_(DisputeAnswer.step.is_(None), DisputeAnswer.step == "draft"),
        )
        .order_by(Dispute.evidence_due_at, Dispute.id)
        .limit(AT_MOST)
    )
    return [DisputeRow(*row) for row in rows]


def remind() -> int:
    """One letter for each dispute that ends within two days and has no answer. Returns how many were asked for."""
    asked = 0
    with transaction() as session:
        for row in disputes_near_deadline(session, SOON):
            order = session.execute(select(Order).where(Order.number == row.number)).scalar_one()
            asked += request_letter(
                session,
                letter="merchant_failure",
                subject_key=f"dispute:{row.id}:soon",
                to_email=current_profile().merchant_email,
                facts={
                    "what": f"The dispute over order {row.number} ends {_when(row.due_at)}",
                    "why": f"{money(order, row.amount_minor)}. The buyer says: “{reason_of(row.reason).words}”",
                    "hint": "Send your answer before then: afterwards the money is lost.",
                    "url": public_url(f"/admin/disputes/{row.id}"),
                },
                order_id=order.id,
            )
    return asked


def _when(due_at: datetime | None) -> str:
    return f"on {due_at:%d %B %Y at %H:%M} UTC" if due_at else "soon"


def _rows() -> Any:
    return (
        select(
            Dispute.id, Order.number, func.coalesce(func.nullif(Order.customer_name, ""), Order.email), Dispute.status,
            Dispute.reason, Dispute.amount_minor, Dispute.currency, Dispute.evidence_due_at, Dispute.created_at,
            func.coalesce(DisputeAnswer.step, ""),
        )
        .join(Order, Order.id == Dispute.order_id)
        .outerjoin(DisputeAnswer, DisputeAnswer.dispute_id == Dispute.id)
    )  # fmt: skip
