"""A buyer withdraws from a contract (Directive 2011/83/EU, article 11a, by Directive 2023/2673).

The declaration is a row in the request that makes it, with its receipt beside it: whatever was typed, whether or not
such an order exists, early or late. What it leads to comes after: nothing made yet → the order is cancelled by a job;
made or sent → a return, approved where the law leaves no choice. The world is answered the same, whether or not the
order exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.secrets import new_token
from shop.core.transaction import run_in_transaction
from shop.email.requesting import request_letter
from shop.errors import Conflict, IllegalMove, InvalidInput, NotFound
from shop.fulfilment.holding import hold_fulfilment
from shop.orders.models import Order, OrderLine
from shop.orders.numbers import new_number, read_number
from shop.orders.statuses import lock_order, tell
from shop.returns.counting import left_to_return
from shop.returns.models import Return, Withdrawal
from shop.returns.moving import move_return, tell_return
from shop.returns.rules import DAYS_TO_REFUND, DAYS_TO_SEND_BACK, is_late, window_end
from shop.workflows.request_return import add_return
from shop.workflows.return_facts import delivered_at, rules_now, withdrawal_facts, write_to_buyer, write_to_merchant

NOT_MADE = ("requested", "submitted")
ON_HOLD = "The buyer withdrew from the contract."


@dataclass(frozen=True)
class Declared:
    """`order_id`: known by the order's link. `lines`: {order line: quantity}; empty: all of it, or what `words` say."""

    name: str
    email: str
    order_number: str = ""
    words: str = ""
    locale: str = "en"
    order_id: int | None = None
    lines: Mapping[int, int] = field(default_factory=dict)


def declare(declared: Declared, *, form_key: str) -> str:
    """Returns the token of the receipt; the same form again returns the first one's. Raises InvalidInput for lines
    that cannot be withdrawn from (only on the order's own page), NotFound for a line that is not the order's."""
    return str(run_in_transaction(lambda session: _write(session, declared, form_key[:64])))


def _write(session: Session, declared: Declared, form_key: str) -> str:
    order = _order_of(session, declared)
    again = session.execute(select(Withdrawal.token).where(Withdrawal.form_key == form_key)).scalar()
    if again is not None:
        return str(again)
    lines = check_lines(session, order, declared.lines) if order is not None and declared.order_id else {}
    now = clock.now()
    ends_at = window_end(delivered_at(session, order), rules_now().window_days) if order is not None else None
    new = session.execute(
        insert(Withdrawal)
        .values(
            reference=f"W-{new_number()}",
            token=new_token(),
            form_key=form_key,
            order_id=order.id if order is not None else None,
            name=declared.name,
            email=declared.email,
            order_number=declared.order_number,
            words=declared.words,
            lines=_named(session, lines),
            locale=declared.locale,
            by_link=declared.order_id is not None,
            is_late=is_late(now, ends_at),
            window_ends_at=ends_at,
            status="received" if order is None else "matched",
            received_at=now,
            refund_by=now + timedelta(days=DAYS_TO_REFUND),
            work_state="done",
        )
        .on_conflict_do_nothing(index_elements=["form_key"])
        .returning(Withdrawal.id)
    ).scalar()
    held = session.execute(select(Withdrawal).where(Withdrawal.form_key == form_key)).scalar_one()
    if new is None:
        return held.token
    request_letter(
        session,
        letter="withdrawal_receipt",
        subject_key=f"withdrawal:{held.id}",
        to_email=held.email,
        facts=withdrawal_facts(session, held),
        locale=held.locale,
        order_id=held.order_id,
    )
    if order is not None:
        follow_up(session, held, order, lines)
    _tell_merchant(session, held, order)
    return held.token


def _order_of(session: Session, declared: Declared) -> Order | None:
    """By the link; else by number and address together. Locked."""
    order_id = declared.order_id
    if order_id is None:
        number = read_number(declared.order_number)
        order_id = session.execute(
            select(Order.id).where(Order.number == (number or ""), func.lower(Order.email) == declared.email.lower())
        ).scalar()
    return None if order_id is None else lock_order(session, order_id)


