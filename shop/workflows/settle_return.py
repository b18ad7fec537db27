"""A return is settled: the money goes back, or a new one is made; once, however often it is asked for.

Asked for: the return's own row becomes the work, under the order's lock. Done by a job: the refund is named after the
return (`refunds.form_key`), the new fulfilment by its `return_id`, both unique; so a worker that dies between them and
the return's last move is followed by another one that finds what was done and goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import run_in_transaction, transaction
from shop.errors import Conflict, IllegalMove, InvalidInput, NotFound
from shop.fulfilment.models import FulfilmentOrder
from shop.fulfilment.requesting import is_printed, line_for, next_generation
from shop.orders.models import Order
from shop.orders.sharing import Chosen
from shop.orders.statuses import lock_order, tell
from shop.payments.models import Refund
from shop.payments.summing import sum_payments
from shop.returns.counting import REFUND_KEY, lines_of
from shop.returns.models import Return, Withdrawal
from shop.returns.moving import lock_return, move_return, tell_return
from shop.returns.rules import OUTCOMES
from shop.workflows.refund_order import request_refund, work_out_refund
from shop.workflows.return_facts import amount_text, write_to_buyer


@dataclass(frozen=True)
class Settlement:
    """`how`: refund | replace | credit. `lines`: {order line: quantity} of what the return asks for; `amount_minor`
    instead of what they are worth; `note`: for the buyer."""

    how: str
    lines: Mapping[int, int]
    shipping: bool = False
    amount_minor: int | None = None
    note: str = ""


def request_settlement(return_id: int, wanted: Settlement, *, who: str) -> bool:
    """False when it is being settled, or was, already. Raises InvalidInput with the field, IllegalMove, Conflict when
    less is left to give back, NotFound."""
    if wanted.how not in OUTCOMES:
        raise InvalidInput(fields={"how": "Choose how to settle it."})

    def work(session: Session) -> bool:
        order_id = _order_of(session, return_id)
        order = lock_order(session, order_id)
        held = lock_return(session, return_id)
        if held.settling or held.status == "settled":
            return False
        if held.status != "approved":
            raise IllegalMove("Approve the return first.")
        asked = {line.id: quantity for line, quantity in lines_of(session, return_id)}
        chosen = _chosen(asked, wanted)
        worth = _check_refund(session, order, chosen, wanted) if wanted.how == "refund" else None
        if wanted.how == "replace":
            _check_replacement(session, order, chosen)
        held.settling, held.settle_by = wanted.how, who[:80]
        held.settle_facts = {
            "lines": {str(k): n for k, n in chosen.items()},
            "shipping": wanted.shipping,
            "amount_minor": worth,
            "note": wanted.note,
        }
        held.work_state, held.due_at, held.attempts = "due", clock.now(), 0
        held.error_kind = held.error_text = None
        tell_return(session, held, "settling", who=who, why=wanted.how)
        enqueue_after_commit(session, JobName.DRAIN_RETURNS)
        return True

    return bool(run_in_transaction(work))


def _order_of(session: Session, return_id: int) -> int:
    found = session.execute(select(Return.order_id).where(Return.id == return_id)).scalar()
    if found is None:
        raise NotFound("There is no such return.")
    return int(found)


def _chosen(asked: Mapping[int, int], wanted: Settlement) -> dict[int, int]:
    if any(line_id not in asked for line_id, n in wanted.lines.items() if n):
        raise NotFound("This return has no such line.")
    errors = {
        f"line-{line_id}": f"Choose from 0 to {asked[line_id]}."
        for line_id, n in wanted.lines.items()
        if not 0 <= n <= asked.get(line_id, 0)
    }
    if errors:
        raise InvalidInput(fields=errors)
    chosen = {line_id: n for line_id, n in wanted.lines.items() if n}
    if not chosen and wanted.how != "credit":
        raise InvalidInput(fields={"lines": "Choose at least one thing."})
    return chosen


def _check_refund(session: Session, order: Order, chosen: dict[int, int], wanted: Settlement) -> int:
    """What goes back, in minor units."""
    worked = work_out_refund(session, order, Chosen(chosen, wanted.shipping))
    amount = worked.minor if wanted.amount_minor is None else wanted.amount_minor
    left = sum_payments(session, order.id).refundable
    if amount <= 0:
        raise InvalidInput(fields={"amount": "The amount must be more than zero."})
    if amount > left:
        raise InvalidInput(fields={"amount": f"At most {amount_text(order, left)} can be given back."})
    return amount


def _check_replacement(session: Session, order: Order, chosen: dict[int, int]) -> None:
    if order.status == "cancelled":
        raise IllegalMove("This order was cancelled: nothing can be made for it.")
    if order.payment_status not in ("paid", "partly_refunded"):
        raise IllegalMove(f"This order is {order.payment_status.replace('_', ' ')}, not paid.")
    if not order.ship_to.get("line1"):
        raise IllegalMove("The order has no address to send it to.")
    by_id = {line.id: line for line in order.lines}
    if any(not is_printed(by_id[line_id]) for line_id in chosen):
        raise Conflict("What was handed over at the counter is replaced there.")


def settle_return(held: Claim) -> None:
    """Do what was asked for. Raises what parks the row; a repeat goes on from there."""
    with transaction() as session:
        row = session.execute(select(Return).where(Return.id == held.id)).scalar_one()
        how, facts, order_id = row.settling, dict(row.settle_facts), row.order_id
        who, number, is_over = row.settle_by, row.number, row.status == "settled"
    if is_over or not how:
        with transaction() as session:
            durable.finish(session, Return, held)
        return
    refund_id = _refund(held.id, order_id, facts, number, who) if how == "refund" else None
    run_in_transaction(lambda session: _write_settled(session, held, how, facts, refund_id))


def _refund(return_id: int, order_id: int, facts: dict[str, object], number: str, who: str) -> int:
    lines = {int(k): int(n) for k, n in dict(facts["lines"]).items()}  # type: ignore[call-overload]
    amount = facts["amount_minor"]
    return request_refund(
        order_id,
        int(amount) if isinstance(amount, int) else None,
        reason=str(facts["note"] or f"Return {number}"),
        who=who,
        chosen=Chosen(lines, bool(facts["shipping"])),
        form_key=f"{REFUND_KEY}{return_id}",
    )


def _write_settled(session: Session, held: Claim, how: str, facts: dict[str, object], refund_id: int | None) -> None:
    order_id = _order_of(session, held.id)
    order = lock_order(session, order_id)
    durable.hold(session, Return, held)
    row = lock_return(session, held.id)
    why = str(facts["note"])
    amount = ""
    if how == "replace":
        key = _make_anew(session, order, row, {int(k): n for k, n in dict(facts["lines"]).items()})  # type: ignore[call-overload]
        tell(session, order, "part", who=row.settle_by, why=f"{row.number} is replaced: {key} is made at no charge")
    if refund_id is not None:
        row.refund_id = refund_id  # the first one's, where it goes back several ways
        amount = amount_text(order, int(str(facts["amount_minor"])))
    row.outcome, row.settled_at = OUTCOMES[how], clock.now()
    if why:
        row.answer = why
    move_return(session, row, "settled", who=row.settle_by, why=why)
    tell(session, order, "return", who=row.settle_by, why=f"{row.number} was settled: {row.outcome}")
    if row.withdrawal_id is not None:
        declared = session.get_one(Withdrawal, row.withdrawal_id)
        declared.status, declared.closed_at = "closed", clock.now()
    write_to_buyer(session, order, row, "return_settled", amount=amount)
    session.flush()
    durable.finish(session, Return, held)


def _make_anew(session: Session, order: Order, row: Return, lines: dict[int, int]) -> str:
    """The next generation of the order's fulfilment, for these lines alone; a repeat returns the first one's key."""
    made = session.execute(
        select(FulfilmentOrder.external_key).where(
            FulfilmentOrder.return_id == row.id, FulfilmentOrder.replaces_id.is_(None)
        )
    ).scalar()
    if made is not None:
        return str(made)
    new = next_generation(session, order, return_id=row.id)
    session.add_all(line_for(new.id, line, lines[line.id]) for line in order.lines if lines.get(line.id))
    session.flush()
    enqueue_after_commit(session, JobName.DRAIN_FULFILMENT)
    return new.external_key


def reopen_settlement(return_id: int, *, who: str) -> bool:
    """It stopped, and nothing was given back: staff choose anew. False when there is nothing to take back. Raises
    Conflict when the money went back after all, NotFound."""

    def work(session: Session) -> bool:
        lock_order(session, _order_of(session, return_id))
        row = lock_return(session, return_id)
        if not row.settling or row.status == "settled" or row.work_state != "parked":
            return False
        done = select(Refund.id).where(Refund.form_key == f"{REFUND_KEY}{return_id}")
        if session.execute(done).first() is not None:
            raise Conflict("The refund was made. Press “Try again”, and the return ends with it.")
        row.settling, row.settle_facts, row.work_state = "", {}, "done"
        row.error_kind = row.error_text = None
        row.fence += 1
        tell_return(session, row, "reopened", who=who)
        return True

    return bool(run_in_transaction(work))
