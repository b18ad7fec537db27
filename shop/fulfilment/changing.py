"""May what is to be printed still be changed? Until the provider has it; while a worker sends it, nobody knows."""

from __future__ import annotations

from shop.core import clock
from shop.errors import Conflict, IllegalMove
from shop.fulfilment.models import FulfilmentOrder


def is_over(work: FulfilmentOrder) -> bool:
    """Nothing comes of this row."""
    return work.status == "cancelled"


def is_being_sent(work: FulfilmentOrder) -> bool:
    """A worker holds it, and lives as far as we know."""
    return work.work_state == "working" and work.lease_until is not None and work.lease_until > clock.now()


def check_unsent(work: FulfilmentOrder) -> None:
    """The row is locked by the caller, who changes it and calls `shut_out`. Raises IllegalMove, Conflict."""
    if work.status == "cancelled":
        raise IllegalMove(f"{work.external_key} is cancelled.")
    if work.external_id is not None or work.step != "submit":
        raise IllegalMove(f"The print provider has {work.external_key} already.")
    if is_being_sent(work):
        raise Conflict(f"{work.external_key} is being sent to the print provider right now. Try again in a minute.")
    if work.calling_since is not None:
        raise Conflict(
            f"Whether the print provider has {work.external_key} is not known yet. Press “Submit now”: that is looked "
            "up first."
        )


def is_unsent(work: FulfilmentOrder) -> bool:
    """For pages: what `check_unsent` lets through."""
    try:
        check_unsent(work)
    except Conflict:
        return False
    return True


def shut_out(work: FulfilmentOrder) -> None:
    """A worker whose lease ran out may still be alive: it must not send what it read before the change."""
    work.fence += 1
    if work.work_state == "working":
        work.work_state, work.lease_until = "due", None
