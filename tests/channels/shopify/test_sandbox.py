"""The stand-in is as strict as Shopify: cost, wrong questions, idempotency, large reads, hooks that end, 2,048 variants."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from sandbox.shopify.granting import make_lasting_token
from sandbox.shopify.shopfront import SHOP
from sandbox.world import World
from shop.channels import registry
from shop.channels.connector import PullsProducts
from shop.channels.models import Connection
from shop.channels.records import OptionRecord, ProductRecord, VariantRecord
from shop.channels.shopify import connector, documents
from shop.channels.shopify.client import Client
from shop.errors import Misunderstood, Refused
from shop.extensions import db
from shop.outbound.models import OutboundCall
from tests.channels.conformance import mug, tee
from tests.channels.street import Platform
from tests.town import Town


class Shop:
    def __init__(self, app: Flask, world: World, url: str, own: str) -> None:
        self.world, self.url = world, f"{url}/shopify/{SHOP}/admin/api/2026-10/graphql.json"
        self.there = Platform(Town(app, world, url, own), "shopify")
        self.token = make_lasting_token(world)

    def ask(self, query: str, **variables: Any) -> Any:
        headers = {"X-Shopify-Access-Token": self.token}
        answer = requests.post(self.url, json={"query": query, "variables": variables}, headers=headers, timeout=20)
        return answer.json() if answer.status_code == 200 else answer

    def code(self, query: str, **variables: Any) -> str:
        return str(self.ask(query, **variables)["errors"][0]["extensions"]["code"])

    def connected(self) -> Any:
        return registry.connector_of(db.session.get_one(Connection, self.there.connect()))


@pytest.fixture
def shop(app: Flask, sandbox: World, _sandbox: tuple[World, str, str]) -> Shop:
    return Shop(app, sandbox, _sandbox[1], _sandbox[2])


def test_every_answer_tells_its_cost_and_a_bad_token_is_a_text(shop: Shop) -> None:
    cost = shop.ask("{ shop { name } }")["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 1 and cost["throttleStatus"]["maximumAvailable"] == 2000
    shop.token = "wrong"
    answer = shop.ask("{ shop { name } }")
    assert answer.status_code == 401 and isinstance(answer.json()["errors"], str)


def test_wrong_questions_are_refused_with_their_codes(shop: Shop) -> None:
    assert shop.code("{ shop { name ") == "BAD_REQUEST"
    if shop.world.settings.specs_directory is not None:
        assert shop.code("{ shop { shoeSize } }") == "BAD_REQUEST"
        assert shop.code("query($id: ID!) { product(id: $id) { id } }") == "INVALID_VARIABLE"
    nodes = (
        "{ nodes { id variants(first: 250) { nodes { id inventoryItem { id measurement { weight { value } } } } } } }"
    )
    dear = (
        f"{{ one: products(first: 250) {nodes} two: products(first: 250) {nodes} three: products(first: 250) {nodes} }}"
    )
    assert shop.code(dear) == "MAX_COST_EXCEEDED"


def test_stock_needs_a_key_and_what_it_was(shop: Shop) -> None:
    (product_id,) = shop.there.add_products(products=[mug("M1")])
    item = shop.ask("query($id: ID!) { product(id: $id) { variants(first: 1) { nodes { id inventoryItem { id } } } } }", id=product_id)  # fmt: skip
    one = item["data"]["product"]["variants"]["nodes"][0]["inventoryItem"]["id"]
    level = {"inventoryItemId": one, "locationId": "gid://shopify/Location/501", "quantity": 7}
    given = {"name": "available", "reason": "correction", "quantities": [level]}
    without = documents.SET_STOCK.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    assert shop.code(without, input=given) == "BAD_REQUEST"
    assert shop.code(documents.SET_STOCK, input=given, key="k1") == "INVALID_FIELD_ARGUMENTS"
    level["changeFromQuantity"] = 99
    errors = shop.ask(documents.SET_STOCK, input=given, key="k2")["data"]["inventorySetQuantities"]["userErrors"]
    assert errors[0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    level["changeFromQuantity"] = None
    for quantity, expected in ((7, None), (7, None), (8, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")):
        level["quantity"] = quantity
        errors = shop.ask(documents.SET_STOCK, input=given, key="k3")["data"]["inventorySetQuantities"]["userErrors"]
        assert (errors[0]["code"] if errors else None) == expected


def test_a_right_that_was_not_granted_is_denied_and_told(shop: Shop) -> None:
    kept = shop.world.store.get("shopify_token", shop.token) or {}
    shop.world.store.put("shopify_token", shop.token, {**kept, "scope": "read_products"})
    assert (
        shop.code('{ orders(first: 1, query: "status:any", sortKey: UPDATED_AT) { nodes { id } } }') == "ACCESS_DENIED"
    )


def test_a_hook_that_nobody_answers_is_taken_away(shop: Shop) -> None:
    found = shop.connected()
    found.ensure_webhooks("http://127.0.0.1:9/nobody", "")
    shop.there.add_products(products=[mug("H1")])
    for _ in range(10):
        shop.world.hooks.wait_idle(10)
        shop.world.clock.advance(5000)
    shop.world.hooks.wait_idle(10)
    topics = {hook["topic"] for hook in shop.there.list_hooks()}
    assert "PRODUCTS_CREATE" not in topics and "ORDERS_CREATE" in topics
    assert set(found.ensure_webhooks("http://127.0.0.1:9/nobody", "")) == set(found.topics)


def test_with_limits_nothing_is_throttled_that_could_be_avoided(shop: Shop) -> None:
    found = shop.connected()
    shop.there.add_products(products=[tee(f"T{n}") for n in range(120)])
    shop.world.limits.enabled = True
    try:
        cursor, last = "", False
        while not last:
            page = found.pull_products(None, cursor)
            cursor, last = page.cursor, page.is_last
        for number in range(20):
            found.get_product(f"gid://shopify/Product/{9000 + number}")
    finally:
        shop.world.limits.enabled = False
    assert shop.world.store.get("shopify_count", "throttled") is None


def test_an_empty_bucket_is_waited_for(shop: Shop) -> None:
    """Somebody else's app is not in our count: then Shopify says so, and we wait as long as it takes."""
    from sandbox.shopify.shelf import shelf_of

    found = shop.connected()
    shelf = shelf_of(shop.world)
    shop.world.limits.enabled = True
    try:
        shelf.points[:] = [-30.0, shop.world.clock.now()]
        assert found.check().name == "Demo Pod"
    finally:
        shop.world.limits.enabled = False
    assert (shop.world.store.get("shopify_count", "throttled") or {})["n"] >= 1


