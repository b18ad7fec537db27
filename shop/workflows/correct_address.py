"""Put right where an order goes, until it is submitted; what waits at the provider is withdrawn and ordered again.

The provider's API cannot change an order. What it has but does not make yet is cancelled there and made anew under the
next key, with the new address; what it makes goes to the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import Conflict, IllegalMove
from shop.fulfilment.changing import check_unsent, is_over, shut_out
from shop.fulfilment.models import FulfilmentOrder
from shop.fulfilment.requesting import address_of
from shop.orders.models import Order
from shop.orders.statuses import lock_order, tell
from shop.workflows.letter_facts import address_lines
from shop.workflows.order_again import PAID, write_anew
from shop.workflows.stop_fulfilment import Stopped, go_on, hold_to_stop, lock_rows, withdraw

CHANGED = "The address was changed meanwhile. Look at it and try again."
MADE = "The print provider is making this order: it goes to the old address. Ask the buyer to watch for it there."


@dataclass
class Reach:
    """Keys of the order's rows by what a new address can still do: `free` takes it, `waiting` would have to be
    withdrawn at the provider and ordered again, `made` goes to the old one."""

    free: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    @property
    def is_too_late(self) -> bool:
        return bool(self.made) and not self.free and not self.waiting


def reach_of(rows: Sequence[FulfilmentOrder]) -> Reach:
    reach = Reach()
    for work in rows:
        if is_over(work):
            continue
        if work.step == "watch":
            reach.made.append(work.external_key)
        elif work.external_id is not None:
            reach.waiting.append(work.external_key)
        else:
            reach.free.append(work.external_key)
    return reach


def correct_address(
    order_id: int,
    ship_to: dict[str, Any],
    phone: str,
    *,
    shown: tuple[dict[str, Any], str],
    withdraw_waiting: bool,
    who: str,
) -> list[str]:
    """`shown`: the address and phone the form was compared with. Returns the keys of parts that were ordered anew.

    Raises Conflict when the address is another one by now, or a worker is sending a part; IllegalMove when nothing can
    take the new address any more, or a part waits at the provider and may not be withdrawn. A repeat changes nothing.
    """
    waiting = _begin(order_id, shown, withdraw_waiting, (ship_to, phone))
    release_connection()
    made = [one for one in waiting if not withdraw(one)]
    go_on([one.id for one in made])
    if made and len(made) == len(waiting) and not _has_free(order_id):
        raise IllegalMove(MADE)
    gone = [one.id for one in waiting if one not in made]
    return run_in_transaction(lambda session: _write(session, order_id, ship_to, phone, shown, gone, who))


def _begin(
    order_id: int, shown: tuple[dict[str, Any], str], may_withdraw: bool, new: tuple[dict[str, Any], str]
) -> list[Stopped]:
    """Hold what waits at the provider. All that can be refused is refused here, before anything is said to them."""
    with transaction() as session:
        order = lock_order(session, order_id)
        rows = [work for work in lock_rows(session, order_id) if not is_over(work)]
        _check(order, shown, new)
        reach = reach_of(rows)
        if reach.is_too_late:
            raise IllegalMove(MADE)
        for work in rows:
            if work.external_key in reach.free:
                check_unsent(work)
        waiting = [work for work in rows if work.external_key in reach.waiting]
        if waiting and not may_withdraw:
            raise IllegalMove("The print provider has it. Tick the box to withdraw it there and order it again.")
        if waiting and order.payment_status not in PAID:
            raise IllegalMove(f"This order is {order.payment_status.replace('_', ' ')}: nothing is ordered again.")
        return hold_to_stop(waiting)


def _check(order: Order, shown: tuple[dict[str, Any], str], new: tuple[dict[str, Any], str]) -> None:
    if order.status != "placed":
        raise IllegalMove(f"This order is {order.status}.")
    if (order.ship_to, order.phone) not in (shown, new):
        raise Conflict(CHANGED)


def _has_free(order_id: int) -> bool:
    with transaction() as session:
        return bool(reach_of(lock_rows(session, order_id)).free)


def _write(
    session: Session,
    order_id: int,
    ship_to: dict[str, Any],
    phone: str,
    shown: tuple[dict[str, Any], str],
    gone: list[int],
    who: str,
) -> list[str]:
    order = lock_order(session, order_id)
    rows = lock_rows(session, order_id)
    _check(order, shown, (ship_to, phone))
    before = ", ".join(address_lines(order.ship_to))
    is_new = (order.ship_to, order.phone) != (ship_to, phone)
    order.ship_to, order.phone = dict(ship_to), phone
    for work in rows:
        if is_over(work) or work.step != "submit" or work.external_id is not None:
            continue
        check_unsent(work)
        work.ship_to = address_of(order)
        shut_out(work)
    if is_new:
        now = ", ".join(address_lines(order.ship_to))
        tell(session, order, "address", who=who, why=f"From {before or 'nothing'} to {now}")
    session.flush()
    return [write_anew(session, order_id, work_id, who) for work_id in gone]
