"""Make an order in two parts: some of its things go to a row of their own, with its own key. Before it is submitted."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import run_in_transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.fulfilment.changing import check_unsent, shut_out
from shop.fulfilment.merging import refresh_status
from shop.fulfilment.models import FulfilmentLine, FulfilmentOrder
from shop.fulfilment.requesting import next_generation
from shop.orders.statuses import lock_order, tell
from shop.workflows.stop_fulfilment import lock_rows


def mark_of(lines: list[FulfilmentLine]) -> str:
    """What a form of the split was filled from: "17:2,18:1"."""
    return ",".join(f"{line.order_line_id}:{line.quantity}" for line in lines)


def split_fulfilment(order_id: int, work_id: int, wanted: Mapping[int, int], *, shown: str, who: str) -> str:
    """`wanted`: {order line: how many go to the new part}. Returns the new part's key.

    Raises InvalidInput when nothing would move or nothing stay, Conflict when a worker has it or it is not as `shown`
    (so a second press splits nothing more), IllegalMove when the provider has it, NotFound.
    """

    def work(session: Session) -> str:
        order = lock_order(session, order_id)
        old = next((w for w in lock_rows(session, order_id) if w.id == work_id), None)
        if old is None:
            raise NotFound("This order has no such parcel to print.")
        check_unsent(old)
        lines = list(
            session.execute(
                select(FulfilmentLine).where(FulfilmentLine.fulfilment_order_id == old.id).order_by(FulfilmentLine.id)
            ).scalars()
        )
        if mark_of(lines) != shown:
            raise Conflict("It was split or changed meanwhile. Look at the order and try again.")
        moving = _check(lines, wanted)
        shut_out(old)
        new = next_generation(session, order)
        _take_over_hold(old, new)
        _move(session, lines, moving, new)
        goods = ", ".join(f"{n} × {line.title}" for line, n in moving)
        refresh_status(session, order, who=who)
        tell(session, order, "split", who=who, why=f"{new.external_key} is printed by itself: {goods}")
        enqueue_after_commit(session, JobName.DRAIN_FULFILMENT)
        return new.external_key

    return str(run_in_transaction(work))


def _check(lines: list[FulfilmentLine], wanted: Mapping[int, int]) -> list[tuple[FulfilmentLine, int]]:
    known = {line.order_line_id for line in lines}
    if any(line_id not in known for line_id, n in wanted.items() if n):
        raise NotFound("This part has no such line.")
    moving = [(line, wanted.get(line.order_line_id, 0)) for line in lines]
    for line, n in moving:
        if not 0 <= n <= line.quantity:
            raise InvalidInput(fields={f"line-{line.order_line_id}": f"Choose from 0 to {line.quantity}."})
    moved = sum(n for _, n in moving)
    if not moved:
        raise InvalidInput(fields={"lines": "Choose what goes to the new part."})
    if moved == sum(line.quantity for line in lines):
        raise InvalidInput(fields={"lines": "Something must stay: all of it would move to the new part."})
    return [(line, n) for line, n in moving if n]


def _take_over_hold(old: FulfilmentOrder, new: FulfilmentOrder) -> None:
    """What stopped the order stops both parts; what the provider refused is tried without the rest."""
    new.ship_to, new.shipping_method = old.ship_to, old.shipping_method
    if old.is_held:
        new.is_held, new.hold_reason, new.work_state = True, old.hold_reason, old.work_state
        new.error_kind, new.error_text, new.error_at = old.error_kind, old.error_text, old.error_at


def _move(
    session: Session, lines: list[FulfilmentLine], moving: list[tuple[FulfilmentLine, int]], new: FulfilmentOrder
) -> None:
    """First less in the old part, then more in the new one: the sum never exceeds what was ordered."""
    for line, n in moving:
        if n == line.quantity:
            session.delete(line)
        else:
            line.quantity -= n
    session.flush()
    session.add_all(
        FulfilmentLine(
            fulfilment_order_id=new.id,
            order_line_id=line.order_line_id,
            quantity=n,
            title=line.title,
            sku=line.sku,
            product_id=line.product_id,
            variant_id=line.variant_id,
        )
        for line, n in moving
    )
    session.flush()
