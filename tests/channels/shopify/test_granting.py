"""Shopify's tokens: the signed way back, all kinds of credentials, rotation, and a shop that is none."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from flask import Flask

from sandbox.shopify.granting import make_lasting_token
from sandbox.shopify.shopfront import CLIENT_ID, CLIENT_SECRET, SHOP
from sandbox.world import World
from shop.channels import registry, tokens
from shop.channels.connector import TokenKind
from shop.channels.keeping import keep_secrets
from shop.channels.models import Connection
from shop.channels.shopify import granting
from shop.channels.shopify.addressing import read_domain
from shop.channels.shopify.connector import Shopify
from shop.channels.tokens import Token, get_token, store_tokens
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import InvalidInput, Misunderstood, NeedsReconnect, NotAllowed, Refused
from shop.extensions import db
from tests.channels.street import Platform
from tests.town import Town

SETTINGS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "store_url": SHOP}
BACK = "https://shop.example/admin/channels/authorised"


def test_the_vector_of_the_contract() -> None:
    """contracts/shopify.md §1.1."""
    told = {
        "code": "0907a61c0c8d55e99db179b68161bc00", "host": "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtbw",
        "shop": "demo-pod.myshopify.com", "state": "a1b2c3", "timestamp": "1795251600", "signature": "left out",
        "hmac": "bd92378c52632800e6f8013027c14f7b6db2b52b9c6dc8d2f659a28306c56396",
    }  # fmt: skip
    assert granting.sign_callback(told, "hush") == told["hmac"]


@pytest.mark.parametrize(
    "typed",
    ["demo-pod", "demo-pod.myshopify.com", "https://demo-pod.myshopify.com/", "https://Demo-Pod.myshopify.com/admin",
     "https://admin.shopify.com/store/demo-pod/products", " demo-pod.myshopify.com "],
)  # fmt: skip
def test_a_shop_is_found_in_what_merchants_copy(app: Flask, typed: str) -> None:
    assert read_domain(typed) == SHOP
    assert Shopify.read_address(typed).endswith(f"/shopify/{SHOP}")


@pytest.mark.parametrize(
    "typed",
    ["", "evil.com", "demo-pod.myshopify.com.evil.com", "https://demo-pod.myshopify.com@evil.com/", "-x.myshopify.com",
     "https://evil.com/demo-pod.myshopify.com", "https://evil.com#demo-pod.myshopify.com", "a.b.myshopify.com",
     "demo-pod.myshopify.com:8080", "127.0.0.1", "http://169.254.169.254/", "demo_pod.myshopify.com", "é" * 300,
     "demo-pod.myshopify.com\n.evil.com", "https://evil.com\\@demo-pod.myshopify.com"],
)  # fmt: skip
def test_anything_else_is_no_shop(app: Flask, typed: str) -> None:
    with pytest.raises(Refused):
        read_domain(typed)
    with pytest.raises(InvalidInput):
        Shopify.read_address(typed)


def went_there(state: str = "s1") -> dict[str, str]:
    """The merchant agrees on Shopify's page: what comes back in the address."""
    page = Shopify.consent_url(SETTINGS, BACK, state, "")
    answer = requests.get(page, allow_redirects=False, timeout=10)
    assert answer.status_code == 302 and answer.headers["Location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def test_consent_gives_expiring_tokens_once(app: Flask, sandbox: World) -> None:
    back = went_there()
    assert (back["state"], back["shop"]) == ("s1", SHOP)
    Shopify.check_callback(SETTINGS, back)
    access, refresh = Shopify.trade_code(SETTINGS, back, BACK, "")
    assert (access.kind, refresh.kind) == (TokenKind.ACCESS, TokenKind.REFRESH)
    assert timedelta(minutes=59) < access.expires_at - clock.now() <= timedelta(hours=1)
    assert refresh.expires_at - clock.now() > timedelta(days=89)
    with pytest.raises(Refused):
        Shopify.trade_code(SETTINGS, back, BACK, "")


@pytest.mark.parametrize(
    "changed",
    [{"code": "another"}, {"shop": "other.myshopify.com"}, {"hmac": ""}, {"hmac": "é"}, {"timestamp": "1"}, {"x": "1"}],
)
def test_a_way_back_that_was_tampered_with_is_refused(app: Flask, sandbox: World, changed: dict[str, str]) -> None:
    with pytest.raises(NotAllowed):
        Shopify.check_callback(SETTINGS, went_there() | changed)


def test_a_signed_answer_about_another_shop_or_of_yesterday_is_refused(app: Flask, sandbox: World) -> None:
    back = went_there()
    with pytest.raises(NotAllowed, match="another shop"):
        Shopify.check_callback({**SETTINGS, "store_url": "other.myshopify.com"}, back)
    with pytest.raises(NotAllowed, match="does not fit"):
        Shopify.check_callback({**SETTINGS, "client_secret": ""}, back)
    clock.fix(clock.now() + timedelta(minutes=5))
    with pytest.raises(NotAllowed, match="too old"):
        Shopify.check_callback(SETTINGS, back)


def connected(**secrets: str) -> int:
    with transaction() as session:
        row = Connection(channel="shopify", store_url=SHOP, settings={"client_id": CLIENT_ID}, status="active")
        session.add(row)
        session.flush()
        keep_secrets(session, row.id, secrets or {"client_secret": CLIENT_SECRET})
        return row.id


def test_a_refresh_token_is_used_once_and_a_lost_answer_costs_nothing(app: Flask, sandbox: World) -> None:
    connection_id = connected()
    back = went_there()
    access, refresh = Shopify.trade_code(SETTINGS, back, BACK, "")
    with transaction() as session:
        store_tokens(session, connection_id, [Token(TokenKind.ACCESS, access.value, clock.now()), refresh])
    second = get_token(connection_id)
    assert second != access.value
    rows = {token.kind: token.value for token in held(connection_id)}
    assert rows[TokenKind.REFRESH] != refresh.value, "the new one was kept in the same breath"
    with transaction() as session:  # as if our side had died before it saved the answer
        store_tokens(session, connection_id, [refresh])
    third = get_token(connection_id, not_this=second)
    assert third != second
    get_token(connection_id, not_this=third)  # with the newest: the first one is over now
    with transaction() as session:
        store_tokens(session, connection_id, [refresh])
    get_token(connection_id)
    with pytest.raises(NeedsReconnect):
        get_token(connection_id, not_this=get_token(connection_id))


def held(connection_id: int) -> list[Token]:
    with transaction() as session:
        return list(tokens._read(session, connection_id).values())


def test_client_credentials_are_traded_again_when_the_day_is_over(app: Flask, sandbox: World, _sandbox: object) -> None:
    registry.load()
    connection_id = connected()
    first = get_token(connection_id)
    assert get_token(connection_id) == first
    sandbox.clock.advance(90_000)  # the shop there knows it is over, our clock does not yet
    row = db.session.get_one(Connection, connection_id)
    assert registry.connector_of(row).check().name == "Demo Pod"
    assert get_token(connection_id) != first


def test_a_lasting_admin_token_of_an_old_custom_app_works(app: Flask, sandbox: World) -> None:
    connection_id = connected(admin_token=make_lasting_token(sandbox))
    row = db.session.get_one(Connection, connection_id)
    assert registry.connector_of(row).check().currency == "EUR"


@pytest.mark.parametrize("told", [None, [], {}, {"access_token": ""}, {"access_token": 7}, {"error": "x"}])
def test_an_answer_without_a_token_is_no_token(told: object) -> None:
    with pytest.raises(Misunderstood):
        granting.read_tokens(told)


def test_the_wizard_leaves_a_working_connection(app: Flask, sandbox: World, _sandbox: tuple[World, str, str]) -> None:
    town = Town(app, sandbox, _sandbox[1], _sandbox[2])
    assert Platform(town, "shopify").connect()
