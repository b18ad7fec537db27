"""The real platforms' hooks, over HTTP, end to end: a change there is here; forged and repeated ones do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import select, update

from shop.catalog.models import Product
from shop.channels.hooking.models import ChannelEvent
from shop.channels.syncing.models import SyncSetting
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from shop.workflows import watch_channel_hooks
from shop.workflows.channel_hooks import ensure_webhooks, remove_webhooks
from tests.channels.street import Platform
from tests.town import Town

TEE: dict[str, Any] = {
    "title": "Heron tee", "description_html": "<p>Soft.</p>", "status": "active", "options": ["Size"],
    "variants": [{"sku": "HERON-S", "price_minor": 2500, "options": {"Size": "S"}}],
}  # fmt: skip


class Told:
    """One connection whose products are kept in step by hooks alone."""

    def __init__(self, town: Town, key: str) -> None:
        self.town, self.there = town, Platform(town, key)
        self.id = self.there.connect()
        with transaction() as session:
            session.execute(update(StoreProfile).values(currency="EUR", prices_include_tax=True))
            setting = SyncSetting(connection_id=self.id, entity="products", direction="import", is_on=True)
            setting.options = {"create_here": True, "apply": "alone"}
            session.add(setting)
        profile.forget()
        ensure_webhooks(self.id)

    def titles(self) -> list[str]:
        self.town.work()
        db.session.remove()
        return list(db.session.execute(select(Product.title).where(Product.title.ilike("%heron%"))).scalars())

    def events(self) -> list[ChannelEvent]:
        db.session.remove()
        return list(db.session.execute(select(ChannelEvent).order_by(ChannelEvent.id)).scalars())


@pytest.fixture(params=["shopify", "woocommerce"])
def told(request: pytest.FixtureRequest, town: Town) -> Iterator[Told]:
    yield Told(town, request.param)


def test_a_change_there_is_here_and_what_is_lost_is_made_again(told: Told) -> None:
    (number,) = told.there.add_products(products=[TEE])
    assert told.titles() == ["Heron tee"]
    told.there.change_product(external_id=number, changes={"title": "Grey heron tee"})
    assert told.titles() == ["Grey heron tee"]
    assert {event.work_state for event in told.events()} == {"done"}

    url = next(hook["url"] for hook in told.there.list_hooks())
    before = len(told.events())
    for headers in ({}, {"X-Shopify-Hmac-Sha256": "AAAA"}, {"X-WC-Webhook-Signature": "AAAA"}):
        assert requests.post(url, data=b'{"id": 1}', headers=headers, timeout=10).status_code == 401
    assert len(told.events()) == before

    told.there.disable_hooks()
    assert watch_channel_hooks.run() == 1 and watch_channel_hooks.run() == 0
    assert all(hook["is_enabled"] for hook in told.there.list_hooks())
    told.there.change_product(external_id=number, changes={"title": "Blue heron tee"})
    assert told.titles() == ["Blue heron tee"]

    assert remove_webhooks(told.id) and told.there.list_hooks() == []
