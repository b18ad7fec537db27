"""What machines send: wrong kinds, wrong shapes, far too much of it. A clear 4xx, and nothing is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.bad_input.hostile import SCRIPT, VALUES, is_civil, rows
from tests.conftest import FULFIL_KEY
from tests.town import Town

SESSION, FULFILL = "/api/checkout/create-session", "/api/orders/fulfill"
KEY = {"Authorization": f"Bearer {FULFIL_KEY}"}


@pytest.fixture
def client(town: Town) -> FlaskClient:
    return town.app.test_client()


def refused(answer: Any, about: object) -> None:
    is_civil(answer, about)
    assert 400 <= answer.status_code < 500, (about, answer.status_code)
    assert answer.mimetype == "application/problem+json" and answer.json["status"] == answer.status_code
    assert answer.json["detail"] and SCRIPT not in answer.text


def good(town: Town) -> dict[str, Any]:
    return {
        "items": [{"variant_id": town.a_shirt().id, "quantity": 1}],
        "country": "US",
        "shipping_method": "standard",
        "email": "ada@example.com",
        "note": "",
    }


def test_every_field_of_a_session_is_read_with_suspicion(town: Town, client: FlaskClient) -> None:
    fine = good(town)
    before = rows()
    for value in VALUES:
        refused(client.post(SESSION, json={**fine, "items": value}), ("items", value))
        for part in ("variant_id", "quantity"):
            if part == "quantity" and value is None:
                continue
            item = {**fine["items"][0], part: value}
            refused(client.post(SESSION, json={**fine, "items": [item]}), (part, value))
        if value not in (None, ""):
            refused(client.post(SESSION, json={**fine, "country": value}), ("country", value))
            refused(client.post(SESSION, json={**fine, "shipping_method": value}), ("shipping_method", value))
            refused(client.post(SESSION, json={**fine, "email": value}), ("email", value))
        if value not in (None, "", SCRIPT):
            refused(client.post(SESSION, json={**fine, "note": value}), ("note", value))
        refused(client.post(SESSION, json={**fine, "items": [{"sku": value, "quantity": 1}]}), ("sku", value))
        refused(client.post(SESSION, json={**fine, "items": [value]}), ("item", value))
    refused(client.post(SESSION, json={**fine, "items": fine["items"] * 51}), "51 items")
    assert rows() == before


BODIES: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"1",
    b"{",
    b"{'items': []}",
    b'{"items": [{"variant_id": 1e400, "quantity": 1}]}',
    b'{"items": [{"variant_id": NaN}]}',
    b'{"items": "\xff\xfe"}',
    b'{"items": "\\ud800"}',
    b'{"items": [], "items": []}',
    b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b"[" * 900 + b"]" * 900,
    b'{"items": [' + b'{"variant_id":1,"quantity":1},' * 20_000 + b"{}]}",
    b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}",
    b'{"note": "' + b"x" * 2_500_000 + b'"}',
    b"\xef\xbb\xbf{}",
    b"items=1&quantity=2",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
]


def test_a_body_that_is_no_request_is_refused(town: Town, client: FlaskClient) -> None:
    before = rows()
    for body in BODIES:
        refused(client.post(SESSION, data=body, content_type="application/json"), body[:60])
        refused(client.post(FULFILL, data=body, content_type="application/json", headers=KEY), body[:60])
        for path in ("/api/webhooks/stripe", "/api/webhooks/printify"):
            refused(client.post(path, data=body, content_type="application/json"), body[:60])
    assert rows() == before


def test_an_order_number_of_any_kind_releases_nothing(town: Town, client: FlaskClient) -> None:
    refused(client.post(FULFILL, json={}, headers=KEY), "nothing")
    for value in VALUES:
        refused(client.post(FULFILL, json={"order_number": value}, headers=KEY), value)


def test_fulfilling_needs_the_key(town: Town, client: FlaskClient) -> None:
    order = town.paid_order()
    body = {"order_number": order.number}
    wrong = ["", "Bearer", "Bearer ", "Bearer wrong", FULFIL_KEY, f"Basic {FULFIL_KEY}", f"Bearer {FULFIL_KEY}x",
             f"Bearer {FULFIL_KEY[:-1]}", "Bearer \u00e9", "Bearer " + "x" * 5000]  # fmt: skip
    for header in wrong:
        answer = client.post(FULFILL, json=body, headers={"Authorization": header.encode().decode("latin-1")})
        refused(answer, header)
        assert answer.status_code == 401, header
    assert client.post(FULFILL, json=body).status_code == 401
    assert client.post(FULFILL, json=body, headers=KEY).status_code == 202


def test_a_page_of_products_that_is_not_there(client: FlaskClient) -> None:
    for page in ("0", "-1", "x", "1e9", "9" * 40, "1.5", "", "%00", "10000000"):
        answer = client.get(f"/api/products?page={page}")
        is_civil(answer, page)
        assert answer.status_code in (200, 404, 422)
        assert answer.mimetype in ("application/json", "application/problem+json")


def test_signed_events_of_any_shape_are_stored_or_refused_and_stop_no_job(town: Town, client: FlaskClient) -> None:
    from tests.webhooks.test_receiving import pfy, signed

    thing = {"id": "cs_x", "object": "checkout.session"}
    shapes: list[dict[str, Any]] = [
        {"id": f"evt_{n}", "type": "charge.refunded", "created": 1, "data": v} for n, v in enumerate(VALUES)
    ]
    shapes += [
        {"id": f"evt_o{n}", "type": "refund.updated", "created": v, "data": {"object": v}} for n, v in enumerate(VALUES)
    ]
    shapes += [
        {"id": f"evt_i{n}", "type": "checkout.session.completed", "data": {"object": {"id": v}}}
        for n, v in enumerate(VALUES)
    ]
    shapes += [{"id": f"evt_t{n}", "type": v, "data": {"object": thing}} for n, v in enumerate(VALUES)]
    shapes += [{"id": v, "type": "refund.failed", "data": {"object": thing}} for v in VALUES]
    for shape in shapes:
        body = json.dumps(shape)
        is_civil(client.post("/api/webhooks/stripe", data=body, headers=signed(body)), shape)
    for n, value in enumerate(VALUES):
        for shape in (
            {"id": f"p{n}", "type": "order:updated", "resource": value},
            {"id": f"q{n}", "type": "order:updated", "resource": {"id": value, "type": "order"}},
            {"id": f"r{n}", "type": value, "resource": {"id": "1", "type": "order"}},
            {"id": value, "type": "product:deleted", "resource": {"id": "1"}},
        ):
            body = json.dumps(shape)
            is_civil(client.post("/api/webhooks/printify", data=body, headers=pfy(body)), shape)
    town.work()
    assert rows()["orders"] == 0
