"""How the orders of a connection are taken and what is told there: read and changed in one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels.ordering.models import ChannelPull
from shop.channels.syncing.models import SyncSetting
from shop.core import clock
from shop.workflows.pull_channel_orders import begin_reading
from shop.workflows.push_stock import ENDLESS, endless_of


@dataclass(frozen=True)
class Taking:
    """`takes`: orders come in. `sends`: paid orders made here are sent there. `stock`: what cannot be had is told
    there, and that it is back, as `endless` pieces."""

    takes: bool = False
    every_minutes: int = 15
    place_authorised: bool = False
    letters: bool = False
    invoices: bool = False
    sends: bool = False
    stock: bool = False
    endless: int = ENDLESS

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read_taking(session: Session, connection_id: int) -> Taking:
    orders, stock = _find(session, connection_id, "orders"), _find(session, connection_id, "stock")
    options = dict(orders.options) if orders is not None else {}
    return Taking(
        takes=orders is not None and orders.is_on,
        every_minutes=orders.every_minutes if orders is not None else 15,
        place_authorised=bool(options.get("place_authorised")),
        letters=bool(options.get("letters")),
        invoices=bool(options.get("invoices")),
        sends=bool(options.get("send_orders")),
        stock=stock is not None and stock.is_on,
        endless=endless_of(dict(stock.options) if stock is not None else {}),
    )


def change_taking(session: Session, connection_id: int, wanted: Taking) -> Taking:
    """Returns how it was. Orders are taken, and sent, from the moment it is switched on; what was placed before is left
    alone. The caller commits."""
    before = read_taking(session, connection_id)
    orders = _find(session, connection_id, "orders", to_change=True) or _made(session, connection_id, "orders")
    options = {
        **orders.options,
        "place_authorised": wanted.place_authorised,
        "letters": wanted.letters,
        "invoices": wanted.invoices,
        "send_orders": wanted.sends,
    }
    if wanted.sends and not before.sends:
        options["send_since"] = clock.now().isoformat()
    orders.options, orders.every_minutes, orders.is_on = options, wanted.every_minutes, wanted.takes
    if wanted.takes:
        begin_reading(session, connection_id)
    else:
        orders.watermark = None
        session.execute(delete(ChannelPull).where(ChannelPull.connection_id == connection_id))
    stock = _find(session, connection_id, "stock", to_change=True) or _made(session, connection_id, "stock")
    stock.is_on, stock.options = wanted.stock, {**stock.options, "endless": wanted.endless}
    session.flush()
    return before


def _find(session: Session, connection_id: int, entity: str, *, to_change: bool = False) -> SyncSetting | None:
    query = select(SyncSetting).where(SyncSetting.connection_id == connection_id, SyncSetting.entity == entity)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one_or_none()


def _made(session: Session, connection_id: int, entity: str) -> SyncSetting:
    session.execute(insert(SyncSetting).values(connection_id=connection_id, entity=entity).on_conflict_do_nothing())
    found = _find(session, connection_id, entity, to_change=True)
    assert found is not None
    return found
