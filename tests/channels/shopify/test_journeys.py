"""A Shopify shop tells of a sale by a signed hook, over real HTTP; and both sides, edited, end equal."""

from __future__ import annotations

import random

from flask import Flask
from sqlalchemy import select, text

from benchmarks.platforms import Shopfront
from sandbox.world import World
from shop.channels import registry
from shop.channels.ordering.models import ChannelOrder
from shop.core.transaction import transaction
from shop.extensions import db
from shop.orders.models import Order
from shop.tenancy import profile
from shop.workflows.channel_hooks import ensure_webhooks
from tests.channels.ordering.making import switch_on
from tests.channels.street import Platform
from tests.channels.syncing.playing import play
from tests.town import Town


def test_a_sale_is_told_by_a_hook_and_placed_once(town: Town) -> None:
    with transaction() as session:
        session.execute(text("UPDATE store_profile SET currency = 'EUR'"))
        session.execute(text("UPDATE store_state SET settings_version = settings_version + 1"))
    profile.forget()
    sku = town.a_shirt().sku
    there = Platform(town, "shopify")
    connection_id = there.connect()
    with transaction() as session:
        switch_on(session, connection_id)
    ensure_webhooks(connection_id)
    assert len(there.list_hooks()) == len(registry.class_of("shopify").topics)  # type: ignore[attr-defined]
    variant = {"sku": sku, "price_minor": 3000, "options": {}, "stock": 5}
    there.add_products(products=[{"title": "Sold there", "status": "active", "variants": [variant]}])
    sale = {"lines": [{"sku": sku, "quantity": 1}], "email": "ada@example.com", "country": "DE", "shipping_minor": 490}
    order_id = there.sell(sale=sale)
    town.work()
    db.session.remove()
    (row,) = db.session.execute(select(ChannelOrder)).scalars()
    (order,) = db.session.execute(select(Order)).scalars()
    assert (row.external_id, order.total_minor, order.currency) == (order_id, 3490, "EUR"), row


def test_edits_on_both_sides_end_equal(app: Flask, sandbox: World, _sandbox: tuple[World, str, str]) -> None:
    registry.load()
    side = Shopfront(_sandbox[1], "shopify")
    played = play(side, random.Random(7), products=8, edits=16, every=8)
    assert played.lost == [] and played.unequal == [], played
    assert (played.echoes, played.taken_away) == (0, 0)
