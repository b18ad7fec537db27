"""PrestaShop over real HTTP: what every connector must do, and the quirks of this one (contracts/prestashop.md §9, §11)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from sandbox.prestashop.goods import add_picture, picture
from sandbox.prestashop.seeding import KEY, READ_ONLY_KEY
from sandbox.prestashop.tables import Shop, shop_of
from shop.channels import registry
from shop.channels.connector import AcceptsOrders, TokenKind
from shop.channels.keeping import keep_secrets
from shop.channels.models import Connection
from shop.channels.prestashop import client, connector
from shop.channels.records import CustomerRecord, ImageRecord, ListingAnswer, ProductRecord, Unreadable, VariantRecord
from shop.channels.tokens import Token, store_tokens
from shop.core.transaction import transaction
from shop.errors import OutsideError, Refused, Unavailable
from shop.extensions import db
from tests.channels.conformance import Conformance, mug, tee


class TestPrestaShop(Conformance):
    platform = "prestashop"
    many: ClassVar[int] = 230

    def ours(self, sku: str = "OUR", **more: Any) -> ProductRecord:
        """Names hold no < or > there: test_writing tells what becomes of them."""
        return super().ours(sku, **{"title": f"Our Fjord «Tee» 🏔️ قميص עברית & more {sku}", **more})

    @property
    def shop(self) -> Shop:
        return shop_of(self.world)

    def count_calls(self) -> int:
        return sum(found["count"] for found in self.world.requests.counts("prestashop"))

    # -- the door

    def test_a_host_that_drops_the_header_is_reached_by_the_address(self) -> None:
        reads = self.connector
        self.shop.set_moods(no_authorization=True)
        self.there.add_products(products=[mug("CGI")])
        assert reads.check().name == "Fjord & Fell"
        assert len(self.products()) == 1
        self.fault("refuse", times=None)
        with pytest.raises(Unavailable) as caught:
            reads.pull_products(None, "")
        assert KEY not in f"{caught.value} {caught.value.detail} {caught.value.facts}"

    def test_a_webservice_that_is_off_and_a_web_page_are_told_in_words(self) -> None:
        reads = self.connector
        self.shop.set_moods(off=True)
        with told(Unavailable, "switched off"):
            reads.check()
        self.calm()
        self.shop.set_moods(off=False, moved=True)
        with told(Refused, "another address"):
            reads.check()
        self.shop.set_moods(moved=False, garbage=True)
        with pytest.raises(Unavailable):
            reads.check()
        with pytest.raises(Unavailable):
            reads.pull_products(None, "")

    def with_key(self, key: str, **settings: Any) -> Any:
        """The connector of a connection with another key or other settings."""
        connection_id = self.row.id
        with transaction() as session:
            row = session.get_one(Connection, connection_id)
            keep_secrets(session, row.id, {"api_key": key})
            store_tokens(session, row.id, [Token(TokenKind.API_KEY, key)])
            row.settings = {**row.settings, **settings}
            row.version += 1
            made = registry.class_of("prestashop")(row)
        db.session.remove()
        return made

    def test_rights_that_a_key_lacks_are_named_and_the_rest_works(self) -> None:
        (product_id,) = self.there.add_products(products=[mug("RO")])
        looks = self.with_key(READ_ONLY_KEY)
        missing = looks.check().missing
        assert "products: PUT, POST" in missing and "order_histories: POST" in missing
        assert not [right for right in missing if right.startswith("orders")]
        assert looks.get_product(product_id).title == "Mug RO"
        with told(Refused, "may not do this (PUT stock_availables)"):
            looks.set_stock(f"{product_id}:0", 3, "stock")

    def test_a_rate_that_is_none_is_told_at_the_form(self) -> None:
        with told(Refused, "write it in percent"):
            self.with_key(KEY, tax_rate="a fifth").check()
        assert self.with_key(KEY, tax_rate="").check().taxes_included is False

    # -- reading

    def test_a_page_costs_the_same_number_of_calls_however_many_are_on_it(self) -> None:
        reads, counts = self.connector, []
        reads.check()
        for number in (3, 40):
            self.there.add_products(products=[tee(f"N{number}-{n}") for n in range(number)])
            self.there.sell(sale={"lines": [{"sku": f"N{number}-0-S", "quantity": 1}]})
            reads.pull_products(None, ""), reads.pull_orders(None, "")  # names and countries are kept afterwards
            before = self.count_calls()
            reads.pull_products(None, ""), reads.pull_orders(None, "")
            counts.append(self.count_calls() - before)
        assert counts[0] == counts[1] <= 13

    def test_what_changes_between_two_pages_is_not_skipped_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connector, "PAGE", 3)
        ids = self.there.add_products(products=[mug(f"K{n}") for n in range(8)])
        reads = self.connector
        first = reads.pull_products(None, "")
        self.world.clock.advance(60)
        self.there.change_product(external_id=ids[0], changes={"title": "Moved to the end"})
        seen, cursor, is_last = [r.external_id for r in first.records], first.cursor, first.is_last
        while not is_last:
            page = reads.pull_products(None, cursor)
            seen, cursor, is_last = seen + [r.external_id for r in page.records], page.cursor, page.is_last
        assert set(seen) == set(ids) and seen.count(ids[0]) == 2

    def test_a_page_that_was_cut_short_is_not_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ids = self.there.add_products(products=[mug(f"T{n}") for n in range(7)])
        reads = self.connector
        for kind in ("truncated", "empty_list"):
            self.fault(kind, match="GET .*/products")
            assert {record.external_id for record in self.read_all(reads.pull_products)} == set(ids)

    def test_a_product_of_many_megabytes_does_not_stop_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bomb = mug("BO", description_html="<div>" * 60_000)
        ids = self.there.add_products(products=[mug("A"), tee("B"), bomb, mug("C"), mug("D")])
        monkeypatch.setattr(client, "MOST_BYTES", 100_000)
        found = self.products()
        assert set(found) == set(ids)
        assert [key for key, record in found.items() if isinstance(record, Unreadable)] == [ids[2]]
        assert "larger" in found[ids[2]].why

    # -- writing

    def test_a_change_of_one_field_wipes_nothing(self) -> None:
        (product_id,) = self.there.add_products(
            products=[tee("W", images=[self.picture("a1"), self.picture("b2")], vendor="Fell")]
        )
        before = self.there.list_products()[product_id]
        row = self.shop["products"].need(product_id)
        self.shop.save("products", {**row, "name": {"1": row["name"]["1"], "2": "Fjord-Hemd"}, "isbn": "978-3"})
        known = self.connector.get_product(product_id)
        answer = self.connector.push_product(
            replace(known, title="A new name"), _answer(known), ["title"], "title-1"
        )
        after = self.there.list_products()[product_id]
        assert after == before | {"title": "A new name"}
        row = self.shop["products"].need(product_id)
        assert (row["name"]["2"], row["isbn"], row["associations"]["categories"]) == ("Fjord-Hemd", "978-3", [{"id": "2"}])
        assert answer.variants == _answer(known).variants

    def test_nothing_new_is_no_write(self) -> None:
        (product_id,) = self.there.add_products(products=[tee("NW")])
        known = self.connector.get_product(product_id)
        before = self.there.count_writes()
        self.connector.push_product(known, _answer(known), None, "same-1")
        assert self.there.count_writes() == before

    def test_a_product_without_options_is_priced_and_named_on_itself(self) -> None:
        (product_id,) = self.there.add_products(products=[mug("SI")])
        known = self.connector.get_product(product_id)
        dearer = replace(known, variants=(replace(known.variants[0], price_minor=1399, sku="SI-2", stock=None),))
        fields = ["variants.price_minor", "variants.sku", "variants.stock"]
        self.connector.push_product(dearer, _answer(known), fields, "single-1")
        (variant,) = self.there.list_products()[product_id]["variants"]
        assert (variant["price_minor"], variant["sku"], variant["stock"]) == (1399, "SI-2", None)

    def test_a_shop_that_prints_notices_gets_everything_once(self) -> None:
        self.shop.set_moods(debug_notices=True)
        product = self.ours("DBG")
        answer = self.connector.push_product(product, None, None, "debug-1")
        self.connector.push_product(replace(product, title="Again"), answer, ["title"], "debug-2")
        ((product_id, listed),) = self.there.list_products().items()
        assert (product_id, listed["title"], len(listed["images"])) == (answer.external_id, "Again", 2)
        assert sorted(v["sku"] for v in listed["variants"]) == ["DBG-M", "DBG-S"]
        assert len(self.shop["product_options"].ids()) == 1 and len(self.shop["product_option_values"].ids()) == 2

    def test_the_merchants_own_pictures_stay_when_ours_go(self) -> None:
        known = self.listed("PX")
        goods_before = self.there.list_products()[known.external_id]["images"]
        self.there.change_product(external_id=known.external_id, changes={"title": "x"})
        own = add_picture(self.shop, int(known.external_id), picture(self.shop, 1) or b"")
        only = replace(self.ours("PX"), images=(ImageRecord(self.picture("a1")),))
        after = self.connector.push_product(only, known, ["images"], "fewer-1")
        kept = [found["id"] for found in self.shop["products"].need(known.external_id)["associations"]["images"]]
        assert len(goods_before) == 2 and kept == [*after.images.values(), str(own)]

    def test_another_currency_and_a_listing_that_is_gone_are_refused(self) -> None:
        with told(Refused, "sells in EUR"):
            self.connector.push_product(self.ours("CU", currency="USD"), None, None, "usd")
        known = self.listed("GN")
        self.there.remove_product(external_id=known.external_id)
        with told(Refused, "not there any more"):
            self.connector.push_product(self.ours("GN"), known, ["title"], "gone")
        with told(Refused, "not in the shop"):
            self.connector.set_stock(known.variants["GN-S"], 3, "gone")
        assert self.there.list_products() == {}

    def test_a_new_listing_has_the_tax_of_the_rate(self) -> None:
        known = self.listed("TX")
        row = self.shop["products"].need(known.external_id)
        assert (row["id_tax_rules_group"], row["link_rewrite"]["1"][:10]) == ("1", "our-fjord-")
        assert self.connector.get_product(known.external_id).variants[0].external_id in known.variants.values()

    def test_a_variant_is_found_by_its_reference_where_its_id_is_not_known(self) -> None:
        (product_id,) = self.there.add_products(products=[tee("RF")])
        known = self.connector.get_product(product_id)
        blank = tuple(replace(v, external_id="", price_minor=3333) for v in known.variants if v.sku == "RF-M")
        answer = self.connector.push_product(replace(known, variants=blank), _answer(known), ["variants.price_minor"], "r")
        there = {v["sku"]: (v["id"], v["price_minor"]) for v in self.there.list_products()[product_id]["variants"]}
        assert there["RF-M"] == (answer.variants["RF-M"], 3333) and there["RF-S"][1] == 2490

    def test_an_id_that_is_none_is_nothing_there(self) -> None:
        for bad in ("", "abc", "1/../../x", "12 OR 1", "٣", "9" * 40):
            assert self.connector.get_product(bad) is None and self.connector.get_order(bad) is None
            self.connector.archive_product(bad)
            with told(Refused, "not in the shop"):
                self.connector.set_stock(f"{bad}:0", 1, "stock")
            with told(Refused, "not in the shop"):
                self.connector.add_fulfilment(bad, None, "DHL", "1", "", "parcel")

    # -- orders and customers

    def test_one_parcel_for_the_whole_order_and_a_second_number_beside_it(self) -> None:
        order_id = self.sold()
        order = self.connector.get_order(order_id)
        some = {order.lines[0].external_id: 1}
        with told(Refused, "one parcel for the whole order"):
            self.connector.add_fulfilment(order_id, some, "DHL", "1", "", "part")
        everything = {line.external_id: line.quantity for line in order.lines}
        for number in ("AA1", "AA1", "BB2"):
            self.connector.add_fulfilment(order_id, everything, "DHL", number, "", f"parcel-{number}")
        there = self.there.list_orders()[order_id]
        assert ([parcel["number"] for parcel in there["parcels"]], there["history"]) == (["AA1, BB2"], ["2", "4"])
        with told(Refused, "not in the shop"):
            self.connector.add_fulfilment("4711", None, "DHL", "1", "", "nobody")

    def test_prices_that_change_later_do_not_change_an_order(self) -> None:
        order_id = self.sold()
        before = self.connector.get_order(order_id).total_minor
        ((product_id, _),) = self.there.list_products().items()
        self.there.change_product(external_id=product_id, changes={"variants": [{"sku": "SO-S", "price_minor": 1}]})
        assert self.connector.get_order(order_id).total_minor == before

    def test_names_fit_and_guests_stay_with_their_orders(self) -> None:
        guest = self.shop.save("customers", {"email": "g@example.com", "firstname": "G", "lastname": "H", "is_guest": "1"})
        record = CustomerRecord("", "g@example.com", "Grace #1", "", accepts_marketing=True)
        made = self.connector.push_customer(record, None, "guest-1")
        assert made != str(guest["id"]), "a guest's row is never taken for an account"
        person = self.there.list_customers()[made]
        assert (person["first_name"], person["last_name"], person["accepts_marketing"]) == ("Grace", "-", True)
        assert self.connector.get_customer(made).last_name == ""
        assert [r.external_id for r in self.read_all(self.connector.pull_customers)] == [made]
        assert self.connector.get_customer(made).email == "g@example.com" and self.connector.get_customer("999") is None

    def test_our_orders_are_not_taken_and_that_is_said(self) -> None:
        with pytest.raises(registry.NotOffered, match="cannot take orders made here"):
            registry.in_role(self.row, AcceptsOrders)

    @pytest.fixture(autouse=True)
    def _good_mood(self, _arrive: None) -> Iterator[None]:
        yield
        self.shop.set_moods(off=False, moved=False, garbage=False, debug_notices=False, no_authorization=False)


@contextmanager
def told(kind: type[OutsideError], words: str) -> Iterator[None]:
    """What the merchant reads."""
    with pytest.raises(kind) as caught:
        yield
    assert words in caught.value.user_message


def _answer(known: ProductRecord) -> ListingAnswer:
    variants: tuple[VariantRecord, ...] = known.variants
    return ListingAnswer(known.external_id, {v.sku: v.external_id for v in variants})
