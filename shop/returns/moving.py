"""How a return may move: forward only; a repeat answers "already" and is no error; every move is told."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.errors import IllegalMove, NotFound
from shop.returns.models import Return, ReturnEntry
from shop.returns.rules import MOVES


def lock_return(session: Session, return_id: int) -> Return:
    """The return as it stands, held until the commit. Its order is locked first (orders/statuses.py). Raises
    NotFound."""
    found = session.execute(
        select(Return).where(Return.id == return_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such return.")
    return found


def move_return(session: Session, held: Return, to: str, *, who: str, why: str = "") -> bool:
    """False when it is there already. Raises IllegalMove."""
    if held.status == to:
        return False
    if to not in MOVES[held.status]:
        raise IllegalMove(f"A return that is {held.status} cannot become {to}.")
    held.status = to
    held.asked = ""
    tell_return(session, held, to, who=who, why=why, for_buyer=True)
    return True


def tell_return(session: Session, held: Return, what: str, *, who: str, why: str = "", for_buyer: bool = False) -> None:
    """Add an entry to its story."""
    now = clock.now()
    held.updated_at = now
    session.add(ReturnEntry(return_id=held.id, at=now, what=what, who=who[:80], why=why, for_buyer=for_buyer))
