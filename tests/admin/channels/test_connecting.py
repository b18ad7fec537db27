"""The gallery and the connect form, drawn from a connector's facts; what is wrong is said in the merchant's words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from shop.channels.connector import TokenKind
from shop.channels.keeping import secrets_of
from shop.channels.models import Connection, ConnectionToken
from shop.core.transaction import transaction
from shop.errors import Misunderstood, NeedsReconnect, RateLimited, Refused, Unavailable
from shop.extensions import db
from tests.admin.conftest import Staff, counting
from tests.channels.market import ACCOUNT, Market

NEW = "/admin/channels/new/market"


@pytest.fixture
def form(market: None, config: Any) -> dict[str, str]:
    url = config.channel_origins[0]
    return {"name": "Ours", "store_url": f"{url}/market/", "region": "us", "drafts": "1", "consumer_key": "ck_secret"}


def only() -> Connection:
    db.session.remove()
    return db.session.execute(select(Connection)).scalar_one()


def kept_secrets() -> dict[str, str]:
    connection_id = only().id
    return secrets_of(db.session(), connection_id)


def test_the_gallery_says_what_each_platform_can_do_and_how_often_it_is_connected(
    staff: Staff, form: dict[str, str]
) -> None:
    page = staff.get("/admin/channels").text
    assert "Green Market" in page and "Read its products" in page and 'aria-label="Admin"' in page
    staff.press(NEW, form)
    page = staff.get("/admin/channels").text
    assert "1 connection" in page and "Ours" in page and "Connected" in page
    assert "No platform fits" in staff.get("/admin/channels?q=nothing+like+it").text
    assert "Green Market" not in staff.get("/admin/channels?can=4").text.split("all-platforms")[1]


def test_what_is_typed_is_kept_encrypted_tried_at_once_and_never_shown(staff: Staff, form: dict[str, str]) -> None:
    page = staff.press(NEW, form)
    assert "It works: “Green Market” is connected" in page and "EUR" in page
    row = only()
    assert (row.status, row.account_id, row.store_url) == ("active", "77", form["store_url"].rstrip("/"))
    assert row.settings == {"region": "us", "drafts": "1"}
    kept = kept_secrets()
    assert kept["consumer_key"] == "ck_secret" and len(kept["webhook_secret"]) > 30
    token = db.session.execute(select(ConnectionToken)).scalar_one()
    assert (token.kind, token.value) == (TokenKind.API_KEY, "ck_secret")
    with db.engine.connect() as raw:
        stored = raw.execute(text("SELECT secrets || (SELECT value FROM connection_tokens) FROM connections")).scalar()
        log = raw.execute(text("SELECT coalesce(string_agg(a::text, ''), '') FROM audit_entries a")).scalar()
    assert "ck_secret" not in str(stored) + str(log)
    assert "ck_secret" not in page + staff.get(f"/admin/channels/{row.id}/account").text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NeedsReconnect("no", service="market", status=401), "does not accept the key"),
        (NeedsReconnect("no", service="market", status=403), "does not allow this"),
        (Refused("no", service="market", status=404), "There is no Green Market at"),
        (Refused("no", service="market", status=402), "The shop is closed"),
        (Refused("no", service="fetch"), "does not lead to a public address"),
        (Refused("no", service="market", status=426), "another version"),
        (RateLimited(service="market"), "slow down"),
        (Unavailable(service="market", status=503), "under maintenance"),
        (Unavailable(service="market"), "Nothing answers at"),
        (Misunderstood(service="market", status=301), "leads elsewhere"),
        (Misunderstood(service="market"), "not as Green Market does"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nothing_typed_is_lost(
    staff: Staff, form: dict[str, str], error: Any, said: str
) -> None:
    Market.answer = error
    page = staff.press(NEW, form)
    assert said in page and "It is not connected yet" in page
    row = only()
    assert row.status == "connecting" and said in row.problem
    Market.answer = ACCOUNT
    assert "It works" in staff.press(f"/admin/channels/{row.id}/check")
    assert (only().status, only().problem) == ("active", "")


def test_a_missing_right_is_named_with_its_reason(staff: Staff, form: dict[str, str]) -> None:
    Market.answer = replace(ACCOUNT, missing=("read_products", "read_tags"))
    page = staff.press(NEW, form)
    assert "these rights are missing: read_products" in page and "To read what you sell there" in page
    assert only().status == "connecting"
    Market.answer = replace(ACCOUNT, missing=("read_tags",))
    page = staff.press(f"/admin/channels/{only().id}/check")
    assert only().status == "active" and "For collections" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"store_url": ""}, "Address of the shop is missing"),
        ({"store_url": "http://shop.example.com"}, "must begin with https"),
        ({"store_url": "https://u:p@example.com"}, "Write the address"),
        ({"store_url": "https://127.0.0.1/"}, "not public"),
        ({"store_url": "https://[::1]/"}, "not public"),
        ({"store_url": "ftp://93.184.216.34"}, "must begin with https"),
        ({"store_url": "https://93.184.216.34:8443"}, "not the web"),
        ({"store_url": "x" * 500}, "too long"),
        ({"region": "mars"}, "choose one of the options"),
        ({"consumer_key": ""}, "Key is missing"),
        ({"consumer_key": "a b"}, "no key has"),
        ({"consumer_key": "k\0"}, "no key has"),
        ({"consumer_key": "k" * 5000}, "too long"),
        ({"name": "n" * 121}, "too long"),
    ],
)
def test_bad_input_is_told_beside_its_field(
    staff: Staff, form: dict[str, str], changes: dict[str, str], said: str
) -> None:
    answer = staff.post(NEW, {**form, **changes})
    assert answer.status_code == 422 and said in answer.text and "error-summary" in answer.text
    assert "ck_secret" not in answer.text
    assert db.session.execute(select(Connection.id)).first() is None


def test_the_same_account_is_not_connected_twice(staff: Staff, form: dict[str, str]) -> None:
    staff.press(NEW, form)
    assert "connected already, as “Ours”" in staff.press(NEW, {**form, "name": "Again"})


def test_an_empty_secret_keeps_the_one_there_is_and_two_editors_lose_nothing(
    staff: Staff, form: dict[str, str]
) -> None:
    staff.press(NEW, form)
    path = f"/admin/channels/{only().id}/account"
    marks = staff.get(path).text.split('name="marks" value="')[1].split('"')[0]
    staff.press(path, {**form, "consumer_key": "", "name": "First", "marks": marks})
    assert kept_secrets()["consumer_key"] == "ck_secret"
    answer = staff.post(path, {**form, "consumer_key": "", "name": "Second", "marks": marks})
    assert answer.status_code == 422 and "First" in answer.text and only().name == "First"


def test_pausing_resuming_and_disconnecting(staff: Staff, form: dict[str, str]) -> None:
    staff.press(NEW, form)
    path = f"/admin/channels/{only().id}"
    assert "Paused" in staff.press(f"{path}/pause", {"to": "pause"}) and only().status == "paused"
    assert "It goes on" in staff.press(f"{path}/pause", {"to": "resume"}) and only().status == "active"
    assert "Nothing was disconnected" in staff.press(f"{path}/disconnect") and only().status == "active"
    assert "its keys are deleted" in staff.press(f"{path}/disconnect", {"sure": "1"})
    assert only().status == "disconnected" and kept_secrets() == {}
    assert db.session.execute(select(ConnectionToken)).first() is None
    assert "disconnected" in staff.post(f"{path}/check").text
    assert "Connected" in staff.press(f"{path}/account", {**form, "marks": marks_in(staff.get(f"{path}/account").text)})


def marks_in(page: str) -> str:
    return page.split('name="marks" value="')[1].split('"')[0]


def test_the_gallery_asks_the_same_number_of_questions_for_many_connections(staff: Staff, market: None) -> None:
    def add(number: int) -> None:
        with transaction() as session:
            for n in range(number):
                session.add(Connection(channel="market", name=f"Shop {n}", settings={}, account={}))

    counts = []
    for number in (2, 6):
        add(number)
        staff.get("/admin/channels")
        with counting() as seen:
            staff.get("/admin/channels")
        counts.append(len(seen))
    assert counts[0] == counts[1]