def check_lines(session: Session, order: Order, wanted: Mapping[int, int]) -> dict[int, int]:
    """What is withdrawn from. Raises NotFound for a foreign line, InvalidInput for too many, none, or one that is made
    to the buyer's specification."""
    left = left_to_return(session, order.id)
    lines = {line.id: line for line in _lines(session, order.id)}
    errors: dict[str, str] = {}
    for line_id, n in wanted.items():
        if n and line_id not in lines:
            raise NotFound(_("This order has no such line."))
        if not 0 <= n <= left.get(line_id, 0):
            errors[f"line-{line_id}"] = _("At most %(n)s can go back.", n=left.get(line_id, 0))
        elif n and lines[line_id].is_personalised:
            errors[f"line-{line_id}"] = _("This was made to your specification: there is no right to withdraw from it.")
    chosen = {line_id: n for line_id, n in wanted.items() if n}
    if not errors and not chosen:
        errors["lines"] = _("Choose what you withdraw from.")
    if errors:
        raise InvalidInput(fields=errors)
    return chosen


def _lines(session: Session, order_id: int) -> list[OrderLine]:
    found = session.execute(select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.id))
    return list(found.scalars())


def _named(session: Session, lines: Mapping[int, int]) -> list[dict[str, object]]:
    found = {
        line.id: line for line in session.execute(select(OrderLine).where(OrderLine.id.in_(list(lines)))).scalars()
    }
    return [
        {"order_line_id": k, "quantity": n, "title": f"{found[k].title} ({found[k].variant_title})"}
        for k, n in lines.items()
    ]


def follow_up(session: Session, held: Withdrawal, order: Order, lines: Mapping[int, int]) -> None:
    """What a declaration about a known order leads to. `lines` empty: everything that may go back. The caller holds the
    order's lock and commits; made without the order's link, nothing that cannot be undone happens by itself."""
    left = left_to_return(session, order.id)
    every = {
        line.id: left[line.id] for line in _lines(session, order.id) if left.get(line.id) and not line.is_personalised
    }
    chosen = dict(lines) or every
    tell(session, order, "withdrawal", who="buyer", why=f"Withdrawal {held.reference} received", for_buyer=False)
    if order.status == "cancelled" or not chosen:
        held.answer = (
            "The order was cancelled already." if order.status == "cancelled" else "Nothing is left to withdraw from."
        )
        return
    if order.fulfilment_status in NOT_MADE and order.status == "placed":
        is_whole = chosen == {line.id: line.quantity for line in _lines(session, order.id)}
        if is_whole and held.by_link:
            request_cancelling(session, held)
        else:
            hold_fulfilment(session, order.id, ON_HOLD)
        return
    make_return(session, held, order, chosen, is_whole=chosen == left)


def request_cancelling(session: Session, held: Withdrawal) -> None:
    """The job will cancel the order and give the money back. The caller commits."""
    held.step, held.work_state, held.due_at, held.attempts = "cancel", "due", clock.now(), 0
    enqueue_after_commit(session, JobName.DRAIN_WITHDRAWALS)


def make_return(
    session: Session, held: Withdrawal, order: Order, lines: Mapping[int, int], *, is_whole: bool
) -> Return:
    """A return of what is withdrawn from: approved at once in time, asked for when late. A repeat returns the first.
    The caller holds the order's lock and commits."""
    made = session.execute(select(Return).where(Return.withdrawal_id == held.id)).scalar_one_or_none()
    if made is not None:
        return made
    row = add_return(
        session,
        order,
        lines,
        reason="withdrawal",
        words=held.words,
        wish="refund",
        form_key=f"withdrawal:{held.id}",
    )
    row.withdrawal_id, row.refund_by = held.id, held.refund_by
    row.settle_facts = {"shipping": is_whole}
    held.outcome = "return"
    tell_return(session, row, "requested", who="buyer", why=f"Withdrawal {held.reference}", for_buyer=True)
    if held.is_late:
        write_to_buyer(session, order, row, "return_received")
        return row
    move_return(session, row, "approved", who="system", why="Withdrawn from in time")
    row.wants_goods_back = bool(rules_now().address_lines) and order.fulfilment_status not in NOT_MADE
    if order.fulfilment_status == "delivered":
        row.send_back_by = clock.now() + timedelta(days=DAYS_TO_SEND_BACK)
    write_to_buyer(session, order, row, "return_approved")
    return row


