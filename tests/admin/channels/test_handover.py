"""Keys that a shop hands over: kept once, for the connection our token names, and tried when the merchant is back."""

from __future__ import annotations

import re

import pytest
import requests
from sqlalchemy import select

from shop.channels.keeping import secrets_of
from shop.channels.models import Connection
from shop.extensions import db
from tests.admin.conftest import Staff
from tests.channels.street import Platform
from tests.town import Town


@pytest.fixture
def sent(town: Town, staff: Staff) -> str:
    """Somebody typed the address alone and pressed the button: the shop's own page they are sent to."""
    account = Platform(town, "woocommerce").account()
    new = "/admin/channels/new/woocommerce"
    assert staff.post(new, {"store_url": account["store_url"]}).status_code == 422
    page = staff.press(new, {"store_url": account["store_url"], "how": "there"})
    assert "Go on to WooCommerce" in page
    answer = staff.post(f"/admin/channels/{only().id}/consent")
    (target,) = re.findall(r'class="button primary" href="([^"]+wc-auth[^"]+)"', answer.text)
    return str(target.replace("&amp;", "&"))


def only() -> Connection:
    db.session.remove()
    return db.session.execute(select(Connection)).scalar_one()


def back_from(target: str) -> str:
    """The merchant agrees there: the keys are posted to us, then the way back."""
    answer = requests.get(target, timeout=20, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return re.sub(r"^https?://[^/]+", "", answer.headers["Location"])


def test_keys_come_without_typing_and_count_once(town: Town, staff: Staff, sent: str) -> None:
    back = back_from(sent)
    connection_id = only().id
    kept = secrets_of(db.session(), connection_id)
    assert kept["consumer_key"].startswith("ck_") and kept["consumer_secret"].startswith("cs_")
    db.session.remove()
    assert "It works" in staff.get(staff.get(back).location).text and only().status == "active"
    told = {"user_id": re.findall(r"user_id=([^&]+)", sent)[0], "key_permissions": "read_write",
            "consumer_key": "ck_evil", "consumer_secret": "cs_evil"}  # fmt: skip
    for body in (told, {**told, "user_id": "x" * 32}, {}, [], "text"):
        answer = requests.post(f"{town.url}/webhooks/woocommerce/keys", json=body, timeout=10)
        assert answer.status_code == 401
    for platform in ("shopify", "nowhere"):
        assert requests.post(f"{town.url}/webhooks/{platform}/keys", json=told, timeout=10).status_code == 401
    large = requests.post(f"{town.url}/webhooks/woocommerce/keys", data="x" * 20_000, timeout=10)
    assert large.status_code in (401, 413)
    assert secrets_of(db.session(), connection_id).items() >= kept.items()


def test_a_no_there_is_explained_and_nothing_is_connected(staff: Staff, sent: str) -> None:
    back = back_from(sent + "&refuse=1")
    assert "You said no there" in staff.get(staff.get(back).location).text
    assert only().status == "connecting"
