"""WooCommerce shops as they are found in the wild: servers that swallow keys, plugins, old versions, firewalls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
import requests
from sqlalchemy import select

from sandbox.woocommerce.shop import KEYS
from shop.channels import registry
from shop.channels.connector import TokenKind
from shop.channels.models import Connection
from shop.channels.records import AddressRecord, FulfilmentState, OrderLineRecord, OrderRecord, PaymentState
from shop.channels.tokens import Token, store_tokens
from shop.channels.woocommerce.connector import WooCommerce
from shop.channels.woocommerce.values import Odd, parts_of
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import NeedsReconnect, RateLimited, Refused, Unavailable
from shop.extensions import db
from shop.inbound.verifying import Forged
from shop.outbound.models import OutboundCall
from tests.channels.conformance import Conformance, mug, tee


class Woo(Conformance):
    platform = "woocommerce"

    def shop(self, **settings: Any) -> None:
        self.town.control("POST", "woocommerce/main", **settings)

    def woo(self, **settings: Any) -> WooCommerce:
        """A connection to the shop as it is now, its facts remembered as by the wizard."""
        connection_id = self.there.connect(**settings)
        db.session.remove()
        self._row = db.session.get_one(Connection, connection_id)
        found = registry.connector_of(self._row)
        assert isinstance(found, WooCommerce)
        return found


for _name in [name for name in vars(Conformance) if name.startswith("test_")]:
    setattr(Woo, _name, None)  # run once, in test_woocommerce.py


class TestShops(Woo):
    @pytest.mark.parametrize(
        ("settings", "facts"),
        [
            ({"drops_authorization": True}, {"auth": "query"}),
            ({"pretty_permalinks": False}, {"route": "query"}),
            ({"pretty_permalinks": False, "drops_authorization": True}, {"route": "query", "auth": "query"}),
            ({"notices": True}, {"auth": "basic"}),
            ({"is_old": True}, {"sorts_by_change": False}),
            ({"blocks_put": True}, {}),
            ({"gift_cards": True}, {"gift_cards": "readable"}),
        ],
    )  # fmt: skip
    def test_an_unusual_shop_works_all_the_same(self, settings: dict[str, Any], facts: dict[str, Any]) -> None:
        self.shop(**settings)
        woo = self.woo()
        assert {name: woo.facts[name] for name in facts} == facts
        ids = self.there.add_products(products=[tee("UN"), *(mug(f"U{n}") for n in range(220 if "is_old" in settings else 2))])
        assert {r.external_id for r in self.read_all(woo.pull_products)} == set(ids)
        made = woo.push_product(self.ours("UO"), None, None, "unusual")
        woo.set_stock(made.variants["UO-S"], 9, "unusual")
        assert {v.sku: v.stock for v in woo.get_product(made.external_id).variants}["UO-S"] == 9  # type: ignore[union-attr]
        with transaction() as session:
            told = [f"{r} {a}" for r, a in session.execute(select(OutboundCall.request, OutboundCall.answer))]
        assert told and not [line for line in told if "ck_5a" in line or "cs_7b" in line]

    @pytest.mark.parametrize("way", ["fulfillments", "shipment_tracking", "note"])
    def test_a_parcel_is_told_in_the_best_way_the_shop_has(self, way: str) -> None:
        self.shop(fulfillments=way == "fulfillments", shipment_tracking=way == "shipment_tracking")
        woo = self.woo()
        order_id = self.sold()
        order = woo.get_order(order_id)
        assert order is not None
        first, second = (line.external_id for line in order.lines)
        part = woo.add_fulfilment(order_id, {first: 2}, "UPS", "1Z9", "https://track.example.com/1Z9", "parcel-1")
        assert woo.add_fulfilment(order_id, {first: 2}, "UPS", "1Z9", "https://track.example.com/1Z9", "parcel-1") == part
        assert woo.get_order(order_id).fulfilment is FulfilmentState.UNFULFILLED, "one line is still to come"  # type: ignore[union-attr]
        parcels = self.there.list_orders()[order_id]["parcels"]
        assert parcels == [{"carrier": "UPS", "number": "1Z9", "url": "https://track.example.com/1Z9"}]
        other = woo.add_fulfilment(order_id, {second: 1}, "DHL", "D7", "https://track.example.com/D7", "parcel-2")
        assert other != part
        parcels = self.there.list_orders()[order_id]["parcels"]
        assert [parcel["number"] for parcel in parcels] == ["1Z9", "D7"]
        if way == "fulfillments":  # this one alone knows what each parcel held
            assert woo.get_order(order_id).fulfilment is FulfilmentState.FULFILLED  # type: ignore[union-attr]

    def test_a_key_that_may_only_read_is_told_before_it_fails(self) -> None:
        keys = {"consumer_key": "ck_" + "1" * 40, "consumer_secret": "cs_" + "2" * 40}
        self.shop(keys=[{**keys, "permissions": "read"}])
        with transaction() as session:
            row = Connection(channel="woocommerce", store_url=self.there.account()["store_url"], status="connecting")
            session.add(row)
            session.flush()
            store_tokens(session, row.id, [Token(TokenKind.API_KEY, orjson.dumps(keys).decode())])
            woo = WooCommerce(row)
        assert woo.check().missing == ("write",)
        with pytest.raises(Refused) as caught:
            woo.create_order(self.an_order(), "K1")
        assert "may not do this" in caught.value.user_message
        with transaction() as session:
            assert session.get_one(Connection, woo.connection_id).status == "connecting", "reading still works"

    def an_order(self) -> OrderRecord:
        line = OrderLineRecord("Tee", 1, 2490, sku="SO-S")
        home = AddressRecord("Ada Lovelace", country="DE")
        return OrderRecord(
            "", "IMP-9", "EUR", (line,), 2490, clock.now(), PaymentState.PAID, FulfilmentState.UNFULFILLED,
            "a@example.com", home, home,
        )  # fmt: skip

    def test_a_shop_without_woocommerce_and_an_address_without_a_shop(self) -> None:
        woo = self.woo()
        self.shop(has_woocommerce=False)
        with pytest.raises(Refused, match="no WooCommerce"):
            woo.check()
        woo.client.store_url = f"{self.town.sandbox_url}/nothing-here"
        with pytest.raises(Refused):
            woo.check()
        woo.client.store_url = "http://shop.example.com"
        with pytest.raises(Refused, match="https"):
            woo.check()

    def test_a_key_that_was_taken_back_stops_the_calls(self) -> None:
        woo = self.woo()
        self.shop(keys=[])
        with pytest.raises(NeedsReconnect, match="Consumer key is invalid"):
            woo.pull_products(None, "")
        with transaction() as session:
            assert session.get_one(Connection, woo.connection_id).status == "reconnect"

    def test_a_firewall_says_when(self) -> None:
        woo = self.woo()
        self.shop(waf_limit=2)
        self.world.limits.enabled = True
        try:
            with pytest.raises(RateLimited) as caught:
                for _ in range(5):
                    woo.pull_orders(None, "")
        finally:
            self.world.limits.enabled = False
        assert caught.value.retry_at is not None and caught.value.retry_at > clock.now()

    def test_an_empty_answer_is_no_empty_shop(self) -> None:
        woo = self.woo()
        self.there.add_products(products=[mug(f"E{n}") for n in range(5)])
        self.fault("empty_list", match="/products$")
        with pytest.raises(Unavailable):
            woo.pull_products(None, "")
        self.fault("truncated", match="/products$")
        assert len(self.read_all(woo.pull_products)) == 5

    # -- writing

    def test_a_variant_they_refuse_is_named_and_the_others_are_made(self) -> None:
        woo = self.woo()
        self.there.add_products(products=[mug("TK-S")])
        with pytest.raises(Refused, match="TK-S: Invalid or duplicated SKU"):
            woo.push_product(self.ours("TK"), None, None, "taken")
        (there,) = [p for p in self.there.list_products().values() if p["title"].startswith("Our")]
        assert [v["sku"] for v in there["variants"]] == ["TK-M"]

    def test_a_sku_in_the_trash_is_told_with_its_product(self) -> None:
        woo = self.woo()
        (old,) = self.there.add_products(products=[mug("TR")])
        requests.delete(
            f"{woo.store_url}/wp-json/wc/v3/products/{old}", auth=tuple(KEYS.values()), timeout=10
        ).raise_for_status()
        assert woo.get_product(old) is None
        base = self.ours("TR")
        alone = replace(base, options=(), variants=(replace(base.variants[0], sku="TR", options={}),))
        with pytest.raises(Refused) as caught:
            woo.push_product(alone, None, None, "trash")
        assert f"the product {old} (it may be in the trash)" in caught.value.user_message

    def test_more_than_a_batch_of_variants_is_made_and_changed(self) -> None:
        woo = self.woo()
        base = self.ours("BA")
        sizes = tuple(f"S{n}" for n in range(130))
        made = [replace(base.variants[0], sku=f"BA-{size}", options={"Size": size}) for size in sizes]
        product = replace(base, variants=tuple(made), options=(replace(base.options[0], values=sizes),))
        known = woo.push_product(product, None, None, "batch")
        assert len(known.variants) == 130
        dearer = replace(product, variants=tuple(replace(v, price_minor=3000) for v in made))
        before = self.there.count_writes()
        woo.push_product(dearer, known, ["variants.price_minor"], "batch-2")
        assert self.there.count_writes() - before == 2, "100 and 30"
        woo.push_product(dearer, known, ["variants.price_minor"], "batch-3")
        assert self.there.count_writes() - before == 2, "what is so already is not written"

    def test_one_variant_becomes_several(self) -> None:
        woo = self.woo()
        base = self.ours("GR")
        alone = replace(base, options=(), variants=(replace(base.variants[0], options={}),))
        known = woo.push_product(alone, None, None, "grow")
        assert known.variants == {"GR-S": f"{known.external_id}:0"}
        grown = woo.push_product(base, known, ["variants", "options"], "grow-2")
        assert set(grown.variants) == {"GR-S", "GR-M"} and grown.external_id == known.external_id

    def test_prices_without_tax_are_spoken_of_with_it(self) -> None:
        self.shop(prices_include_tax=False)
        woo = self.woo(tax_rate="19")
        known = woo.push_product(replace(self.ours("NE"), includes_tax=True), None, None, "net")
        assert self.world.store.all("woo:main:variation")[0]["regular_price"] == "20.924370"
        back = woo.get_product(known.external_id)
        assert back is not None and back.includes_tax is True
        assert {v.sku: (v.price_minor, v.compare_at_minor) for v in back.variants} == {
            "NE-S": (2490, None), "NE-M": (2690, 2990),
        }  # fmt: skip

    def test_codes_of_another_platform_are_no_variants(self) -> None:
        for text in ("gid://shopify/ProductVariant/1", "1:2:3", "", "a:1"):
            with pytest.raises(Odd):
                parts_of(text)
        with pytest.raises(Refused):
            self.woo().set_stock("gid://shopify/ProductVariant/1", 1, "k")

    # -- hooks

    def test_the_vector_of_the_contract_and_the_unsigned_ping(self) -> None:
        body, secret = b'{"id":727,"status":"processing","total":"29.35"}', "wc-secret-1"
        headers = {
            "X-WC-Webhook-Signature": "Q4C7ULmvJFViMqvcZyI7wsJdRAxo0OhLqcT+rRTDBhY=",
            "X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-ID": "9",
        }  # fmt: skip
        (call,) = WooCommerce.read_webhook(headers, body, [secret])
        assert (call.topic, call.external_id) == ("order.changed", "727")
        assert WooCommerce.read_webhook({}, b"webhook_id=123", [secret]) == []
        for forged in (b"webhook_id=123&x=1", b"webhook_id=", b"webhook_id=1\n"):
            with pytest.raises(Forged):
                WooCommerce.read_webhook({}, forged, [secret])

    def test_a_hook_that_fails_is_disabled_there_and_noticed(self) -> None:
        woo = self.woo()
        url, first = self.listen()
        self.town.control("POST", f"receiver/{self.platform}", mode="500")
        (product,) = self.there.add_products(products=[mug("HF")])
        for number in range(7):
            self.there.change_product(external_id=product, changes={"title": f"T{number}"})
            self.world.hooks.wait_idle(10)
        standing = woo.list_webhooks()
        assert "product.updated" not in standing and "order.updated" in standing
        assert woo.ensure_webhooks(url, self.signing_secret()) == first
        assert woo.list_webhooks() == first
        renewed = woo.ensure_webhooks(url, "another secret, as the first one was told")
        assert renewed == first, "the same subscriptions sign with the new secret"
        self.town.control("POST", f"receiver/{self.platform}", mode="ok")
        self.world.store.reset("received")
        self.there.change_product(external_id=product, changes={"title": "Again"})
        (came,) = self.heard()
        assert WooCommerce.read_webhook(*came, ["another secret, as the first one was told"])

    def test_a_variation_is_told_as_its_product(self) -> None:
        self.woo()
        self.listen()
        (product,) = self.there.add_products(products=[tee("HV")])
        self.world.hooks.wait_idle(10)
        self.world.store.reset("received")
        self.there.change_product(external_id=product, changes={"variants": [{"sku": "HV-S", "price_minor": 5}]})
        calls = [c for came in self.heard() for c in WooCommerce.read_webhook(*came, [self.signing_secret()])]
        assert {(c.topic, c.external_id) for c in calls} == {("product.changed", product)}

    # -- keys handed over

    def test_keys_are_handed_over_without_typing(self) -> None:
        woo, token = self.woo(), "an-unguessable-token-of-ours"
        callback = f"{self.town.sandbox_url}/receiver/handover"
        self.town.control("POST", "receiver/handover", mode="ok")
        back = "https://imprint.example.com/admin/channels/done"
        url = WooCommerce.handover_url({"store_url": woo.store_url + "/"}, token, back, callback)
        told = requests.get(url, allow_redirects=False, timeout=10)
        assert told.status_code == 500, "the shop wants a 200, and our receiver's 204 is none"
        (came,) = [c for c in self.world.store.all("received") if c["receiver"] == "handover"]
        found, secrets = WooCommerce.read_handover(came["body"].encode())
        assert found == token and set(secrets) == {"consumer_key", "consumer_secret"}
        refused = requests.get(url + "&refuse=1", allow_redirects=False, timeout=10)
        assert refused.headers["Location"] == f"{back}?user_id={token}&success=0"
        good = orjson.loads(came["body"])
        for wrong in (
            b"", b"[]", b"not json", orjson.dumps({**good, "user_id": 1}), orjson.dumps({**good, "user_id": "short"}),
            orjson.dumps({**good, "key_permissions": "read"}), orjson.dumps({**good, "consumer_key": "x"}),
            orjson.dumps({**good, "consumer_secret": "cs_" + "x" * 500}), orjson.dumps({**good, "consumer_key": None}),
        ):  # fmt: skip
            with pytest.raises(Forged):
                WooCommerce.read_handover(wrong)
