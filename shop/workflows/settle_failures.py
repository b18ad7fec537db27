"""Many failures at once: tried again, or given up. What wants a decision of its own is left and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from shop.core.transaction import transaction
from shop.errors import ShopError
from shop.workflows.list_failures import Failure, get_failure, give_up, list_failures, try_again

AT_MOST_AT_ONCE = 500


def try_all_again(chosen: Sequence[tuple[str, int]], *, who: str) -> tuple[int, int]:
    """(how many were made due, how many were left: on hold, or what may reach somebody twice)."""
    return _each(chosen, lambda found: found.may_retry_in_bulk and try_again(found.kind, found.id, who=who))


def give_up_all(chosen: Sequence[tuple[str, int]], *, who: str) -> tuple[int, int]:
    """(how many were given up, how many were left: orders, and what may have happened already)."""
    return _each(chosen, lambda found: found.may_give_up_in_bulk and give_up(found.kind, found.id, who=who))


def all_shown(session: Session, kind: str = "") -> list[tuple[str, int]]:
    """Everything of a view, newest first, at most AT_MOST_AT_ONCE."""
    return [(row.kind, row.id) for row in list_failures(session, kind=kind, limit=AT_MOST_AT_ONCE)]


def _each(chosen: Sequence[tuple[str, int]], act: Callable[[Failure], bool]) -> tuple[int, int]:
    """One row, one transaction: a row that refuses, or is gone, does not stop the others."""
    done = left = 0
    for kind, row_id in dict.fromkeys(chosen[:AT_MOST_AT_ONCE]):
        try:
            with transaction() as session:
                found = get_failure(session, kind, row_id)
            done, left = (done + 1, left) if act(found) else (done, left + 1)
        except ShopError:
            left += 1
    return done, left
