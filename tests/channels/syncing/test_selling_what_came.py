"""A product that came from a platform can be sold here: the merchant makes it, and no print provider hears of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text

from shop.catalog.models import Variant
from shop.channels import registry
from shop.core.transaction import transaction
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.tenancy import profile
from shop.workflows import watch_subscriptions
from shop.workflows.ship_by_hand import ship_by_hand
from tests.channels.syncing.playing import cycle
from tests.channels.syncing.toy import Toy, connect
from tests.town import Town


@pytest.fixture(autouse=True)
def _toy(town: Town) -> Iterator[None]:
    watch_subscriptions.run()
    yield
    registry._classes.pop("toy", None)
    registry._made.clear()
    Toy.worlds.clear()


def put_on_sale(title: str) -> Variant:
    with transaction() as session:
        session.execute(text("UPDATE products SET status = 'active' WHERE title = :t"), {"t": title})
        session.execute(text("UPDATE store_state SET catalog_version = catalog_version + 1"))
    profile.forget()
    query = text("SELECT v.id FROM variants v JOIN products p ON p.id = v.product_id WHERE p.title = :t")
    return db.session.get_one(Variant, db.session.execute(query, {"t": title}).scalars().first())


def test_a_mixed_order_is_printed_in_part_and_made_by_hand_in_part(town: Town) -> None:
    connection_id, world = connect(direction="import")
    world.add("Turned bowl", ["BOWL"], 4_000)
    assert cycle(connection_id, "full").created == 1
    bowl = put_on_sale("Turned bowl")
    town.buyer.fill_cart(1)
    town.buyer.fill_cart(1, bowl)
    town.buyer.pay(town.buyer.check_out())
    town.work()
    order = town.order()
    works = db.session.execute(select(FulfilmentOrder).order_by(FulfilmentOrder.id)).scalars().all()
    assert [(w.provider, [line.sku for line in w.lines]) for w in works][1] == ("hand", ["BOWL"])
    (there,) = town.provider_orders()
    assert len(there["line_items"]) == 1
    order_id, hand_id = order.id, works[1].id
    town.ship()
    town.work()
    assert town.order().fulfilment_status == "partly_shipped"
    assert ship_by_hand(order_id, hand_id, carrier="dhl", number="X1", url="", who="ann")
    town.work()
    assert town.order().fulfilment_status == "shipped"