def _tell_merchant(session: Session, held: Withdrawal, order: Order | None) -> None:
    about = f"order {order.number}" if order is not None else "an order that is not known"
    write_to_merchant(
        session,
        once=f"withdrawal:{held.id}:new",
        what=f"A buyer withdrew from the contract: {about}",
        why=f"{held.reference}, from {held.email}" + (", after the days were over" if held.is_late else ""),
        hint="Look at it in the panel: the money goes back within 14 days.",
        path=f"/admin/withdrawals/{held.id}",
        order_id=held.order_id,
    )


def match(withdrawal_id: int, number: str, *, who: str) -> str:
    """Staff say which order a declaration is about. Returns its number. Raises NotFound, Conflict, InvalidInput."""
    wanted = read_number(number)

    def work(session: Session) -> str:
        order_id = session.execute(select(Order.id).where(Order.number == (wanted or ""))).scalar()
        if order_id is None:
            raise InvalidInput(fields={"number": "There is no order with this number."})
        order = lock_order(session, order_id)
        held = lock_withdrawal(session, withdrawal_id)
        if held.order_id is not None:
            raise Conflict("It belongs to an order already.")
        if held.status == "closed":
            raise Conflict("It is closed.")
        ends_at = window_end(delivered_at(session, order), rules_now().window_days)
        held.order_id, held.status = order.id, "matched"
        held.window_ends_at, held.is_late = ends_at, is_late(held.received_at, ends_at)
        tell(session, order, "withdrawal", who=who, why=f"{held.reference} was found to be about this order")
        follow_up(session, held, order, {})
        return order.number

    return str(run_in_transaction(work))


def act(withdrawal_id: int, do: str, *, words: str, who: str) -> bool:
    """Staff go on by hand: `cancel` the order, make a `return` of it, or `dismiss` it with words. False when that was
    done already. Raises NotFound, Conflict, IllegalMove, InvalidInput."""
    if do == "dismiss" and not words:
        raise InvalidInput(fields={"words": "Say why, for your records."})

    def work(session: Session) -> bool:
        order_id = session.execute(select(Withdrawal.order_id).where(Withdrawal.id == withdrawal_id)).scalar()
        order = lock_order(session, order_id) if order_id is not None else None
        held = lock_withdrawal(session, withdrawal_id)
        if held.status == "closed" or held.outcome or held.step:
            return False
        if do == "dismiss":
            held.status, held.outcome, held.answer, held.closed_at = "closed", "dismissed", words, clock.now()
            return True
        if order is None:
            raise Conflict("Say first which order it is about.")
        if do == "cancel":
            if order.fulfilment_status not in NOT_MADE or order.status != "placed":
                raise IllegalMove("This order is being made already, or is over. Make a return of it.")
            request_cancelling(session, held)
            return True
        lines = {int(line["order_line_id"]): int(line["quantity"]) for line in held.lines}
        left = left_to_return(session, order.id)
        lines = {k: min(n, left.get(k, 0)) for k, n in (lines or left).items() if min(n, left.get(k, 0))}
        if not lines:
            raise Conflict("Nothing of this order is left to go back.")
        make_return(session, held, order, lines, is_whole=lines == left)
        return True

    return bool(run_in_transaction(work))


def lock_withdrawal(session: Session, withdrawal_id: int) -> Withdrawal:
    found = session.execute(
        select(Withdrawal)
        .where(Withdrawal.id == withdrawal_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such declaration.")
    return found
