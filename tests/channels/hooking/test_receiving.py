"""Platforms calling us: what is theirs is kept once and answered at once; what is not is told nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select

from jobs.channel_hooks import drain
from shop.channels.hooking.models import ChannelEvent
from shop.channels.keeping import keep_secrets
from shop.channels.models import Connection
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Unavailable
from shop.extensions import db
from shop.workflows import apply_hooks, clean_up
from tests.channels.hooking.fair import SECRET, fair, hook, set_status, sign
from tests.town import Town

__all__ = ["fair"]


def url(connection_id: int, channel: str = "fair") -> str:
    return f"/webhooks/{channel}/{connection_id}"


def stored() -> list[ChannelEvent]:
    db.session.remove()
    return list(db.session.execute(select(ChannelEvent).order_by(ChannelEvent.id)).scalars())


def test_a_signed_call_is_kept_once_however_often_it_comes(client: FlaskClient, fair: int) -> None:
    for _ in range(3):
        assert client.post(url(fair), **hook()).status_code == 200
    (event,) = stored()
    assert (event.topic, event.subject_id, event.payload) == ("product.changed", "7", None)


def test_what_nobody_can_be_asked_about_is_kept_with_its_words(client: FlaskClient, fair: int) -> None:
    client.post(url(fair), **hook("order.changed", "9"))
    assert stored()[0].payload == {"topic": "order.changed", "id": "9"}


def test_whatever_does_not_prove_itself_gets_one_and_the_same_answer(client: FlaskClient, fair: int) -> None:
    good = hook()
    forged = [
        client.post(url(fair), data=good["data"]),
        client.post(url(fair), **hook(secret="another")),
        client.post(url(fair), data=good["data"][:-1], headers=good["headers"]),
        client.post(url(fair), data=b"\xff\x00", headers={"X-Fair-Signature": "é\x7f"}),
        client.post(url(fair + 1), **good),
        client.post(url(fair, "stall"), **good),
        client.post(url(fair, "shopify"), **good),
    ]
    set_status(fair, "disconnected")
    forged.append(client.post(url(fair), **good))
    assert {(answer.status_code, answer.data) for answer in forged} == {(401, b'{"error":"not accepted"}')}
    assert stored() == []


def test_a_connection_without_a_secret_believes_nobody(client: FlaskClient, fair: int) -> None:
    with transaction() as session:
        session.get_one(Connection, fair).secrets = None
    assert client.post(url(fair), **hook(secret="")).status_code == 401


def test_for_a_day_after_a_change_the_secret_before_still_fits(client: FlaskClient, fair: int) -> None:
    with transaction() as session:
        keep_secrets(session, fair, {"webhook_secret": "newer"})
    assert client.post(url(fair), **hook(delivery="a")).status_code == 200
    assert client.post(url(fair), **hook(delivery="b", secret="newer")).status_code == 200
    clock.fix(clock.now() + timedelta(hours=25))
    assert client.post(url(fair), **hook(delivery="c")).status_code == 401
    assert client.post(url(fair), **hook(delivery="d", secret="newer")).status_code == 200
    assert len(stored()) == 3


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"topic": 5}', b'"' + b"\xc3\xa9" * 200 + b'"'])
def test_signed_nonsense_is_acknowledged_so_that_the_hook_is_not_dropped(
    client: FlaskClient, fair: int, body: bytes
) -> None:
    for _ in range(2):
        assert client.post(url(fair), data=body, headers={"X-Fair-Signature": sign(body)}).status_code == 200
    (event,) = stored()
    assert event.topic == "unreadable"
    drain()
    assert stored()[0].outcome == "nothing to do"


def test_strange_ids_are_kept_within_their_bounds(client: FlaskClient, fair: int) -> None:
    assert client.post(url(fair), **hook("product.changed", "x\0" * 500, "y" * 5000)).status_code == 200
    (event,) = stored()
    assert event.subject_id == "x" * 160 and event.external_id.startswith("sha256:")


def test_a_huge_call_is_refused_and_a_large_one_is_read(client: FlaskClient, fair: int) -> None:
    large = b'{"topic": "product.changed", "id": 7, "more": "' + b"x" * 5_000_000 + b'"}'
    assert client.post(url(fair), data=large, headers={"X-Fair-Signature": sign(large)}).status_code == 200
    huge = b"x" * (8 * 1024 * 1024 + 1)
    assert client.post(url(fair), data=huge, headers={"X-Fair-Signature": sign(huge)}).status_code == 413
    assert len(stored()) == 1


def test_it_answers_over_a_real_socket(town: Town, fair: int) -> None:
    told = hook()
    answer = requests.post(town.url + url(fair), data=told["data"], headers=told["headers"], timeout=10)
    assert (answer.status_code, answer.text) == (200, "{}")
    assert requests.get(town.url + url(fair), timeout=10).status_code == 405


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """What was read there, in order."""
    seen: list[tuple[int, str]] = []

    def reader(connection_id: int, subject_id: str) -> str:
        seen.append((connection_id, subject_id))
        if subject_id == "away":
            raise Unavailable("The fair does not answer.", service="fair")
        return "changed"

    monkeypatch.setitem(apply_hooks.READERS, "product", reader)
    return seen


def test_all_that_is_about_one_thing_is_one_reading(
    client: FlaskClient, fair: int, read: list[tuple[int, str]]
) -> None:
    for n in range(20):
        client.post(url(fair), **hook(about=str(n % 2), delivery=f"d{n}"))
    drain()
    assert read == [(fair, "0"), (fair, "1")]
    assert {(event.work_state, event.outcome) for event in stored()} == {("done", "changed")}
    client.post(url(fair), **hook(about="0", delivery="later"))
    drain()
    assert read[2:] == [(fair, "0")]


def test_a_platform_that_is_away_leaves_its_events_waiting_and_the_others_go_on(
    client: FlaskClient, fair: int, read: list[tuple[int, str]]
) -> None:
    client.post(url(fair), **hook(about="away", delivery="a"))
    client.post(url(fair), **hook(about="7", delivery="b"))
    drain()
    assert [(e.subject_id, e.work_state) for e in stored()] == [("away", "due"), ("7", "done")]


@pytest.mark.parametrize("status", ["paused", "reconnect"])
def test_a_connection_at_rest_is_told_thanks_and_nothing_is_read(
    client: FlaskClient, fair: int, read: list[tuple[int, str]], status: str
) -> None:
    set_status(fair, status)
    assert client.post(url(fair), **hook()).status_code == 200
    drain()
    assert read == [] and stored()[0].work_state == "done"


def test_our_app_taken_away_there_asks_for_the_merchant(client: FlaskClient, fair: int) -> None:
    client.post(url(fair), **hook("disconnected", ""))
    drain()
    db.session.remove()
    assert db.session.get_one(Connection, fair).status == "reconnect"


def test_old_events_are_forgotten(client: FlaskClient, fair: int) -> None:
    client.post(url(fair), **hook())
    drain()
    clock.fix(clock.now() + timedelta(days=15))
    clean_up.run()
    assert stored() == []


def test_the_secret_in_the_database_is_not_in_clear(fair: int) -> None:
    raw = db.session.connection().exec_driver_sql("SELECT secrets FROM connections").scalar()
    assert raw and SECRET not in raw
