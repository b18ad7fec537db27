"""Webhooks of the Printify stand-in: signed, retried, blocked, and late when told to be."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.printify.notices import sign
from tests.sandbox.printify_world import SECRET, Ear, Printify, open_ear, open_printify


@pytest.fixture
def printify() -> Iterator[Printify]:
    with open_printify(rate_limits=False) as opened:
        yield opened


@pytest.fixture
def ear() -> Iterator[tuple[Ear, str]]:
    with open_ear() as opened:
        yield opened


def events(ear: Ear) -> list[dict[str, Any]]:
    return [json.loads(body) for body, _ in ear.heard]


def idle(printify: Printify) -> None:
    assert printify.control("/hooks/wait", {"timeout": 15})["idle"]


def test_the_published_vector_verifies() -> None:
    body = (
        b'{"id":"653b6be8-2ff7-4ab5-a7a6-6889a8b3bbf5","type":"order:shipment:created","created_at":"2026-11-21 '
        b'10:00:00+00:00","resource":{"id":"5cb87a8cd490a2ccb256cec4","type":"order","data":{"shop_id":815256,'
        b'"shipped_at":"2026-11-21 09:59:00","carrier":{"code":"USPS","tracking_number":"9400110803825105004837"},'
        b'"skus":["866366009"]}}}'
    )
    expected = "sha256=5084553a1a54129fbf0b1e81431e8890cb4fde8fe91d7a3c03793dc6a63798ee"
    assert sign("3f1c2a9d8b7e6f5a4c3b2a1908f7e6d5c4b3a291", body) == {"X-Pfy-Signature": expected}


def test_a_whole_order_is_told_in_signed_events(printify: Printify, ear: tuple[Ear, str]) -> None:
    listener, url = ear
    topics = ("order:created", "order:updated", "order:sent-to-production", "order:shipment:created",
              "order:shipment:delivered")  # fmt: skip
    for topic in topics:
        assert printify.subscribe(topic, url).json().keys() == {"id", "topic", "url", "shop_id"}
    order_id = printify.order("told").json()["id"]
    printify.post(printify.shop(f"/orders/{order_id}/send_to_production.json"))
    printify.control("/clock", {"advance": 5})
    printify.control(f"/printify/orders/{order_id}/ship", {"carrier": "usps", "number": "94001"})
    printify.control(f"/printify/orders/{order_id}/deliver")
    idle(printify)
    heard = events(listener)
    assert {event["type"] for event in heard} == set(topics)
    assert {event["resource"]["id"] for event in heard} == {order_id}
    shipped = next(event for event in heard if event["type"] == "order:shipment:created")["resource"]["data"]
    assert (shipped["carrier"]["code"], shipped["carrier"]["tracking_number"]) == ("USPS", "94001")
    assert shipped["skus"] == [printify.read(order_id)["line_items"][0]["metadata"]["sku"]]
    for body, headers in listener.heard:
        expected = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["x-pfy-signature"] == expected


def test_a_subscription_without_secret_is_not_signed(printify: Printify, ear: tuple[Ear, str]) -> None:
    listener, url = ear
    printify.subscribe("order:created", url, secret="")
    printify.order("unsigned")
    idle(printify)
    assert "x-pfy-signature" not in listener.heard[0][1]


def test_subscriptions_follow_their_rules(printify: Printify, ear: tuple[Ear, str]) -> None:
    _, url = ear
    hook = printify.subscribe("order:updated", url).json()
    assert printify.subscribe("order:updated", url).status_code == 400
    assert printify.subscribe("order:eaten", url).status_code == 400
    assert printify.subscribe("order:created", "ftp://x").status_code == 400
    path = printify.shop(f"/webhooks/{hook['id']}.json")
    assert printify.call("PUT", path, json={"url": url + "?v=2"}).json()["url"].endswith("?v=2")
    assert printify.call("DELETE", path).status_code == 400
    assert printify.call("DELETE", path, params={"host": "elsewhere"}).status_code == 400
    assert printify.call("DELETE", path, params={"host": "127.0.0.1"}).json() == {"id": hook["id"]}
    assert printify.get(printify.shop("/webhooks.json")).json() == []


def test_a_failing_listener_is_retried_three_times_then_blocked(printify: Printify, ear: tuple[Ear, str]) -> None:
    listener, url = ear
    listener.status = 500
    printify.subscribe("order:created", url)
    printify.order("fails")
    for _ in range(4):
        idle(printify)
        printify.control("/clock", {"advance": 130})
    idle(printify)
    assert len(listener.heard) == 4
    assert len({event["id"] for event in events(listener)}) == 1
    listener.status = 200
    printify.order("in-the-hour")
    idle(printify)
    assert len(listener.heard) == 4
    printify.control("/clock", {"advance": 3700})
    printify.order("after-the-hour")
    idle(printify)
    assert len(listener.heard) == 5


@pytest.mark.parametrize(("mode", "expected"), [("normal", 1), ("duplicate", 2), ("lose", 0), ("shuffle", 1)])
def test_events_travel_as_told(printify: Printify, ear: tuple[Ear, str], mode: str, expected: int) -> None:
    listener, url = ear
    printify.subscribe("order:created", url)
    printify.control("/hooks", {"service": "printify", "mode": mode})
    printify.order("mode")
    idle(printify)
    assert len(listener.heard) == expected
    assert len({event["id"] for event in events(listener)}) == min(1, expected)


def test_delayed_events_come_when_their_time_has_come(printify: Printify, ear: tuple[Ear, str]) -> None:
    listener, url = ear
    printify.subscribe("order:created", url)
    printify.control("/hooks", {"service": "printify", "mode": "delay", "seconds": 600})
    printify.order("late")
    idle(printify)
    assert listener.heard == []
    printify.control("/clock", {"advance": 601})
    idle(printify)
    assert len(listener.heard) == 1


def test_the_merchants_publish_button_and_simulate_reach_the_shop(printify: Printify, ear: tuple[Ear, str]) -> None:
    listener, url = ear
    hook = printify.subscribe("product:publish:started", url).json()
    product = printify.products()[0]
    printify.control(f"/printify/products/{product['id']}/publish")
    idle(printify)
    data = events(listener)[0]["resource"]["data"]
    assert (data["action"], data["publish_details"]["key_features"]) == ("create", True)
    sent = printify.post(printify.shop(f"/webhooks/{hook['id']}/simulate"), {"data": {"hello": "there"}})
    assert sent.status_code == 200
    idle(printify)
    assert events(listener)[1]["resource"]["data"] == {"hello": "there"}


def test_a_recreated_product_has_another_id_and_the_old_one_is_told_gone(
    printify: Printify, ear: tuple[Ear, str]
) -> None:
    listener, url = ear
    printify.subscribe("product:deleted", url)
    product = printify.products()[0]
    fresh = printify.control(f"/printify/products/{product['id']}/recreate")
    idle(printify)
    assert (fresh["title"], fresh["blueprint_id"]) == (product["title"], product["blueprint_id"])
    assert fresh["id"] != product["id"]
    assert events(listener)[0]["resource"]["id"] == product["id"]


def test_a_logged_event_can_be_sent_again(printify: Printify, ear: tuple[Ear, str]) -> None:
    listener, url = ear
    printify.subscribe("order:created", url)
    printify.order("again")
    idle(printify)
    entry = printify.world.hooks.log(1)[0]
    printify.control(f"/hooks/{entry['id']}/resend")
    idle(printify)
    assert listener.heard[0][0] == listener.heard[1][0]
    assert listener.heard[0][1]["x-pfy-signature"] == listener.heard[1][1]["x-pfy-signature"]
