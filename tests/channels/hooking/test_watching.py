"""A lost or silent subscription is found, made again, and what it missed is read; the merchant hears when it goes on."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop.channels.hooking.models import ChannelEvent, ChannelSubscription, ChannelWatch
from shop.channels.keeping import secrets_of
from shop.channels.models import Connection
from shop.channels.records import ProductRecord
from shop.channels.syncing.models import SyncSetting
from shop.core import clock
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.errors import Refused, Unavailable
from shop.extensions import db
from shop.workflows import watch_channel_hooks
from shop.workflows.channel_hooks import ensure_webhooks, remove_webhooks
from tests.channels.hooking.fair import Fair, connect, fair, set_status

__all__ = ["fair"]


@pytest.fixture(autouse=True)
def near(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fair stands in our own network: it calls us without https."""
    config = app.config["IMPRINT"]
    monkeypatch.setitem(
        app.config,
        "IMPRINT",
        dataclasses.replace(config, channel_origins=(*config.channel_origins, "https://fair.example")),
    )


def watch() -> ChannelWatch:
    db.session.remove()
    return db.session.execute(select(ChannelWatch)).scalar_one()


def subscriptions() -> dict[str, str]:
    db.session.remove()
    return {s.topic: s.external_id for s in db.session.execute(select(ChannelSubscription)).scalars()}


def sync_is_due(connection_id: int) -> bool:
    db.session.remove()
    due = db.session.execute(select(SyncSetting.next_at).where(SyncSetting.connection_id == connection_id)).scalar()
    return due is not None and due <= clock.now()


@pytest.fixture
def kept(fair: int) -> int:
    """Subscribed, with products kept in step every hour."""
    ensure_webhooks(fair)
    with transaction() as session:
        session.add(
            SyncSetting(connection_id=fair, entity="products", is_on=True, next_at=clock.now() + timedelta(hours=1))
        )
    return fair


def test_everything_is_subscribed_once(fair: int) -> None:
    assert ensure_webhooks(fair) == [] == ensure_webhooks(fair)
    assert subscriptions() == {"products/update": "sub-1", "app/uninstalled": "sub-2"} == Fair.there
    assert (watch().state, watch().url.endswith(f"/webhooks/fair/{fair}")) == ("on", True)


def test_a_connection_without_a_secret_is_given_one(fair: int) -> None:
    bare = connect()
    with transaction() as session:
        session.get_one(Connection, bare).secrets = None
    ensure_webhooks(bare)
    with transaction() as session:
        assert len(secrets_of(session, bare)["webhook_secret"]) > 30


def test_a_lost_subscription_is_made_again_and_what_it_missed_is_read_now(kept: int) -> None:
    assert watch_channel_hooks.run() == 0 and not sync_is_due(kept)
    del Fair.there["products/update"]
    assert watch_channel_hooks.run() == 1
    assert subscriptions()["products/update"] == "sub-3" == Fair.there["products/update"]
    assert sync_is_due(kept) and len(watch().lost_at) == 1
    assert watch_channel_hooks.run() == 0


def test_after_repeated_loss_the_merchant_hears_of_it_once_a_day(kept: int) -> None:
    for _ in range(5):
        Fair.there.clear()
        watch_channel_hooks.run()
    letters = db.session.execute(select(Letter).where(Letter.letter == "merchant_failure")).scalars().all()
    assert len(letters) == 1 and "Fair keeps forgetting" in str(letters[0].facts)


def test_a_silent_subscription_is_made_anew(kept: int) -> None:
    clock.fix(clock.now() + timedelta(minutes=20))
    changed = clock.now() - timedelta(minutes=8)
    Fair.changed = [ProductRecord("Tee", "EUR", (), external_id="7", updated_at=changed)]
    assert watch_channel_hooks.run() == 1
    assert subscriptions()["products/update"] == "sub-3" and sync_is_due(kept)


def test_what_was_told_or_changed_a_moment_ago_is_no_silence(kept: int) -> None:
    clock.fix(clock.now() + timedelta(minutes=20))
    Fair.changed = [ProductRecord("Tee", "EUR", (), external_id="7", updated_at=clock.now() - timedelta(minutes=2))]
    assert watch_channel_hooks.run() == 0
    Fair.changed = [ProductRecord("Tee", "EUR", (), external_id="7", updated_at=clock.now() - timedelta(minutes=8))]
    with transaction() as session:
        session.add(
            ChannelEvent(
                connection_id=kept, external_id="d", topic="product.changed", subject_id="7",
                received_at=clock.now() - timedelta(minutes=7), work_state="done",
            )
        )  # fmt: skip
    assert watch_channel_hooks.run() == 0


def test_a_platform_that_does_not_answer_stops_no_other(kept: int) -> None:
    Fair.refuses = Unavailable("The fair is closed.", service="fair")
    assert watch_channel_hooks.run() == 0
    assert (watch().state, watch().problem) == ("failing", "The fair is closed.")


def test_paused_and_disconnected_ones_are_left_alone(kept: int) -> None:
    Fair.there.clear()
    for status in ("paused", "disconnected", "reconnect"):
        set_status(kept, status)
        assert watch_channel_hooks.run() == 0
    assert Fair.there == {}


def test_they_are_taken_away_there(kept: int) -> None:
    assert remove_webhooks(kept) and remove_webhooks(kept)
    assert Fair.there == {} == subscriptions() and watch().state == "off"


def test_a_platform_that_cannot_reach_us_is_told_plainly(fair: int) -> None:
    with transaction() as session:
        row = session.get_one(Connection, fair)
        row.store_url, row.version = "https://elsewhere.example", 2
    with pytest.raises(Refused, match="public https address"):
        ensure_webhooks(fair)
    assert watch().state == "failing"