def test_a_large_catalogue_comes_by_one_bulk_operation(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "LARGE", 100)
    found: PullsProducts = shop.connected()
    ids = shop.there.add_products(products=[tee(f"B{n}") for n in range(300)])
    cursor, records, pages = "", [], 0
    while True:
        page = found.pull_products(None, cursor)
        records += page.records
        pages, cursor = pages + 1, page.cursor
        if page.is_last:
            break
    assert {r.external_id for r in records} == set(ids) and len(records) == 300
    assert all(isinstance(r, ProductRecord) and len(r.variants) == 2 and r.currency == "EUR" for r in records)
    assert pages >= 2


def big(count: int) -> ProductRecord:
    names = [f"V{n}" for n in range(count)]
    variants = tuple(VariantRecord(f"X-{name}", 100, {"Kind": name}) for name in names)
    return ProductRecord("Big", "EUR", variants, options=(OptionRecord("Kind", tuple(names)),), includes_tax=True)


def test_2048_variants_go_there_and_one_more_does_not(shop: Shop) -> None:
    found = shop.connected()
    answer = found.push_product(big(2048), None, None, "big")
    assert len(answer.variants) == 2048
    with pytest.raises(Refused, match="2048"):
        found.push_product(big(2049), None, None, "bigger")


def test_reads_leave_no_customers_in_the_log_of_calls(shop: Shop) -> None:
    found = shop.connected()
    shop.there.add_customers(customers=[{"email": "ada@example.com", "first_name": "Ada"}])
    assert found.pull_customers(None, "").records
    told = db.session.execute(select(OutboundCall.answer)).scalars()
    assert not [text for text in told if "ada@example.com" in text]


def test_a_question_of_ours_that_they_do_not_know_is_our_fault(shop: Shop) -> None:
    found = shop.connected()
    with pytest.raises(Misunderstood):
        Client(found.connection_id, SHOP).read("query Odd { shop { name")
