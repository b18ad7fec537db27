"""Staff decide about a return: approve it, decline it with words, ask a question, note that the goods are back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import run_in_transaction
from shop.errors import IllegalMove, InvalidInput, NotFound
from shop.orders.models import Order
from shop.orders.statuses import lock_order, tell
from shop.returns.models import Return, ReturnEntry
from shop.returns.moving import lock_return, move_return, tell_return
from shop.returns.rules import DAYS_TO_SEND_BACK, OPEN
from shop.workflows.return_facts import rules_now, write_to_buyer

NO_ADDRESS = "Write your return address into the settings first (Settings → Returns)."


def approve_return(return_id: int, *, words: str, wants_goods_back: bool, who: str) -> bool:
    """False when it is approved already. Raises IllegalMove, InvalidInput without a return address, NotFound."""
    if wants_goods_back and not rules_now().address_lines:
        raise InvalidInput(fields={"wants_goods_back": NO_ADDRESS})

    def work(session: Session, order: Order, held: Return) -> bool:
        if not move_return(session, held, "approved", who=who, why=words):
            return False
        held.answer, held.wants_goods_back = words, wants_goods_back
        if wants_goods_back:
            held.send_back_by = clock.now() + timedelta(days=DAYS_TO_SEND_BACK)
        tell(session, order, "return", who=who, why=f"{held.number} was approved")
        write_to_buyer(session, order, held, "return_approved")
        return True

    return _held(return_id, work)


def decline_return(return_id: int, *, words: str, who: str) -> bool:
    """With words, always. False when it is declined already. Raises IllegalMove, InvalidInput, NotFound."""
    if not words:
        raise InvalidInput(fields={"words": "Say why: the buyer reads it."})

    def work(session: Session, order: Order, held: Return) -> bool:
        if held.settling:
            raise IllegalMove("This return is being settled already.")
        if not move_return(session, held, "declined", who=who, why=words):
            return False
        held.answer = words
        tell(session, order, "return", who=who, why=f"{held.number} was declined")
        write_to_buyer(session, order, held, "return_declined")
        return True

    return _held(return_id, work)


def ask_buyer(return_id: int, *, words: str, who: str) -> bool:
    """The same question again is no second letter. Raises IllegalMove when it is over, InvalidInput, NotFound."""
    if not words:
        raise InvalidInput(fields={"words": "Write your question."})

    def work(session: Session, order: Order, held: Return) -> bool:
        if held.status not in OPEN:
            raise IllegalMove(f"This return is {held.status}.")
        if held.asked == words:
            return False
        asked = select(func.count()).where(ReturnEntry.return_id == held.id, ReturnEntry.what == "asked")
        nth = session.execute(asked).scalar_one() + 1
        held.asked = words
        tell_return(session, held, "asked", who=who, why=words, for_buyer=True)
        write_to_buyer(session, order, held, "return_question", once=f"#{nth}")
        return True

    return _held(return_id, work)


def note_goods_back(return_id: int, *, who: str) -> bool:
    """False when it was noted. Raises IllegalMove, NotFound."""

    def work(session: Session, order: Order, held: Return) -> bool:
        if held.goods_back_at is not None:
            return False
        if held.status != "approved":
            raise IllegalMove(f"This return is {held.status}.")
        held.goods_back_at = clock.now()
        tell_return(session, held, "goods_back", who=who, for_buyer=True)
        return True

    return _held(return_id, work)


def _held(return_id: int, work: Callable[[Session, Order, Return], bool]) -> bool:
    """The order's lock, then the return's."""

    def run(session: Session) -> bool:
        order_id = session.execute(select(Return.order_id).where(Return.id == return_id)).scalar()
        if order_id is None:
            raise NotFound("There is no such return.")
        order = lock_order(session, order_id)
        return work(session, order, lock_return(session, return_id))

    return bool(run_in_transaction(run))
