"""What every connector must do, whatever the platform: one class that each platform's test class inherits.

    class TestWooCommerce(Conformance):
        platform = "woocommerce"

It acts as the merchant there through the platform's Stall (sandbox/channels/stall.py) and as us through the connector.
A role that is not offered skips with the platform's own words. Amounts of an order add up like this, for all:
Σ quantity × unit − discount + shipping + (tax, where taxes are not included) + rounding = total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import orjson
import pytest
import structlog
from flask import Flask
from sqlalchemy import select, update

from sandbox.world import World
from shop.channels import connector as roles
from shop.channels import registry
from shop.channels.connector import ChannelAccount, Page, TokenKind
from shop.channels.keeping import keep_secrets
from shop.channels.models import Connection, ConnectionToken
from shop.channels.records import (
    AddressRecord,
    CustomerRecord,
    FulfilmentState,
    ImageRecord,
    ListingAnswer,
    OptionRecord,
    OrderLineRecord,
    OrderRecord,
    PaymentState,
    ProductRecord,
    ProductStatus,
    Unreadable,
    VariantRecord,
    Verdict,
)
from shop.channels.tokens import Token, store_tokens
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Kind, NeedsReconnect, OutsideError, RateLimited, Refused, Unavailable
from shop.extensions import db
from shop.inbound.verifying import Forged
from shop.outbound.models import OutboundCall
from tests.channels.street import Platform
from tests.town import Town

Json = dict[str, Any]
TRICKY = "Fjord «Tee» 🏔️ قميص עברית & <b>"


def tee(sku: str = "FJ", **more: Any) -> Json:
    """A product as a Stall takes it: two variants of one option."""
    sizes = [
        {"sku": f"{sku}-S", "price_minor": 2490, "options": {"Size": "S"}, "stock": 12, "weight_grams": 180},
        {"sku": f"{sku}-M", "price_minor": 1990, "compare_at_minor": 2490, "options": {"Size": "M"}, "stock": 0,
         "weight_grams": 190},
    ]  # fmt: skip
    return {
        "title": f"Fjord Tee {sku}", "description_html": "<p>Organic cotton</p>", "status": "active",
        "tags": ["summer", "organic"], "options": ["Size"], "images": [], "variants": sizes, **more,
    }  # fmt: skip


def mug(sku: str, **more: Any) -> Json:
    """One variant, no option."""
    variant = {"sku": sku, "price_minor": 1250, "options": {}, "stock": 5}
    return {
        "title": f"Mug {sku}", "description_html": "", "status": "active", "tags": [], "options": [], "images": [],
        "variants": [variant], **more,
    }  # fmt: skip


class Conformance:
    platform: ClassVar[str] = ""
    #: more than two pages of them
    many: ClassVar[int] = 230
    #: the secret that signs hooks, by the connector's settings
    hook_secret: ClassVar[str] = "webhook_secret"

    town: Town
    world: World
    there: Platform

    @pytest.fixture(autouse=True)
    def _arrive(self, app: Flask, sandbox: World, _sandbox: tuple[World, str, str]) -> Iterator[None]:
        self.world, self.town = sandbox, Town(app, sandbox, _sandbox[1], _sandbox[2])
        self.there = Platform(self.town, self.platform)
        self._row: Connection | None = None
        yield

    # -- the connection

    @property
    def row(self) -> Connection:
        if self._row is None:
            connection_id = self.there.connect()
            db.session.remove()
            self._row = db.session.get_one(Connection, connection_id)
        return self._row

    @property
    def connector(self) -> Any:
        return registry.connector_of(self.row)

    def role(self, role: type) -> Any:
        """The connector in this role, or a skip in the platform's own words."""
        try:
            return registry.in_role(self.row, role)
        except registry.NotOffered as answer:
            pytest.skip(answer.user_message)

    def account(self) -> ChannelAccount:
        found: ChannelAccount = self.connector.check()
        return found

    def now_there(self) -> datetime:
        return datetime.fromtimestamp(self.world.clock.now(), UTC)

    def fault(self, kind: str, times: int | None = 1, match: str = ".*", **more: Any) -> None:
        self.town.fault(self.platform, kind, match=match, times=times, **more)

    def calm(self) -> None:
        self.town.no_faults()
        self.town.breathe()

    def merchant(self, verb: str, **arguments: Any) -> Any:
        """A verb that not every stand-in has."""
        try:
            return getattr(self.there, verb)(**arguments)
        except AssertionError as error:
            if " 501 " in str(error):
                pytest.skip(f"{self.platform} has no such thing: {verb}")
            raise

    @staticmethod
    def read_all(pull: Callable[[datetime | None, str], Page[Any]], since: datetime | None = None) -> list[Any]:
        """Every page to the end. A record may come twice (changed meanwhile), the last word counts."""
        found: dict[str, Any] = {}
        cursor, pages = "", 0
        while True:
            page = pull(since, cursor)
            for record in page.records:
                found[record.external_id] = record
            pages += 1
            assert pages < 100, "the pages do not end"
            if page.is_last:
                return list(found.values())
            assert page.cursor and page.cursor != cursor, "the cursor stands still"
            cursor = page.cursor

    def products(self, since: datetime | None = None) -> dict[str, Any]:
        pull = self.role(roles.PullsProducts).pull_products
        return {record.external_id: record for record in self.read_all(pull, since)}

    def ours(self, sku: str = "OUR", **more: Any) -> ProductRecord:
        """A product of ours, to be listed there."""
        account = self.account()
        product = ProductRecord(
            title=f"Our {TRICKY} {sku}",
            currency=account.currency,
            description_html="<p>Printed to order</p>",
            tags=("ours", "new"),
            options=(OptionRecord("Size", ("S", "M")),),
            images=(ImageRecord(self.picture("a1"), "front", 0, is_main=True), ImageRecord(self.picture("b2"), "", 1)),
            includes_tax=account.taxes_included,
            variants=(
                VariantRecord(f"{sku}-S", 2490, {"Size": "S"}, stock=3, weight_grams=180),
                VariantRecord(f"{sku}-M", 2690, {"Size": "M"}, compare_at_minor=2990, weight_grams=190),
            ),
        )
        return replace(product, **more)

    def picture(self, name: str) -> str:
        return f"{self.town.sandbox_url}/pictures/designs/{name}.png"

    # -- who we are

    def test_check_says_who_we_are_and_that_nothing_is_missing(self) -> None:
        account = self.account()
        assert account.external_id and account.name
        assert len(account.currency) == 3 and account.currency.isupper()
        assert account.missing == ()

    def test_a_bad_key_is_told_in_words_for_the_merchant(self) -> None:
        connection_id, bad = self.row.id, "wrong-key-3f9a"
        with transaction() as session:
            row = session.get_one(Connection, connection_id)
            names = [setting.name for setting in registry.class_of(self.platform).spec.settings]
            kinds = session.execute(select(ConnectionToken.kind)).scalars()
            keep_secrets(session, connection_id, {name: bad for name in names if name != "store_url"})
            store_tokens(session, connection_id, [Token(TokenKind(kind), bad) for kind in kinds])
            row.version += 1
            wrong = registry.class_of(self.platform)(row)
        with pytest.raises(OutsideError) as caught:
            wrong.check()
        assert isinstance(caught.value, NeedsReconnect | Refused) and caught.value.kind is Kind.MERCHANT
        assert len(caught.value.user_message) > 20 and bad not in caught.value.user_message + caught.value.detail

    def test_a_role_that_is_not_offered_is_answered_plainly(self) -> None:
        offered = registry.roles_of(self.platform)
        assert offered
        for role in registry.WORDS:
            if role in offered:
                assert registry.in_role(self.row, role) is self.connector
                continue
            with pytest.raises(registry.NotOffered, match="does not offer that"):
                registry.in_role(self.row, role)

    # -- reading products

    def test_products_come_back_as_they_are_there(self) -> None:
        self.role(roles.PullsProducts)
        picture = self.picture("a1")
        seeded = {
            "TR": tee("TR", title=TRICKY, images=[picture, self.picture("b2")]),
            "DR": tee("DR", status="draft", tags=[]),
            "MG": mug("MG"),
        }
        ids = self.there.add_products(products=list(seeded.values()))
        found = self.products()
        assert set(found) == set(ids)
        for external_id, given in zip(ids, seeded.values(), strict=True):
            record = found[external_id]
            assert isinstance(record, ProductRecord), record
            self.compare(given, record)
            assert self.connector.get_product(external_id).title == given["title"]

    def compare(self, given: Json, record: ProductRecord) -> None:
        """`given` as a Stall tells it; fields that the connector calls missing are not asked for."""
        assert record.title == given["title"]
        assert given["description_html"] in record.description_html
        assert record.status == given["status"]
        assert record.currency == self.account().currency
        if "tags" not in record.missing:
            assert sorted(record.tags) == sorted(given["tags"])
        assert [option.name for option in record.options] == given["options"]
        assert len(record.images) == len(given["images"])
        assert [image.is_main for image in record.images] == [True, False, False][: len(record.images)]
        variants = {variant.sku: variant for variant in record.variants}
        assert set(variants) == {variant["sku"] for variant in given["variants"]}
        assert record.updated_at is not None
        for wanted in given["variants"]:
            variant = variants[wanted["sku"]]
            assert variant.external_id
            assert variant.price_minor == wanted["price_minor"], wanted["sku"]
            assert dict(variant.options) == wanted["options"]
            assert variant.stock == wanted["stock"]
            if "compare_at_minor" not in record.missing:
                assert variant.compare_at_minor == wanted.get("compare_at_minor")
            if wanted.get("weight_grams") and "weight_grams" not in record.missing:
                assert variant.weight_grams == wanted["weight_grams"]

    def test_only_what_changed_comes_again_and_never_by_the_order_of_ids(self) -> None:
        self.role(roles.PullsProducts)
        ids = self.there.add_products(products=[mug(f"M{n}") for n in range(6)])
        self.world.clock.advance(3600)
        since = self.now_there().replace(microsecond=0)
        self.there.change_product(external_id=ids[4], changes={"title": "Fifth"})
        self.world.clock.advance(60)
        self.there.change_product(external_id=ids[0], changes={"title": "First"})
        changed = self.products(since)
        assert {key: record.title for key, record in changed.items()} == {ids[4]: "Fifth", ids[0]: "First"}
        edge = changed[ids[4]].updated_at  # "at or after": the very moment belongs to it
        assert {ids[4], ids[0]} <= set(self.products(edge))
        assert self.products(self.now_there() + timedelta(hours=1)) == {}

    def test_all_pages_come_to_the_end(self) -> None:
        pull = self.role(roles.PullsProducts).pull_products
        ids = self.there.add_products(products=[mug(f"P{n}") for n in range(self.many)])
        first = pull(None, "")
        second = pull(None, first.cursor)
        assert not first.is_last and not second.is_last, "more than two pages are wanted: set `many`"
        assert set(self.products()) == set(ids)

    def test_a_product_with_many_variants_is_whole(self) -> None:
        self.role(roles.PullsProducts)
        values = [f"V{n}" for n in range(130)]
        variants = [{"sku": f"W-{v}", "price_minor": 100, "options": {"Kind": v}, "stock": None} for v in values]
        (external_id,) = self.there.add_products(products=[tee("W", options=["Kind"], variants=variants)])
        assert {v.sku for v in self.products()[external_id].variants} == {f"W-{v}" for v in values}

    def test_one_that_cannot_be_read_does_not_stop_the_others(self) -> None:
        self.role(roles.PullsProducts)
        good, bad, other = self.there.add_products(products=[tee("G"), tee("B"), mug("O")])
        self.merchant("break_product", external_id=bad)
        found = self.products()
        assert set(found) == {good, bad, other}
        assert isinstance(found[bad], Unreadable) and found[bad].why and found[bad].raw is not None
        assert isinstance(found[good], ProductRecord) and isinstance(found[other], ProductRecord)

    def test_what_is_gone_is_none(self) -> None:
        reads = self.role(roles.PullsProducts)
        (external_id,) = self.there.add_products(products=[mug("GO")])
        self.there.remove_product(external_id=external_id)
        assert reads.get_product(external_id) is None
        assert external_id not in self.products()

    # -- writing products

    def test_a_listing_is_made_as_it_is_here(self) -> None:
        lists = self.role(roles.PublishesListings)
        product = self.ours()
        answer = lists.push_product(product, None, None, "make-1")
        listed = self.there.list_products()[answer.external_id]
        assert set(answer.variants) == {"OUR-S", "OUR-M"} and all(answer.variants.values())
        assert (listed["title"], listed["status"]) == (product.title, "active")
        assert len(listed["images"]) == 2
        by_sku = {variant["sku"]: variant for variant in listed["variants"]}
        assert (by_sku["OUR-S"]["price_minor"], by_sku["OUR-M"]["price_minor"]) == (2490, 2690)
        assert by_sku["OUR-S"]["options"] == {"Size": "S"}
        back = self.connector.get_product(answer.external_id)
        assert back.title == product.title
        for variant in product.variants:
            (same,) = [v for v in back.variants if v.sku == variant.sku]
            assert (same.price_minor, dict(same.options)) == (variant.price_minor, dict(variant.options))
            assert same.external_id == answer.variants[variant.sku]
        again = lists.push_product(product, answer, [], "make-1-again")
        assert again.external_id == answer.external_id, "nothing to write is no reason for a second one"

    @pytest.mark.parametrize("lost", [0, 1, 2, 3])
    def test_an_answer_that_is_lost_makes_no_second_listing(self, lost: int) -> None:
        lists = self.role(roles.PublishesListings)
        product = self.ours("LOST")
        self.fault("drop_after", skip=lost)
        try:
            answer = lists.push_product(product, None, None, "lost-1")
        except Unavailable:
            self.calm()
            answer = lists.push_product(product, None, None, "lost-1")
        self.calm()
        once_more = lists.push_product(product, None, None, "lost-1")
        (listed,) = self.there.list_products().items()
        assert answer.external_id == once_more.external_id == listed[0]
        assert sorted(v["sku"] for v in listed[1]["variants"]) == ["LOST-M", "LOST-S"]
        assert set(answer.variants) == {"LOST-S", "LOST-M"}

    def test_only_the_fields_named_are_written(self) -> None:
        lists = self.role(roles.PublishesListings)
        known = self.listed("ED")
        self.there.change_product(
            external_id=known.external_id,
            changes={"title": "The merchant's own", "variants": [{"sku": "ED-S", "price_minor": 9900}]},
        )
        product = self.known_record(replace(self.ours("ED"), description_html="<p>Better words</p>"), known)
        lists.push_product(product, known, ["description_html"], "edit-1")
        dearer = [replace(v, price_minor=3190 if v.sku == "ED-M" else v.price_minor) for v in product.variants]
        changed = replace(product, variants=tuple(v for v in dearer if v.sku == "ED-M"))
        lists.push_product(changed, known, ["variants.price_minor"], "edit-2")
        there = self.there.list_products()[known.external_id]
        assert (there["title"], there["description_html"]) == ("The merchant's own", "<p>Better words</p>")
        prices = {variant["sku"]: variant["price_minor"] for variant in there["variants"]}
        assert prices == {"ED-S": 9900, "ED-M": 3190}
        assert len(there["images"]) == 2

    def test_new_variants_are_added_and_none_is_taken_away(self) -> None:
        lists = self.role(roles.PublishesListings)
        known = self.listed("AD")
        one_more = VariantRecord("AD-L", 2890, {"Size": "L"})
        product = self.ours("AD", options=(OptionRecord("Size", ("S", "M", "L")),))
        product = self.known_record(product, known)
        product = replace(product, variants=(*product.variants, one_more))
        answer = lists.push_product(product, known, ["variants", "options"], "add-1")
        assert set(answer.variants) >= {"AD-L"}
        there = self.there.list_products()[known.external_id]
        assert sorted(v["sku"] for v in there["variants"]) == ["AD-L", "AD-M", "AD-S"]

    def test_pictures_are_kept_by_their_ids(self) -> None:
        lists = self.role(roles.PublishesListings)
        known = self.listed("PI")
        before = self.connector.get_product(known.external_id)
        assert len(before.images) == 2
        new = ImageRecord(self.picture("c3"), "back", 2)
        product = self.known_record(self.ours("PI", images=(*before.images, new)), known)
        lists.push_product(product, known, ["images"], "pictures-1")
        after = self.connector.get_product(known.external_id)
        assert len(after.images) == 3
        assert {i.external_id for i in before.images} <= {i.external_id for i in after.images}

    def test_taken_off_sale_is_not_deleted(self) -> None:
        lists = self.role(roles.PublishesListings)
        known = self.listed("AR")
        lists.archive_product(known.external_id)
        lists.archive_product(known.external_id)
        assert self.there.list_products()[known.external_id]["status"] != "active"
        assert self.connector.get_product(known.external_id).status != ProductStatus.ACTIVE

    def test_stock_is_set(self) -> None:
        takes = self.role(roles.TakesStock)
        ids = self.there.add_products(products=[tee("ST"), mug("SM")])
        found = self.products()
        for external_id, quantity in ((ids[0], 7), (ids[1], 0)):
            variant = min(found[external_id].variants, key=lambda v: v.sku)
            takes.set_stock(variant.external_id, quantity, f"stock-{external_id}")
            there = {v["sku"]: v["stock"] for v in self.there.list_products()[external_id]["variants"]}
            assert there[variant.sku] == quantity

    def listed(self, sku: str) -> ListingAnswer:
        found: ListingAnswer = self.role(roles.PublishesListings).push_product(self.ours(sku), None, None, f"key-{sku}")
        return found

    def known_record(self, product: ProductRecord, known: ListingAnswer) -> ProductRecord:
        variants = tuple(replace(v, external_id=known.variants.get(v.sku, "")) for v in product.variants)
        return replace(product, external_id=known.external_id, variants=variants)

    # -- orders

    def sold(self, **more: Any) -> str:
        self.there.add_products(products=[tee("SO")])
        sale = {
            "lines": [{"sku": "SO-S", "quantity": 2}, {"sku": "SO-M", "quantity": 1}], "email": "ada@example.com",
            "name": "Ada Lovelace", "country": "DE", "shipping_minor": 490, "is_paid": True, "note": "Ring twice",
        }  # fmt: skip
        order_id: str = self.there.sell(sale=sale | more)
        return order_id

    @staticmethod
    def adds_up(order: OrderRecord) -> bool:
        parts = sum(line.quantity * line.unit_minor for line in order.lines) - order.discount_minor
        parts += order.shipping_minor + (0 if order.taxes_included else order.tax_minor) + order.rounding_minor
        return parts == order.total_minor

    def test_orders_come_with_lines_that_are_known_and_amounts_that_add_up(self) -> None:
        reads = self.role(roles.ReportsOrders)
        order_id = self.sold()
        (order,) = self.read_all(reads.pull_orders)
        told = self.there.list_orders()[order_id]
        assert isinstance(order, OrderRecord), order
        assert (order.external_id, order.number) == (order_id, told["number"])
        assert (order.total_minor, order.currency) == (told["total_minor"], told["currency"])
        assert self.adds_up(order), order
        assert abs(order.rounding_minor) <= sum(line.quantity for line in order.lines)
        assert sorted((line.sku, line.quantity) for line in order.lines) == [("SO-M", 1), ("SO-S", 2)]
        known = {v.sku: v.external_id for record in self.products().values() for v in record.variants}
        assert all(known[line.sku] == line.variant_external_id for line in order.lines)
        assert all(line.external_id and line.product_external_id for line in order.lines)
        assert (order.payment, order.fulfilment) == (PaymentState.PAID, FulfilmentState.UNFULFILLED)
        assert order.email == "ada@example.com"
        assert (order.ship_to.name, order.ship_to.country) == ("Ada Lovelace", "DE")
        assert order.placed_at.tzinfo is not None
        assert reads.get_order(order_id).total_minor == order.total_minor

    def test_orders_that_changed_come_again_and_a_cancelled_one_says_so(self) -> None:
        reads = self.role(roles.ReportsOrders)
        first, second = (
            self.sold(),
            self.there.sell(sale={"lines": [{"sku": "SO-S", "quantity": 1}], "email": "b@x.de"}),
        )
        self.world.clock.advance(3600)
        since = self.now_there().replace(microsecond=0)
        self.there.change_order(external_id=first, changes={"is_cancelled": True})
        changed = {order.external_id: order for order in self.read_all(reads.pull_orders, since)}
        assert set(changed) == {first} and changed[first].is_cancelled
        assert not reads.get_order(second).is_cancelled

    def test_a_code_and_a_line_without_a_product_are_told(self) -> None:
        reads = self.role(roles.ReportsOrders)
        self.merchant("add_discount", discount={"code": "TEN", "percent_points": 1000})
        order_id = self.sold(code="TEN", lines=[{"sku": "SO-S", "quantity": 1}, {"title": "Gift wrap", "unit_minor": 300, "quantity": 1}])  # fmt: skip
        order = reads.get_order(order_id)
        assert [code.upper() for code in order.codes] == ["TEN"]
        assert order.discount_minor > 0 and self.adds_up(order), order
        assert "Gift wrap" in {line.title for line in order.lines}

    def test_a_status_nobody_knows_is_no_failure(self) -> None:
        reads = self.role(roles.ReportsOrders)
        order_id = self.sold()
        self.merchant("change_order", external_id=order_id, changes={"status": "on-the-moon"})
        order = reads.get_order(order_id)
        assert isinstance(order, OrderRecord) and order.raw_status

    def test_an_order_of_ours_is_made_there_once(self) -> None:
        takes = self.role(roles.AcceptsOrders)
        (product_id,) = self.there.add_products(products=[tee("PO")])
        variant = next(v for v in self.products()[product_id].variants if v.sku == "PO-S")
        line = OrderLineRecord("Tee", 2, 2490, "", "PO-S", product_id, variant.external_id)
        account = self.account()
        home = AddressRecord("Ada Lovelace", "", "Main 1", "", "Berlin", "", "10115", "DE")
        order = OrderRecord(
            "", "IMP-1", account.currency, (line,), 5470, clock.now(), PaymentState.PAID, FulfilmentState.FULFILLED,
            email="ada@example.com", ship_to=home, bill_to=home, shipping_minor=490, our_reference="IMP-1",
        )  # fmt: skip
        assert takes.find_order("IMP-1") is None
        order_id = takes.create_order(order, "IMP-1")
        assert takes.find_order("IMP-1") == order_id
        assert takes.find_order("IMP-") is None
        (told,) = self.there.list_orders().values()
        assert told["our_reference"] == "IMP-1"
        assert [(told_line["sku"], told_line["quantity"]) for told_line in told["lines"]] == [("PO-S", 2)]

    def test_a_parcel_is_told_once(self) -> None:
        takes = self.role(roles.TakesTracking)
        order_id = self.sold()
        url = "https://track.example.com/1Z9"
        self.fault("drop_after", match="^(POST|PUT)", skip=0)
        try:
            takes.add_fulfilment(order_id, None, "UPS", "1Z9", url, "parcel-1")
        except Unavailable:
            self.calm()
        self.calm()
        first = takes.add_fulfilment(order_id, None, "UPS", "1Z9", url, "parcel-1")
        assert first and takes.add_fulfilment(order_id, None, "UPS", "1Z9", url, "parcel-1") == first
        (parcel,) = self.there.list_orders()[order_id]["parcels"]
        assert parcel["number"] == "1Z9"
        assert self.role(roles.ReportsOrders).get_order(order_id).fulfilment is FulfilmentState.FULFILLED

    def test_a_refund_is_told_once_and_moves_no_money(self) -> None:
        takes, order_id = self.role(roles.TakesRefunds), self.sold()
        first = takes.record_refund(order_id, 500, self.account().currency, "refund-1")
        assert takes.record_refund(order_id, 500, self.account().currency, "refund-1") == first
        order = self.role(roles.ReportsOrders).get_order(order_id)
        assert (order.refunded_minor, order.payment) == (500, PaymentState.PARTLY_REFUNDED)

    # -- customers

    def test_customers_go_both_ways(self) -> None:
        shares = self.role(roles.SyncsCustomers)
        (known,) = self.there.add_customers(
            customers=[{"email": "grace@example.com", "first_name": "Grace 🦋", "last_name": "Hopper"}]
        )
        found = {record.external_id: record for record in self.read_all(shares.pull_customers)}
        assert (found[known].email, found[known].first_name) == ("grace@example.com", "Grace 🦋")
        record = CustomerRecord("", "ada@example.com", "Ada", "Lovelace")
        made = shares.push_customer(record, None, "customer-1")
        assert shares.push_customer(record, None, "customer-1") == made, "the same person is not made twice"
        shares.push_customer(replace(record, last_name="King"), made, "customer-2")
        assert self.there.list_customers()[made]["last_name"] == "King"

    # -- codes

    def test_a_code_is_valid_or_not_or_nobody_can_say(self) -> None:
        checks, now = self.role(roles.ChecksDiscounts), self.now_there()
        yesterday, tomorrow = (now - timedelta(days=1)).isoformat(), (now + timedelta(days=1)).isoformat()
        for discount in (
            {"code": "TEN", "percent_points": 1000, "ends_at": tomorrow},
            {"code": "FIVE", "amount_minor": 500, "minimum_minor": 2000},
            {"code": "OLD", "percent_points": 1000, "ends_at": yesterday},
            {"code": "USED", "percent_points": 1000, "usage_limit": 2, "used": 2},
            {"code": "SOME", "percent_points": 1000, "is_conditional": True},
        ):  # fmt: skip
            self.there.add_discount(discount=discount)
        ten, five = checks.check_discount("ten"), checks.check_discount("FIVE")
        assert (ten.verdict, ten.percent_points, ten.amount_minor) == (Verdict.VALID, 1000, 0)
        assert ten.ends_at is not None and ten.external_id and ten.code.upper() == "TEN"
        assert (five.verdict, five.amount_minor, five.minimum_minor) == (Verdict.VALID, 500, 2000)
        assert five.currency == self.account().currency
        for code in ("OLD", "USED", "NEVER", "TE", "TEN*", "TEN OR FIVE", "", "' OR 1=1 --", "]&[x"):
            answer = checks.check_discount(code)
            assert answer.verdict is Verdict.INVALID and answer.why, code
        some = checks.check_discount("SOME")
        assert some.verdict is Verdict.UNCERTAIN and some.why

    def test_a_gift_card_is_checked_debited_and_credited(self) -> None:
        cards = self.role(roles.HoldsGiftCards)
        code = "GIFT7K2M9QXW4ABC"
        card_id = self.there.add_gift_card(card={"code": code, "balance_minor": 2500})
        card = cards.check_gift_card(code)
        assert (card.verdict, card.balance_minor) == (Verdict.VALID, 2500)
        currency = card.currency
        assert cards.debit_gift_card(card.external_id, 1000, currency, "debit-1")
        assert cards.check_gift_card(code).balance_minor == 1500
        assert cards.credit_gift_card(card.external_id, 400, currency, "credit-1")
        assert self.there.list_gift_cards()[card_id]["balance_minor"] == 1900
        with pytest.raises(Refused):
            cards.debit_gift_card(card.external_id, 99900, currency, "debit-2")
        for unknown in ("NOSUCHCARD000000", "4ABC", "", "*"):
            assert cards.check_gift_card(unknown).verdict is Verdict.INVALID

    # -- hooks

    def signing_secret(self) -> str:
        return self.there.account()["secrets"].get(self.hook_secret) or "a-hook-secret-long-enough-to-be-one"

    def listen(self) -> tuple[str, dict[str, str]]:
        """Where their hooks go, and what ensure_webhooks answered."""
        url = f"{self.town.sandbox_url}/receiver/{self.platform}"
        return url, self.role(roles.SendsWebhooks).ensure_webhooks(url, self.signing_secret())

    def heard(self) -> list[tuple[dict[str, str], bytes]]:
        assert self.world.hooks.wait_idle(10)
        return [(came["headers"], came["body"].encode()) for came in self.world.store.all("received")]

    def test_hooks_are_read_and_forged_truncated_and_foreign_ones_refused(self) -> None:
        self.listen()
        secret, kind = self.signing_secret(), registry.class_of(self.platform)
        (product_id,) = self.there.add_products(products=[mug("HK")])
        self.there.change_product(external_id=product_id, changes={"title": "Changed"})
        order_id = self.sold()
        calls, seen = [], set()
        for headers, body in self.heard():
            found = kind.read_webhook(headers, body, ["another-secret", secret])  # type: ignore[attr-defined]
            calls += found
            again = kind.read_webhook(headers, body, [secret])  # type: ignore[attr-defined]
            assert [c.dedupe_key for c in again] == [c.dedupe_key for c in found], "a replay is known by its key"
            if not found:
                continue
            seen.add((tuple(sorted(headers.items())), body))
            for bad_headers, bad_body, secrets in (
                (headers, body + b" ", [secret]), (headers, body[: len(body) // 2], [secret]), (headers, b"", [secret]),
                (headers, body, ["another-secret"]), (headers, body, []), (headers, body, [""]), ({}, body, [secret]),
            ):  # fmt: skip
                with pytest.raises(Forged):
                    kind.read_webhook(bad_headers, bad_body, secrets)  # type: ignore[attr-defined]
        told = {(call.topic, call.external_id) for call in calls}
        assert {("product.changed", product_id), ("order.changed", order_id)} <= told
        assert all(call.dedupe_key for call in calls)
        keys = {call.dedupe_key for call in calls if (call.topic, call.external_id) == ("product.changed", product_id)}
        assert len(keys) >= 2, "two changes are two things that happened"

    def test_hooks_that_were_disabled_or_removed_are_made_again(self) -> None:
        hooks = self.role(roles.SendsWebhooks)
        url, first = self.listen()
        assert first and all(first.values())
        writes = self.there.count_writes()
        assert hooks.ensure_webhooks(url, self.signing_secret()) == first
        assert self.there.count_writes() == writes, "nothing was missing, so nothing is written"
        self.merchant("disable_hooks")
        assert set(hooks.ensure_webhooks(url, self.signing_secret())) == set(first)
        standing = [hook for hook in self.there.list_hooks() if hook["url"] == url]
        assert len(standing) == len(first) and all(hook["is_enabled"] for hook in standing)
        hooks.remove_webhooks()
        hooks.remove_webhooks()
        assert [hook for hook in self.there.list_hooks() if hook["url"] == url] == []

    # -- when it goes wrong

    def test_a_429_waits_and_goes_on_and_a_long_one_says_when(self) -> None:
        connector = self.connector
        self.fault("rate_429", delay=0)
        assert connector.check().name
        self.fault("rate_429", times=None, delay=3600)
        with pytest.raises(RateLimited) as caught:
            connector.check()
        assert caught.value.retry_at is not None
        assert timedelta(minutes=50) < caught.value.retry_at - clock.now() < timedelta(minutes=70)
        self.calm()

    @pytest.mark.parametrize("kind", ["error_500", "malformed", "half_body"])
    def test_an_answer_that_is_no_answer_waits(self, kind: str) -> None:
        reads = self.role(roles.PullsProducts)
        self.there.add_products(products=[mug("NO")])
        self.fault(kind, times=None)
        with pytest.raises(Unavailable):
            reads.pull_products(None, "")
        self.calm()
        assert len(self.products()) == 1

    def test_secrets_are_in_no_log_and_no_text(self) -> None:
        account = self.there.account()
        secrets = {value for value in account["secrets"].values() if len(value) >= 8}
        for value in account["tokens"].values():
            inner = orjson.loads(value).values() if value.startswith("{") else [value]
            secrets |= {text for text in inner if isinstance(text, str) and len(text) >= 8}
        assert secrets
        connector = self.connector
        texts = [repr(connector), str(vars(connector))]
        with structlog.testing.capture_logs() as logs:
            for kind in ("refuse", "error_500"):
                self.fault(kind, times=None)
                with pytest.raises(Unavailable) as caught:
                    connector.check()
                texts += [str(caught.value), repr(caught.value.facts), caught.value.detail, caught.value.user_message]
                self.calm()
        with transaction() as session:
            rows = session.execute(select(OutboundCall.request, OutboundCall.answer))
            texts += [f"{request} {answer}" for request, answer in rows]
            session.execute(update(Connection).where(Connection.id == self.row.id).values(problem=""))
        told = "\n".join([*texts, str(logs)])
        assert not [secret for secret in secrets if secret in told]
