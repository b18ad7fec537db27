"""Every ten minutes: what ends soon, told to the merchant once: a claim at the print provider, the money of a
withdrawal."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import transaction
from shop.orders.models import Order
from shop.returns.models import PrintClaim, Return, Withdrawal
from shop.returns.rules import OPEN
from shop.workflows.return_facts import delivered_at, rules_now, write_to_merchant

CLAIM_ENDS_SOON = timedelta(days=5)
MONEY_ENDS_SOON = timedelta(days=4)
AT_MOST = 50


def run() -> int:
    """Returns how many letters were asked for. A repeat writes none again."""
    with transaction() as session:
        _set_deadlines(session)
        return _remind_of_claims(session) + _remind_of_money(session) + _remind_of_declarations(session)


def _set_deadlines(session: Session) -> None:
    """Claims that were opened before everything had arrived."""
    rows = session.execute(
        select(PrintClaim, Order)
        .join(Return, Return.id == PrintClaim.return_id)
        .join(Order, Order.id == Return.order_id)
        .where(PrintClaim.state == "open", PrintClaim.deadline_at.is_(None), Order.fulfilment_status == "delivered")
        .limit(AT_MOST)
    ).all()
    for claim, order in rows:
        arrived = delivered_at(session, order)
        if arrived is not None:
            claim.deadline_at = arrived + timedelta(days=rules_now().claim_days)


def _remind_of_claims(session: Session) -> int:
    now, told = clock.now(), 0
    rows = session.execute(
        select(PrintClaim, Return)
        .join(Return, Return.id == PrintClaim.return_id)
        .where(
            PrintClaim.state == "open",
            PrintClaim.number == "",
            PrintClaim.reminded_at.is_(None),
            PrintClaim.deadline_at < now + CLAIM_ENDS_SOON,
            PrintClaim.deadline_at > now,
            Return.status.in_([*OPEN, "settled"]),
        )
        .limit(AT_MOST)
    ).all()
    for claim, held in rows:
        claim.reminded_at = now
        told += write_to_merchant(
            session,
            once=f"claim:{claim.id}:soon",
            what=f"The claim for {held.number} ends on {claim.deadline_at:%d %B %Y}",
            why="Printify takes a claim for some weeks after delivery, and none was noted for this return.",
            hint="Claim it at Printify, then write its number on the return’s page.",
            path=f"/admin/returns/{held.id}",
            order_id=held.order_id,
        )
    return told


def _remind_of_money(session: Session) -> int:
    now, told = clock.now(), 0
    rows = session.execute(
        select(Return)
        .where(Return.status.in_(OPEN), Return.reminded_at.is_(None), Return.refund_by < now + MONEY_ENDS_SOON)
        .limit(AT_MOST)
    ).scalars()
    for held in rows.all():
        held.reminded_at = now
        told += write_to_merchant(
            session,
            once=f"return:{held.id}:money",
            what=f"The money for {held.number} is due on {held.refund_by:%d %B %Y}",
            why="A buyer who withdraws gets the money back within 14 days. You may wait for the goods, or for proof "
            "that they were sent.",
            hint="Settle the return.",
            path=f"/admin/returns/{held.id}",
            order_id=held.order_id,
        )
    return told


def _remind_of_declarations(session: Session) -> int:
    """Those that led to nothing yet."""
    now, told = clock.now(), 0
    rows = session.execute(
        select(Withdrawal)
        .where(
            Withdrawal.status != "closed",
            Withdrawal.outcome == "",
            Withdrawal.reminded_at.is_(None),
            Withdrawal.refund_by < now + MONEY_ENDS_SOON,
        )
        .limit(AT_MOST)
    ).scalars()
    for held in rows.all():
        held.reminded_at = now
        told += write_to_merchant(
            session,
            once=f"withdrawal:{held.id}:soon",
            what=f"The withdrawal {held.reference} waits for you",
            why=f"The money would be due on {held.refund_by:%d %B %Y}.",
            hint="Say which order it is about, cancel it, or make a return of it.",
            path=f"/admin/withdrawals/{held.id}",
            order_id=held.order_id,
        )
    return told
