"""Another site makes a visitor's browser send something: refused, and nothing is changed."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import text

from shop.extensions import db
from tests.bad_input.hostile import cart_with_a_shirt, rows
from tests.town import Town

FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://localhost.evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "garbage"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "HX-Request": "true"},
]


def unsafe_addresses(app: Flask) -> list[str]:
    found = []
    for rule in app.url_map.iter_rules():
        if (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            found.append(re.sub(r"<[^>]+>", "1", rule.rule))
    return found


def state() -> dict[str, object]:
    with db.engine.connect() as connection:
        carts = connection.execute(text("SELECT md5(string_agg(c::text, '|')) FROM carts c")).scalar()
        lines = connection.execute(text("SELECT md5(string_agg(l::text, '|')) FROM cart_lines l")).scalar()
    return {**rows(), "carts as they are": carts, "lines as they are": lines}


def test_no_address_takes_orders_from_another_site(town: Town) -> None:
    client = town.app.test_client()
    cart_with_a_shirt(client, town.a_shirt().id)
    before = state()
    data = {"variant": "1", "quantity": "3", "country": "DE", "note": "theirs", "name": "x", "email": "x@example.com",
            "message": "hello there", "number": "K7QM-4T2X"}  # fmt: skip
    addresses = unsafe_addresses(town.app)
    assert len(addresses) > 15
    for headers in FOREIGN:
        for path in addresses:
            answer = client.post(path, data=data, headers=headers)
            assert answer.status_code == 403, (path, headers, answer.status_code)
        assert state() == before, headers


def test_a_visitor_without_those_headers_is_served(town: Town) -> None:
    """Old browsers, and machines with a key, send neither."""
    client = town.app.test_client()
    assert client.post("/cart/lines", data={"variant": town.a_shirt().id}).status_code == 303
