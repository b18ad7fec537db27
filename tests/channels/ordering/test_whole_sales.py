"""Somebody buys on a platform; it ends as a shipped parcel at the print provider, with its tracking written back there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from shop.catalog.models import Variant
from shop.channels import registry
from shop.channels.connector import AcceptsOrders, TakesStock
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelOrder, ChannelPull, ChannelPush
from shop.channels.syncing.models import ChannelLink, SyncSetting
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from shop.workflows import pull_channel_orders, push_orders, push_stock, watch_subscriptions
from shop.workflows.channel_orders import pull_order
from shop.workflows.refund_order import request_refund
from shop.workflows.settle_channel_order import decide_line
from shop.workflows.ship_by_hand import ship_by_hand
from shop.workflows.take_channel_orders import Taking, change_taking
from tests.channels.ordering.making import lines_of
from tests.channels.street import Platform
from tests.town import Town

ROOT = Path(registry.__file__).parent
PLATFORMS = [n for n in ("shopify", "woocommerce", "prestashop") if (ROOT / n / "connector.py").exists()]


class There:
    """A shop on a platform that sells our shirt, connected, its orders taken."""

    def __init__(self, town: Town, key: str, **taking: Any) -> None:
        self.town, self.shop = town, Platform(town, key)
        watch_subscriptions.run()  # of the print provider
        self.sku = town.a_shirt().sku
        with transaction() as session:
            session.execute(select(StoreProfile)).scalar_one().currencies = [{"code": "EUR", "rate": "0.9"}]
        profile.forget()
        self.connection_id = self.shop.connect()
        self.shop.add_products(products=[self.listed(self.sku), self.listed("NOT-OURS")])
        with transaction() as session:
            change_taking(session, self.connection_id, Taking(**{"takes": True, **taking}))
        town.work()

    def listed(self, sku: str) -> dict[str, Any]:
        variant = {"sku": sku, "price_minor": 2490, "options": {}, "stock": 5}
        return {
            "title": f"Shirt {sku}", "description_html": "", "status": "active", "tags": [], "options": [],
            "images": [], "variants": [variant],
        }  # fmt: skip

    def sells(self, *skus: str, **more: Any) -> str:
        sale = {
            "lines": [{"sku": sku, "quantity": 1} for sku in skus or (self.sku,)], "email": "ada@example.com",
            "name": "Ada Lovelace", "country": "DE", "shipping_minor": 490, "is_paid": True, **more,
        }  # fmt: skip
        external_id: str = self.shop.sell(sale=sale)
        return external_id

    def pull(self) -> None:
        with transaction() as session:
            pull_channel_orders.pull_soon(session, self.connection_id)
        self.town.work()

    def row(self, external_id: str) -> ChannelOrder:
        db.session.remove()
        return db.session.execute(select(ChannelOrder).where(ChannelOrder.external_id == external_id)).scalar_one()

    def pushes(self, kind: str) -> list[ChannelPush]:
        db.session.remove()
        query = select(ChannelPush).where(ChannelPush.kind == kind).order_by(ChannelPush.id)
        return list(db.session.execute(query).scalars())

    def parcels(self, external_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.shop.list_orders()[external_id]["parcels"]
        return found


@pytest.mark.parametrize("key", PLATFORMS)
def test_a_sale_there_is_printed_shipped_and_its_tracking_written_back(town: Town, key: str) -> None:
    there = There(town, key)
    external_id = there.sells()
    there.pull()
    row, order = there.row(external_id), town.order()
    assert row.state == "placed", row.why
    assert (order.channel, order.payment_status, order.total_minor) == (key, "paid", row.total_minor)
    assert row.total_minor == there.shop.list_orders()[external_id]["total_minor"]
    town.ship()
    town.work()
    (push,) = there.pushes("tracking")
    assert push.work_state == "done" and push.external_id, (push.error_text, push.note)
    (parcel,) = there.parcels(external_id)
    assert parcel["number"] == db.session.execute(text("SELECT number FROM shipments")).scalar_one()
    there.pull()
    town.deliver()
    town.work()
    order = town.order()
    assert (order.status, order.fulfilment_status, len(town.orders_at_printify())) == ("completed", "delivered", 1)
    assert len(there.parcels(external_id)) == 1
    assert town.letters(to="ada@example.com") == []


@pytest.mark.parametrize("key", PLATFORMS)
def test_dropped_answers_on_the_way_neither_lose_nor_double_anything(town: Town, key: str) -> None:
    there = There(town, key)
    external_id = there.sells()
    town.fault(key, "drop_after", match="^(GET|POST)", times=1)
    there.pull()
    town.no_faults()
    town.breathe()
    later(town)
    assert there.row(external_id).state == "placed"
    town.fault(key, "drop_after", match="^(POST|PUT)", times=1)
    town.ship()
    town.work()
    town.no_faults()
    town.breathe()
    later(town)
    assert [push.work_state for push in there.pushes("tracking")] == ["done"]
    assert (len(there.parcels(external_id)), len(town.orders()), len(town.orders_at_printify())) == (1, 1, 1)


def one_that(role: type) -> str:
    registry.load()
    found = next((name for name in reversed(PLATFORMS) if registry.can(name, role)), None)
    if found is None:
        pytest.skip("no platform does that yet")
    return found


def later(town: Town) -> None:
    """What was postponed is due."""
    for model in (ChannelPull, ChannelOrder, ChannelPush):
        with transaction() as session:
            session.execute(
                text(
                    f"UPDATE {model.__tablename__} SET due_at = now() WHERE work_state = 'due' AND error_text IS NOT NULL"
                )
            )
    town.work()


def test_hook_and_pull_of_one_order_are_one_and_old_orders_stay_where_they_are(town: Town) -> None:
    key = PLATFORMS[0]
    there = There(town, key, takes=False)
    old = there.sells()
    town.world.clock.advance(3600)
    clock.fix(None)
    with transaction() as session:
        session.execute(text("DELETE FROM channel_pulls"))
        change_taking(session, there.connection_id, Taking(takes=True))
    assert pull_order(there.connection_id, old) in ("stored", "unchanged")
    with transaction() as session:  # their clock and ours are one hour apart in this town
        session.execute(text("UPDATE channel_pulls SET begins_at = now() + interval '30 minutes'"))
    town.work()
    new = there.sells()
    assert pull_order(there.connection_id, new) == "stored"
    there.pull()
    assert pull_order(there.connection_id, new) == "unchanged"
    assert pull_order(there.connection_id, "999999") == "gone"
    town.work()
    assert (there.row(old).state, there.row(new).state, len(town.orders())) == ("ignored", "placed", 1)


def test_an_order_made_here_is_sent_there_once_and_is_not_taken_back(town: Town) -> None:
    key = one_that(AcceptsOrders)
    there = There(town, key, sends=True)
    made = town.paid_order()
    town.fault(key, "drop_after", match="^POST", times=1)
    push_orders.run()
    town.work()
    town.no_faults()
    town.breathe()
    later(town)
    push_orders.run()
    (push,) = there.pushes("order")
    assert push.work_state == "done" and push.external_id, push.error_text
    told = there.shop.list_orders()
    assert [order["our_reference"] for order in told.values()] == [made.number]
    there.pull()
    assert there.row(push.external_id).state == "ours" and len(town.orders()) == 1
    town.ship()
    town.work()
    assert len(there.parcels(push.external_id)) == 1
    request_refund(made.id, 500, reason="", who="Ann")
    town.work()
    (refund,) = there.pushes("refund")
    assert refund.work_state == "done" and refund.external_id, refund.error_text
    there.pull()
    assert there.row(push.external_id).refunded_minor == 500 and len(town.orders()) == 1


def test_what_cannot_be_had_is_told_there_and_that_it_is_back(town: Town) -> None:
    there = There(town, one_that(TakesStock), stock=True, endless=50)
    with transaction() as session:
        connection = session.get_one(Connection, there.connection_id)
    products = registry.products(connection).pull_products(None, "").records
    theirs = next(v.external_id for p in products for v in p.variants if v.sku == there.sku)  # type: ignore[union-attr]
    shirt = town.a_shirt().id
    with transaction() as session:
        session.add(ChannelLink(connection_id=there.connection_id, entity="variant", our_id=shirt, external_id=theirs))
    assert push_stock.run() == 0, "what can be had, and was never told otherwise, is left alone"
    for is_available, wanted in ((False, 0), (True, 50)):
        with transaction() as session:
            session.get_one(Variant, shirt).is_available = is_available
        assert push_stock.run() == 1 and push_stock.run() == 0
        town.work()
        (push,) = there.pushes("stock")
        assert (push.sent, push.work_state) == (wanted, "done"), push.error_text
        stocks = {v["sku"]: v["stock"] for p in there.shop.list_products().values() for v in p["variants"]}
        assert stocks[there.sku] == wanted


def test_switching_off_and_on_begins_anew(town: Town) -> None:
    there = There(town, PLATFORMS[0])
    with transaction() as session:
        change_taking(session, there.connection_id, Taking(takes=False))
    assert pull_order(there.connection_id, there.sells()) == "off"
    pull_channel_orders.run()
    assert db.session.execute(select(ChannelPull)).first() is None
    with transaction() as session:
        session.execute(select(SyncSetting).where(SyncSetting.entity == "orders")).scalar_one().is_on = True
    pull_channel_orders.run()
    pull = db.session.execute(select(ChannelPull)).scalar_one()
    assert pull.begins_at is not None


@pytest.mark.parametrize("key", [name for name in PLATFORMS if name != "woocommerce"])
def test_parts_are_told_where_a_platform_takes_parts_else_all_with_the_last_one(town: Town, key: str) -> None:
    there = There(town, key)
    external_id = there.sells(there.sku, "NOT-OURS")
    there.pull()
    row = there.row(external_id)
    assert row.state == "unmatched", row.why
    unknown = next(one for one in lines_of(row) if one.how == "open")
    decide_line(row.id, unknown.id, "by_hand", "", who="Ann")
    town.work()
    town.ship()
    town.work()
    first = len(there.parcels(external_id))
    work = db.session.execute(select(FulfilmentOrder).where(FulfilmentOrder.provider == "hand")).scalar_one()
    ship_by_hand(work.order_id, work.id, carrier="DHL", number="HAND-1", url="", who="Ann")
    town.work()
    pushes = there.pushes("tracking")
    assert [push.work_state for push in pushes] == ["done", "done"], [push.error_text for push in pushes]
    told = " ".join(parcel["number"] for parcel in there.parcels(external_id))
    numbers = db.session.execute(text("SELECT number FROM shipments ORDER BY id")).scalars().all()
    assert all(number in told for number in numbers), (first, told, numbers)
    assert town.order().fulfilment_status == "shipped"
