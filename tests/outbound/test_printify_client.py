from __future__ import annotations

from typing import Any

import orjson
import pytest
from flask import Flask

from config import Config
from sandbox.printify.products import PRODUCT
from sandbox.world import World
from shop.errors import Misunderstood, NeedsReconnect, Refused
from shop.fulfilment.printify.client import PrintifyClient, printify_client
from tests.outbound.conftest import Provider

ADDRESS = {
    "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "phone": "", "country": "US",
    "region": "OR", "address1": "12 Mill Lane", "address2": "", "city": "Portland", "zip": "97209",
}  # fmt: skip


def client_of(provider: Provider) -> PrintifyClient:
    return PrintifyClient(provider.url, "token", 1)


def say(provider: Provider, status: int, body: Any) -> None:
    provider.say((status, orjson.dumps(body).decode()))


def test_an_order_sent_twice_is_one_order(app: Flask, sandbox: World) -> None:
    product = sandbox.store.all(PRODUCT)[0]
    variant = next(v for v in product["variants"] if v["is_enabled"] and v["is_available"])
    order = {
        "external_id": "F-1001",
        "line_items": [{"product_id": product["id"], "variant_id": variant["id"], "quantity": 1}],
        "shipping_method": 1,
        "send_shipping_notification": False,
        "address_to": ADDRESS,
    }
    client = printify_client()
    first = client.submit_order(order)
    assert client.submit_order(order) == first
    found = client.get_order(first)
    assert found and found["status"] and len(client.list_orders().items) == 1
    assert client.get_order("0" * 24) is None and client.get_product("0" * 24) is None
    client.send_to_production(first)
    with pytest.raises(Refused):
        client.cancel_order(first)


def test_webhooks_can_be_kept(app: Flask, sandbox: World) -> None:
    client = printify_client()
    made = client.create_webhook("order:updated", "https://shop.example/hook", "a-secret-for-this-hook")
    client.update_webhook(made["id"], "https://shop.example/hook2")
    assert made["id"] in [hook["id"] for hook in client.list_webhooks()]
    client.delete_webhook(made["id"], "shop.example")
    client.delete_webhook(made["id"], "shop.example")


def test_a_repeated_order_is_recognised_by_its_code_alone(provider: Provider) -> None:
    body = {"status": "error", "code": 8503, "errors": {"reason": "exists", "code": 8503}, "order": {"id": "ab12"}}
    for status in (409, 400):
        say(provider, status, body)
        assert client_of(provider).submit_order({}) == "ab12"
    say(provider, 409, {"status": "error"})
    with pytest.raises(Misunderstood):
        client_of(provider).submit_order({})


def test_a_refusal_carries_their_reason_even_as_json_text(provider: Provider) -> None:
    reason = '{"zip": ["The zip field is required."]}'
    say(provider, 400, {"status": "error", "code": 8150, "errors": {"reason": reason, "code": 8150}})
    with pytest.raises(Refused, match="The zip field is required") as raised:
        client_of(provider).submit_order({})
    assert raised.value.facts["code"] == 8150


def test_an_error_inside_a_200_is_an_error(provider: Provider) -> None:
    say(provider, 200, {"error": "Something broke"})
    for ask in (lambda c: c.get_product("ab"), lambda c: c.submit_order({}), lambda c: c.read_products_page(1)):
        with pytest.raises(Refused, match="Something broke"):
            ask(client_of(provider))


@pytest.mark.parametrize(
    "body",
    [
        [], "x", None, {}, {"data": {}}, {"data": [1], "current_page": 1, "last_page": 1, "total": 1, "per_page": 50},
        {"data": [], "current_page": 2, "last_page": 1, "total": 1, "per_page": 50},
        {"data": [], "current_page": 1, "last_page": -1, "total": 1, "per_page": 50},
        {"data": [], "current_page": 1, "last_page": 10**9, "total": 1, "per_page": 50},
        {"data": [], "current_page": 1, "last_page": True, "total": 1, "per_page": 50},
    ],
)  # fmt: skip
def test_a_page_of_another_shape_is_misunderstood(provider: Provider, body: Any) -> None:
    say(provider, 200, body)
    with pytest.raises(Misunderstood):
        client_of(provider).read_products_page(1)


def test_ids_from_outside_cannot_change_the_path(provider: Provider) -> None:
    with pytest.raises(Misunderstood):
        client_of(provider).get_order("../../v1/shops")
    assert provider.seen == []


def test_without_a_token_the_merchant_is_asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "IMPRINT", Config())
    with pytest.raises(NeedsReconnect):
        printify_client()
