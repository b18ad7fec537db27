"""Golden payloads of contracts/woocommerce.md, and payloads that nobody would send on purpose."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shop.channels.records import (
    FulfilmentState,
    OrderRecord,
    PaymentState,
    ProductRecord,
    ProductStatus,
    Unreadable,
    VariantRecord,
    Verdict,
)
from shop.channels.woocommerce.client import parse
from shop.channels.woocommerce.reading import read_product
from shop.channels.woocommerce.reading_orders import read_coupon, read_customer, read_order
from shop.channels.woocommerce.values import Terms, grams_of, minor_of, price_of, price_text, weight_text
from shop.channels.woocommerce.writing import variant_body, write_attributes

TERMS = Terms("EUR", "kg", True)
PRODUCT: dict[str, Any] = {
    "id": 501, "name": "Fjord Tee", "slug": "fjord-tee", "type": "variable", "status": "publish", "sku": "FJ",
    "price": "24.90", "regular_price": "", "sale_price": "", "description": "<p>Organic cotton</p>",
    "short_description": "", "manage_stock": False, "stock_quantity": None, "stock_status": "instock", "weight": "0.18",
    "date_created_gmt": "2026-10-02T08:00:00", "date_modified_gmt": "2026-11-20T09:15:00",
    "attributes": [{"id": 0, "name": "Size", "position": 0, "visible": True, "variation": True, "options": ["S", "M"]}],
    "variations": [502, 503], "images": [{"id": 77, "src": "https://shop.test/front.png", "name": "front", "alt": ""}],
    "categories": [{"id": 9, "name": "Shirts", "slug": "shirts"}], "tags": [{"id": 4, "name": "Tom &amp; Jerry"}],
    "meta_data": [{"id": 1, "key": "_pod_design", "value": "d-42"}],
}  # fmt: skip
VARIATION: dict[str, Any] = {
    "id": 502, "parent_id": 501, "sku": "FJ-S", "price": "24.90", "regular_price": "24.90", "sale_price": "",
    "status": "publish", "manage_stock": True, "stock_quantity": 12, "stock_status": "instock", "backorders": "no",
    "weight": "0.18", "image": {"id": 77, "src": "https://shop.test/front.png"},
    "attributes": [{"id": 0, "name": "Size", "option": "S"}], "date_modified_gmt": "2026-11-20T09:15:00",
}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": 727, "number": "727", "status": "processing", "currency": "EUR", "prices_include_tax": True,
    "date_created_gmt": "2026-11-20T10:00:00", "date_modified_gmt": "2026-11-20T10:01:00",
    "date_paid_gmt": "2026-11-20T10:00:30", "customer_id": 25, "discount_total": "4.20", "discount_tax": "0.80",
    "shipping_total": "4.12", "shipping_tax": "0.78", "total_tax": "7.73", "total": "48.43",
    "billing": {"first_name": "Ada", "last_name": "Lovelace", "email": "a@example.com", "country": "DE"},
    "payment_method": "stripe", "transaction_id": "pi_1",
    "line_items": [
        {"id": 315, "name": "Fjord Tee - S", "product_id": 501, "variation_id": 502, "quantity": 2,
         "subtotal": "40.78", "subtotal_tax": "7.75", "total": "36.58", "total_tax": "6.95", "sku": "FJ-S",
         "price": 18.29, "meta_data": [
             {"id": 1, "key": "_hidden", "value": "x"},
             {"id": 2, "key": "name", "value": "Ada", "display_key": "Name", "display_value": "Ada"}]}
    ],
    "shipping_lines": [{"id": 317, "method_title": "Flat rate", "total": "4.12", "total_tax": "0.78"}],
    "coupon_lines": [{"id": 319, "code": "welcome5", "discount": "4.20", "discount_tax": "0.80"}], "refunds": [],
}  # fmt: skip


def changed(thing: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**copy.deepcopy(thing), **more}


def test_a_product_of_the_contract() -> None:
    other = changed(VARIATION, id=503, sku="FJ-M", regular_price="29.90", sale_price="24.90", attributes=[])
    found = read_product(PRODUCT, [VARIATION, other], TERMS)
    assert isinstance(found, ProductRecord)
    assert (found.external_id, found.title, found.status, found.currency) == (
        "501", "Fjord Tee", ProductStatus.ACTIVE, "EUR",
    )  # fmt: skip
    assert found.updated_at == datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
    assert found.tags == ("Tom & Jerry",)
    small, medium = found.variants
    assert (small.external_id, small.sku, small.price_minor, small.stock) == ("501:502", "FJ-S", 2490, 12)
    assert (small.weight_grams, small.image_external_id, dict(small.options)) == (180, "77", {"Size": "S"})
    assert (medium.price_minor, medium.compare_at_minor, dict(medium.options)) == (2490, 2990, {"Size": "Any"})
    assert found.images[0].is_main and found.images[0].external_id == "77"
    assert {"vendor", "barcode", "seo_title"} <= set(found.missing)
    assert found.unknown["categories"] == PRODUCT["categories"]


@pytest.mark.parametrize(
    "spoiled",
    [
        None, [], "text", 7, {}, {"id": "501"}, {"id": 0, "name": "x"}, {"id": 501}, changed(PRODUCT, name=None),
        changed(PRODUCT, type="simple", price="free!"), changed(PRODUCT, type="simple", price="-1"),
        changed(PRODUCT, type="simple", price="1e99"), changed(PRODUCT, type="simple", price="NaN"),
        changed(PRODUCT, type="grouped"), changed(PRODUCT, attributes="S"), changed(PRODUCT, images={"a": 1}),
        changed(PRODUCT, attributes=[{"variation": True, "name": "x", "options": None}]),
        changed(PRODUCT, date_modified_gmt="yesterday"), changed(PRODUCT, type="simple", weight="heavy"),
        changed(PRODUCT, type="simple", variations=[], manage_stock=True, stock_quantity="many"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_kept(spoiled: Any) -> None:
    found = read_product(spoiled, [], TERMS)
    assert isinstance(found, Unreadable) and found.why and found.raw is spoiled


def test_a_huge_and_strange_product_is_read() -> None:
    many = [changed(VARIATION, id=1000 + n, sku=f"V{n}", price="", regular_price="") for n in range(2048)]
    found = read_product(changed(PRODUCT, name="🏔️ قميص " * 200, description="<div>" * 50_000), many, TERMS)
    assert isinstance(found, ProductRecord) and len(found.variants) == 2048
    assert found.variants[0].price_minor == 0


def test_an_order_of_the_contract() -> None:
    found = read_order(ORDER)
    assert isinstance(found, OrderRecord)
    (line,) = found.lines
    assert (line.unit_minor, line.quantity, line.discount_minor, line.tax_minor) == (2039, 2, 420, 695)
    assert (line.variant_external_id, line.sku, dict(line.properties)) == ("501:502", "FJ-S", {"Name": "Ada"})
    assert (found.total_minor, found.tax_minor, found.shipping_minor, found.rounding_minor) == (4843, 773, 412, 0)
    assert (found.payment, found.fulfilment) == (PaymentState.PAID, FulfilmentState.UNFULFILLED)
    assert (found.codes, found.bill_to.name, found.ship_to.country) == (("welcome5",), "Ada Lovelace", "DE")
    assert not found.taxes_included


def test_orders_in_every_state() -> None:
    refund = [{"id": 1, "reason": "", "total": "-5.00"}]
    for more, payment in (
        ({"status": "pending", "date_paid_gmt": None}, PaymentState.PENDING),
        ({"status": "failed", "date_paid_gmt": None}, PaymentState.FAILED),
        ({"refunds": refund}, PaymentState.PARTLY_REFUNDED),
        ({"refunds": [{"id": 1, "total": "-48.43"}]}, PaymentState.REFUNDED),
        ({"status": "wc-made-by-a-plugin", "date_paid_gmt": None}, PaymentState.UNKNOWN),
        ({"status": "wc-made-by-a-plugin"}, PaymentState.PAID),
    ):  # fmt: skip
        assert read_order(changed(ORDER, **more)).payment is payment  # type: ignore[union-attr]
    assert read_order(changed(ORDER, refunds=refund)).refunded_minor == 500  # type: ignore[union-attr]
    with_fee = read_order(changed(ORDER, fee_lines=[{"id": 1, "total": "2.00"}], total="50.43"))
    assert with_fee.rounding_minor == 200 and "fee_lines" in with_fee.unknown  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "more",
    [
        {"currency": "EURO"}, {"currency": None}, {"total": "lots"}, {"date_created_gmt": None}, {"line_items": "none"},
        {"line_items": [{"id": 1, "quantity": -1, "subtotal": "1", "total": "1"}]},
        {"line_items": [{"id": 1, "quantity": 0.5, "subtotal": "1", "total": "1"}]},
        {"line_items": [{"id": 1, "quantity": 1, "subtotal": "1", "total": "1", "product_id": "x"}]},
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_read_is_told(more: dict[str, Any]) -> None:
    assert isinstance(read_order(changed(ORDER, **more)), Unreadable)


def test_an_order_without_addresses_and_lines_is_read() -> None:
    found = read_order(changed(ORDER, billing=None, shipping="", line_items=[], coupon_lines=None))
    assert isinstance(found, OrderRecord) and found.ship_to.country == "" and found.email == ""


def test_money_of_every_kind() -> None:
    assert (minor_of("1200", "JPY"), minor_of("1.234", "KWD"), minor_of("24.905", "EUR")) == (1200, 1234, 2491)
    assert (grams_of("0.4", "lbs"), grams_of("0.18", "kg"), grams_of("", "kg")) == (181, 180, None)
    assert (weight_text(180, "kg"), weight_text(1000, "g"), weight_text(None, "kg")) == ("0.18", "1000", "")
    assert grams_of(weight_text(181, "lbs"), "lbs") == 181


@pytest.mark.parametrize("rate", ["19", "7", "8.1", "20", "25.5"])
def test_a_net_price_comes_back_as_it_was(rate: str) -> None:
    net = Terms("EUR", "kg", False, Decimal(rate))
    assert net.includes_tax is True
    for minor in (0, 1, 99, 1250, 2490, 2499, 999_999_99):
        assert price_of(price_text(minor, net), net) == minor
    assert price_text(2490, Terms("EUR", "kg", True, Decimal(rate))) == "24.90"


def test_only_what_differs_is_written_and_the_price_that_is_not_named_stays() -> None:
    theirs = changed(VARIATION, regular_price="29.90", sale_price="24.90")
    ours = VariantRecord("FJ-S", 1990, {"Size": "S"}, compare_at_minor=None, stock=12)

    def body(*fields: str) -> dict[str, Any]:
        return variant_body(ours, fields, TERMS, theirs, is_variation=True, has_barcode=False)

    assert body("price_minor") == {"sale_price": "19.90"}
    assert body("compare_at_minor") == {"regular_price": "24.90", "sale_price": ""}
    assert body("price_minor", "compare_at_minor") == {"regular_price": "19.90", "sale_price": ""}
    assert body("sku", "stock", "options", "is_enabled", "barcode") == {}


def test_attributes_that_are_no_options_stay() -> None:
    held = changed(PRODUCT, attributes=[
        {"id": 3, "name": "Fabric", "position": 0, "visible": True, "variation": False, "options": ["Cotton"]},
        {"id": 5, "name": "Size", "position": 1, "visible": True, "variation": True, "options": ["S", "XXL"]},
    ])  # fmt: skip
    record = read_product(PRODUCT, [VARIATION], TERMS)
    assert isinstance(record, ProductRecord)
    told = write_attributes(record, held, all_ours=False)
    assert [(a.get("id"), a["options"]) for a in told] == [(3, ["Cotton"]), (5, ["S", "XXL"])]
    assert write_attributes(record, held, all_ours=True)[1]["options"] == ["S", "M"]


def test_coupons_are_valid_or_not_or_theirs_to_judge() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    coupon = {"id": 7, "code": "ten", "amount": "10.00", "discount_type": "percent", "date_expires_gmt": None}
    assert read_coupon(coupon, "EUR", now).percent_points == 1000
    for more, verdict in (
        ({"discount_type": "fixed_cart"}, Verdict.VALID),
        ({"minimum_amount": "20.00", "usage_limit": 5, "usage_count": 4}, Verdict.VALID),
        ({"usage_limit": 5, "usage_count": 5}, Verdict.INVALID),
        ({"date_expires_gmt": "2026-11-20T00:00:00"}, Verdict.INVALID),
        ({"status": "draft"}, Verdict.INVALID),
        ({"discount_type": "fixed_product"}, Verdict.UNCERTAIN),
        ({"discount_type": "sign_up_fee"}, Verdict.UNCERTAIN),
        ({"email_restrictions": ["*@x.de"]}, Verdict.UNCERTAIN),
        ({"usage_limit_per_user": 1}, Verdict.UNCERTAIN),
        ({"maximum_amount": "100.00"}, Verdict.UNCERTAIN),
    ):  # fmt: skip
        answer = read_coupon({**coupon, **more}, "EUR", now)
        assert answer.verdict is verdict and bool(answer.why) is (verdict is not Verdict.VALID), more


def test_customers_without_an_address_are_told() -> None:
    assert isinstance(read_customer({"id": 1, "email": ""}), Unreadable)
    found = read_customer({"id": 1, "email": "a@b.de", "billing": {"address_1": "Main 1", "country": "de"}})
    assert found.addresses[0].country == "DE"  # type: ignore[union-attr]


def test_json_behind_a_notice_is_found_and_half_of_it_is_not() -> None:
    notice = b"<br />\n<b>Warning</b>: Array [x] {y} in <b>/wp/a.php</b><br />\n"
    assert parse(notice + b'[{"id":1}]') == [{"id": 1}]
    for broken in (b'[{"id":1},{"a":[1,2],"b"', b"<html><body>502</body></html>", b"", notice):
        assert not isinstance(parse(broken), dict | list)
