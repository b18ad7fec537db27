"""A buyer asks to return something: what, why, with pictures; and may think again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import run_in_transaction
from shop.errors import Conflict, IllegalMove, InvalidInput, NotFound
from shop.orders.models import Order
from shop.orders.statuses import lock_order, tell
from shop.returns.counting import left_to_return
from shop.returns.models import PrintClaim, Return, ReturnLine, ReturnPicture
from shop.returns.moving import lock_return, move_return, tell_return
from shop.returns.pictures import Drawn
from shop.returns.rules import CHOOSABLE, REASONS, WISHES, is_late, window_end
from shop.workflows.announcements import announce_return
from shop.workflows.return_facts import delivered_at, rules_now, write_to_buyer, write_to_merchant

RETURNABLE = ("partly_shipped", "shipped", "delivered")
MOST_OF_AN_ORDER = 20  # returns: who asks more often writes to the shop


@dataclass(frozen=True)
class Asked:
    """`lines`: {order line: quantity}."""

    lines: Mapping[int, int]
    reason: str
    words: str = ""
    wish: str = "refund"
    pictures: Sequence[Drawn] = ()


def why_not_returnable(session: Session, order: Order) -> str:
    """A sentence for the buyer, in the language of the moment; empty when things may go back."""
    if order.status == "cancelled":
        return _("This order was cancelled: there is nothing to send back.")
    if order.fulfilment_status not in RETURNABLE:
        return _("Nothing of this order has left yet. As soon as it has, you can ask here.")
    if order.payment_status not in ("paid", "partly_refunded"):
        return _("Nothing is left to give back for this order.")
    return (
        "" if any(left_to_return(session, order.id).values()) else _("Everything of this order was returned already.")
    )


def request_return(order_id: int, asked: Asked, *, form_key: str) -> int:
    """Returns the return's id; the same form again returns the same. Raises InvalidInput with the field, NotFound for a
    line that is not the order's, Conflict when nothing may go back."""
    _check(asked)
    return int(run_in_transaction(lambda session: _write(session, order_id, asked, f"{order_id}:{form_key}"[:64])))


def _check(asked: Asked) -> None:
    if asked.reason not in CHOOSABLE:
        raise InvalidInput(fields={"reason": _("Choose a reason.")})
    if asked.wish not in WISHES:
        raise InvalidInput(fields={"wish": _("Choose what you would like.")})
    if not any(asked.lines.values()):
        raise InvalidInput(fields={"lines": _("Choose what you want to return.")})


def _write(session: Session, order_id: int, asked: Asked, form_key: str) -> int:
    order = lock_order(session, order_id)
    again = session.execute(select(Return.id).where(Return.form_key == form_key)).scalar()
    if again is not None:
        return int(again)
    problem = why_not_returnable(session, order)
    if problem:
        raise Conflict(problem)
    _check_time(session, order, asked)
    lines = fitting(session, order_id, asked.lines)
    held = add_return(session, order, lines, reason=asked.reason, words=asked.words, wish=asked.wish, form_key=form_key)
    session.add_all(
        ReturnPicture(return_id=held.id, position=n, width=p.width, height=p.height, content=p.body)
        for n, p in enumerate(asked.pictures)
    )
    tell_return(session, held, "requested", who="buyer", why=asked.words, for_buyer=True)
    tell(session, order, "return", who="buyer", why=f"{held.number} asked for")
    write_to_buyer(session, order, held, "return_received")
    write_to_merchant(
        session,
        once=f"return:{held.id}:new",
        what=f"A return was asked for: {held.number}",
        why=asked.words or asked.reason.replace("_", " "),
        hint="Approve it, decline it, or ask a question.",
        path=f"/admin/returns/{held.id}",
        order_id=order.id,
    )
    return held.id


def _check_time(session: Session, order: Order, asked: Asked) -> None:
    """Who only thought again has as long as for a withdrawal; a fault may be told later."""
    if asked.reason != "changed_mind":
        return
    if is_late(clock.now(), window_end(delivered_at(session, order), rules_now().window_days)):
        raise InvalidInput(
            fields={"reason": _("The days to change your mind are over. Is something wrong with it? Choose that.")}
        )


def fitting(session: Session, order_id: int, wanted: Mapping[int, int]) -> dict[int, int]:
    """What of `wanted` is more than nothing. The caller holds the order's lock. Raises NotFound, InvalidInput."""
    left, errors = left_to_return(session, order_id), {}
    chosen = {line_id: n for line_id, n in wanted.items() if n}
    if any(line_id not in left for line_id in chosen):
        raise NotFound(_("This order has no such line."))
    for line_id, n in chosen.items():
        if not 0 < n <= left[line_id]:
            errors[f"line-{line_id}"] = _("At most %(n)s can go back.", n=left[line_id])
    if errors:
        raise InvalidInput(fields=errors)
    return chosen


def add_return(
    session: Session, order: Order, lines: Mapping[int, int], *, reason: str, words: str, wish: str, form_key: str
) -> Return:
    """The rows of a new return, and of a claim where the printer is to answer for it. The caller holds the order's lock
    and commits."""
    last = session.execute(select(func.max(Return.nth)).where(Return.order_id == order.id)).scalar() or 0
    if last >= MOST_OF_AN_ORDER:
        raise Conflict(_("There are many returns of this order already. Please write to us."))
    held = Return(
        order_id=order.id,
        nth=last + 1,
        number=f"{order.number}-R{last + 1}",
        form_key=form_key,
        reason=reason,
        words=words,
        wish=wish,
        work_state="done",
        created_at=clock.now(),
    )
    session.add(held)
    session.flush()
    session.add_all(ReturnLine(return_id=held.id, order_line_id=k, quantity=n) for k, n in lines.items())
    if REASONS[reason]:
        arrived = delivered_at(session, order)
        deadline = arrived + timedelta(days=rules_now().claim_days) if arrived else None
        session.add(PrintClaim(return_id=held.id, deadline_at=deadline, currency="USD"))
    session.flush()
    announce_return(session, order, held)
    return held


def take_back_request(order_id: int, return_id: int) -> bool:
    """The buyer keeps it after all. False when that was said already. Raises NotFound, IllegalMove."""

    def work(session: Session) -> bool:
        order = lock_order(session, order_id)
        held = lock_return(session, return_id)
        if held.order_id != order_id:
            raise NotFound(_("There is no such return."))
        if held.settling:
            raise IllegalMove(_("This return is being settled already."))
        if not move_return(session, held, "withdrawn", who="buyer"):
            return False
        tell(session, order, "return", who="buyer", why=f"{held.number} was taken back by the buyer")
        return True

    return bool(run_in_transaction(work))


def reply(order_id: int, return_id: int, words: str) -> bool:
    """The buyer's answer to a question. False when there is none open: it was answered. Raises NotFound."""

    def work(session: Session) -> bool:
        lock_order(session, order_id)
        held = lock_return(session, return_id)
        if held.order_id != order_id:
            raise NotFound(_("There is no such return."))
        if not held.asked:
            return False
        held.asked = ""
        tell_return(session, held, "answered", who="buyer", why=words, for_buyer=True)
        write_to_merchant(
            session,
            once=f"return:{held.id}:answered:{clock.now():%Y%m%d%H%M}",
            what=f"The buyer answered about {held.number}",
            why=words,
            hint="Approve it, decline it, or ask again.",
            path=f"/admin/returns/{held.id}",
            order_id=order_id,
        )
        return True

    return bool(run_in_transaction(work))
