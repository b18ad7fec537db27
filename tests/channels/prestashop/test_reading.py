"""The page's golden payloads and worse ones, read into our records (contracts/prestashop.md §3 to §6)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.channels.prestashop.discounts import can_be_asked, judge
from shop.channels.prestashop.reading import Words, read_products
from shop.channels.prestashop.reading_orders import Around, read_customers, read_orders
from shop.channels.prestashop.terms import Terms, number, read_terms
from shop.channels.records import (
    CodeWhy,
    FulfilmentState,
    OrderRecord,
    PaymentState,
    ProductRecord,
    ProductStatus,
    Unreadable,
    Verdict,
)

SETTINGS = {"PS_TIMEZONE": "Europe/Berlin", "PS_LANG_DEFAULT": "1", "PS_WEIGHT_UNIT": "kg", "PS_CURRENCY_DEFAULT": "1"}
TERMS = Terms(SETTINGS, "EUR", Decimal("0.19"), includes_tax=True, base_url="https://shop.example")
WORDS = Words({"1": ("1", "S"), "2": ("1", "M")}, {"1": "Size"}, {"7": "summer"})
PRODUCT = orjson.loads("""
{"id":12,"id_category_default":"2","id_default_image":"31","id_default_combination":25,"id_tax_rules_group":"1","reference":"FJ","ean13":"","price":"20.920000","wholesale_price":"9.000000","weight":"0.180000",
 "active":"1","state":"1","visibility":"both","available_for_order":"1","show_price":"1","minimal_quantity":"1","product_type":"combinations","quantity":"0","date_add":"2026-10-02 10:00:00","date_upd":"2026-11-20 10:15:00",
 "name":"Fjord Tee","link_rewrite":"fjord-tee","description":"<p>Organic cotton.</p>","description_short":"",
 "associations":{"categories":[{"id":"2"}],"images":[{"id":"31"}],"combinations":[{"id":"25"},{"id":"26"}],"product_option_values":[{"id":"1"},{"id":"2"}],
 "stock_availables":[{"id":"70","id_product_attribute":"0"},{"id":"71","id_product_attribute":"25"},{"id":"72","id_product_attribute":"26"}]}}""")
COMBINATIONS = [
    {"id": 26, "id_product": "12", "reference": "FJ-M", "price": "1.680672", "weight": "0.020000", "default_on": None,
     "associations": {"product_option_values": [{"id": "2"}]}},
    {"id": 25, "id_product": "12", "reference": "FJ-S", "price": "0.000000", "weight": "0.000000", "default_on": "1",
     "ean13": "4006381333931", "associations": {"product_option_values": [{"id": "1"}], "images": [{"id": "31"}]}},
]  # fmt: skip
STOCKS = [
    {"id": 70, "id_product": "12", "id_product_attribute": "0", "quantity": "5", "out_of_stock": "2"},
    {"id": 71, "id_product": "12", "id_product_attribute": "25", "quantity": "5", "out_of_stock": "2"},
    {"id": 72, "id_product": "12", "id_product_attribute": "26", "quantity": "0", "out_of_stock": "1"},
]
ORDER = orjson.loads("""
{"id":41,"reference":"KHWLILZLL","id_address_delivery":"9","id_address_invoice":"9","id_cart":"88","id_currency":"1","id_lang":"1","id_customer":"4","id_carrier":"2","current_state":"2","module":"ps_wirepayment","payment":"Bank transfer","valid":"1",
 "date_add":"2026-11-20 10:00:00","date_upd":"2026-11-20 10:01:00","total_products":"41.84","total_products_wt":"49.790000","total_discounts":"5.000000","total_discounts_tax_incl":"5.000000","total_discounts_tax_excl":"4.200000",
 "total_shipping":"4.900000","total_shipping_tax_incl":"4.900000","total_shipping_tax_excl":"4.120000","carrier_tax_rate":"19.000","total_paid":"49.690000","total_paid_tax_incl":"49.690000","total_paid_tax_excl":"41.760000","total_paid_real":"49.690000","conversion_rate":"1.000000",
 "associations":{"order_rows":[{"id":"77","product_id":"12","product_attribute_id":"25","product_quantity":"2","product_name":"Fjord Tee - Size : S","product_reference":"FJ-S","product_ean13":"","product_price":"20.920000","id_customization":"0","unit_price_tax_incl":"24.894800","unit_price_tax_excl":"20.920000"}]}}""")
AROUND = Around(
    states={"2": {"id": 2, "name": "Payment accepted", "paid": "1", "shipped": "0"}, "4": {"paid": "1", "shipped": "1"},
            "3": {"paid": "1", "delivery": "1", "shipped": "0"}, "10": {"paid": "0"}, "6": {}, "7": {"paid": "0"}, "8": {"paid": "0"}},
    customers={"4": {"id": 4, "email": "ada@example.com"}},
    addresses={"9": {"firstname": "Ada", "lastname": "Lovelace", "address1": "Main 1", "city": "Berlin", "id_country": "1",
                     "postcode": "10115", "phone": "", "phone_mobile": "+49 1"}},
    countries={"1": "DE"}, currencies={"1": "EUR"}, carriers={"2": "Parcel post"}, codes={"41": ("WELCOME5",)},
    texts={"5": {"Text 1": "For Max"}},
)  # fmt: skip


def product(**changes: Any) -> ProductRecord | Unreadable:
    (found,) = read_products([PRODUCT | changes], COMBINATIONS, STOCKS, WORDS, TERMS)
    return found


def order(**changes: Any) -> OrderRecord | Unreadable:
    (found,) = read_orders([ORDER | changes], AROUND, TERMS)
    return found


# -- products


def test_the_golden_product_is_read() -> None:
    found = product()
    assert isinstance(found, ProductRecord)
    assert (found.external_id, found.title, found.slug, found.status) == ("12", "Fjord Tee", "fjord-tee", ProductStatus.ACTIVE)
    assert found.updated_at == datetime(2026, 11, 20, 9, 15, tzinfo=UTC), "shop-local time, Berlin in winter"
    small, medium = found.variants
    assert (small.sku, small.external_id, small.price_minor) == ("FJ-S", "12:25", 2489)
    assert (medium.sku, medium.external_id, medium.price_minor) == ("FJ-M", "12:26", 2689), "an impact, no price of its own"
    assert (small.options, medium.options) == ({"Size": "S"}, {"Size": "M"})
    assert (small.weight_grams, medium.weight_grams) == (180, 200)
    assert (small.stock, medium.stock) == (5, None), "out_of_stock=1 is sold without end"
    assert (small.barcode, small.cost_minor, small.image_external_id) == ("4006381333931", 900, "31")
    assert [option.values for option in found.options] == [("S", "M")]
    assert found.images[0].url == "https://shop.example/31-large_default/fjord-tee.jpg" and found.images[0].is_main
    assert found.includes_tax and found.unknown["visibility"] == "both" and "compare_at_minor" in found.missing


def test_a_product_without_combinations_is_its_own_variant() -> None:
    (found,) = read_products([PRODUCT], [], STOCKS, WORDS, TERMS)
    assert isinstance(found, ProductRecord)
    assert [(v.external_id, v.sku, v.stock) for v in found.variants] == [("12:0", "FJ", 5)]


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "cheap"}, {"price": "NaN"}, {"price": "1e999999"}, {"price": "-40"}, {"price": {"a": 1}}, {"name": ""},
        {"name": None}, {"name": False}, {"weight": "heavy"}, {"imprint:too_large": "too large"},
    ],
)  # fmt: skip
def test_a_product_that_cannot_be_read_is_told_with_a_story(changes: dict[str, Any]) -> None:
    found = product(**changes)
    assert isinstance(found, Unreadable) and found.external_id == "12" and found.why and found.raw["product"]["id"] == 12


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "0.000000"}, {"price": ""}, {"name": "Fjörd 🏔️ قميص"}, {"name": [{"id": 1, "value": "A"}, {"id": 2, "value": "B"}]},
        {"associations": []}, {"associations": None}, {"associations": {"images": "x", "tags": [1, {"id": "999"}]}},
        {"manufacturer_name": False}, {"date_upd": "0000-00-00 00:00:00"}, {"description": "<" * 100_000}, {"state": None},
        {"surprise": {"deep": [1, 2]}},
    ],
)  # fmt: skip
def test_an_odd_product_is_read_all_the_same(changes: dict[str, Any]) -> None:
    assert isinstance(product(**changes), ProductRecord)


def test_2048_variants_with_one_sku_are_2048_variants() -> None:
    many = [{"id": n, "id_product": "12", "reference": "SAME", "price": "0"} for n in range(1, 2049)]
    (found,) = read_products([PRODUCT], many, [], WORDS, TERMS)
    assert isinstance(found, ProductRecord) and len({v.external_id for v in found.variants}) == 2048


def test_an_option_value_that_is_not_told_parks_the_product_alone() -> None:
    odd = {"id": 9, "id_product": "13", "associations": {"product_option_values": [{"id": "404"}]}, "price": "0"}
    found = read_products([PRODUCT, PRODUCT | {"id": 13}], [*COMBINATIONS, odd], STOCKS, WORDS, TERMS)
    assert isinstance(found[0], ProductRecord)
    assert isinstance(found[1], Unreadable) and "404" in found[1].why


# -- money and time


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD", "USD"]), st.sampled_from(["0", "7", "19", "5.5", "25", "8.875"]))
def test_a_price_comes_back_as_it_was_sent(minor: int, currency: str, percent: str) -> None:
    terms = Terms({}, currency, Decimal(percent) / 100)
    assert terms.gross_minor(terms.net(minor)) == minor
    base = terms.net(minor // 3)
    assert terms.gross_minor(base + (terms.net(minor) - base)) == minor, "also through an impact"


def test_a_rate_is_read_as_merchants_write_it() -> None:
    for typed, rate in (("19", "0.19"), (" 5,5 % ", "0.055"), ("", "0")):
        assert read_terms([], "EUR", typed, "").rate == Decimal(rate)
    for typed in ("nineteen", "-1", "500", "NaN"):
        with pytest.raises(ValueError, match=r".+"):
            read_terms([], "EUR", typed, "")
    assert number(None) == number("") == 0


def test_the_hour_that_comes_twice_is_read_again_rather_than_missed() -> None:
    # clocks go back from 03:00 to 02:00 on 25 October 2026, at 01:00 UTC
    before, inside = datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert TERMS.since(before) == "2026-10-25 02:00:00", "what changes ten minutes later is told as 02:00"
    assert TERMS.since(inside) == "2026-10-25 02:00:00"
    assert TERMS.since(datetime(2026, 11, 20, 9, 15, tzinfo=UTC)) == "2026-11-20 10:15:00"
    assert TERMS.since(datetime(2026, 3, 29, 1, 30, tzinfo=UTC)) == "2026-03-29 03:30:00"
    assert TERMS.utc("2026-10-25 02:30:00") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert TERMS.utc("0000-00-00 00:00:00") is None and TERMS.utc(None) is None
    assert Terms({"PS_TIMEZONE": "../etc/passwd"}).zone.key == "UTC"


# -- orders


def test_the_golden_order_is_read() -> None:
    found = order()
    assert isinstance(found, OrderRecord)
    assert (found.external_id, found.number, found.currency, found.total_minor) == ("41", "KHWLILZLL", "EUR", 4969)
    (line,) = found.lines
    assert (line.external_id, line.sku, line.quantity, line.unit_minor) == ("77", "FJ-S", 2, 2489)
    assert (line.product_external_id, line.variant_external_id, line.tax_minor) == ("12", "12:25", 795)
    assert (found.discount_minor, found.shipping_minor, found.tax_minor) == (500, 490, 793)
    assert found.rounding_minor == 1, "49.69 is what two shirts, rounded together, come to"
    assert (found.payment, found.fulfilment) == (PaymentState.PAID, FulfilmentState.UNFULFILLED)
    assert found.placed_at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert (found.ship_to.name, found.ship_to.country, found.ship_to.phone) == ("Ada Lovelace", "DE", "+49 1")
    assert (found.codes, found.shipping_label, found.raw_status) == (("WELCOME5",), "Parcel post", "2 Payment accepted")


@pytest.mark.parametrize(
    ("state", "real", "payment", "fulfilment"),
    [
        ("3", "49.69", PaymentState.PAID, FulfilmentState.UNFULFILLED), ("4", "49.69", PaymentState.PAID, FulfilmentState.FULFILLED),
        ("10", "0", PaymentState.PENDING, FulfilmentState.UNFULFILLED), ("10", "10", PaymentState.PARTLY_PAID, FulfilmentState.UNFULFILLED),
        ("7", "49.69", PaymentState.REFUNDED, FulfilmentState.UNFULFILLED), ("8", "0", PaymentState.FAILED, FulfilmentState.UNFULFILLED),
        ("99", "0", PaymentState.UNKNOWN, FulfilmentState.UNKNOWN),
    ],
)  # fmt: skip
def test_a_state_means_what_its_flags_say(state: str, real: str, payment: PaymentState, fulfilment: FulfilmentState) -> None:
    found = order(current_state=state, total_paid_real=real)
    assert isinstance(found, OrderRecord) and (found.payment, found.fulfilment) == (payment, fulfilment)


def test_a_cancelled_order_is_known_by_the_shops_own_setting() -> None:
    terms = Terms(SETTINGS | {"PS_OS_CANCELED": "10"}, "EUR")
    (found,) = read_orders([ORDER | {"current_state": "10"}], AROUND, terms)
    assert isinstance(found, OrderRecord) and found.is_cancelled and found.fulfilment is FulfilmentState.CANCELLED


def rows(**changes: Any) -> dict[str, Any]:
    return {"associations": {"order_rows": [ORDER["associations"]["order_rows"][0] | changes]}}


@pytest.mark.parametrize(
    "changes",
    [
        {"id_currency": "77"}, {"date_add": "yesterday"}, {"total_paid_tax_incl": "lots"}, rows(product_quantity="-1"),
        rows(product_quantity="0"), rows(unit_price_tax_incl="-3"), rows(unit_price_tax_incl="x"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_read_is_told_with_a_story(changes: dict[str, Any]) -> None:
    found = order(**changes)
    assert isinstance(found, Unreadable) and found.external_id == "41" and found.why


def test_an_order_without_an_address_with_unknown_goods_and_a_text_is_read() -> None:
    found = order(id_address_delivery="0", id_customer="0", **rows(product_id="0", product_attribute_id="0", id_customization="5"))
    assert isinstance(found, OrderRecord)
    assert (found.ship_to.line1, found.email, found.customer_external_id) == ("", "", "")
    assert found.lines[0].variant_external_id == "" and found.lines[0].properties == {"Text 1": "For Max"}


def test_customers_are_read_without_their_hashes() -> None:
    rows = [{"id": 4, "email": "ada@example.com", "firstname": "Ada", "newsletter": "1", "passwd": "$2y$hash"}, {"id": 5, "email": ""}]
    ada, nobody = read_customers(rows, [{"id_customer": "4", "phone": "1", "id_country": "1"}], AROUND, TERMS)
    assert not isinstance(ada, Unreadable) and (ada.phone, ada.accepts_marketing, ada.addresses[0].country) == ("1", True, "DE")
    assert "passwd" not in ada.raw and isinstance(nobody, Unreadable)


# -- codes

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RULE = {
    "id": 3, "code": "WELCOME5", "active": "1", "date_from": "2026-11-01 00:00:00", "date_to": "2026-11-20 13:30:00",
    "quantity": "7", "reduction_percent": "0.00", "reduction_amount": "5.000000", "reduction_tax": "1",
    "reduction_currency": "1", "minimum_amount": "0", "quantity_per_user": "1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict", "minor"),
    [
        ({}, Verdict.VALID, 500), ({"reduction_tax": "0"}, Verdict.VALID, 595), ({"quantity": ""}, Verdict.VALID, 500),
        ({"quantity": None}, Verdict.VALID, 500), ({"reduction_percent": "10.00"}, Verdict.VALID, 0),
        ({"reduction_amount": "0", "free_shipping": "1"}, Verdict.VALID, 0),
        ({"active": "0"}, CodeWhy.OFF, 0), ({"quantity": "0"}, CodeWhy.USED_UP, 0),
        ({"date_to": "2026-11-20 12:59:59"}, CodeWhy.ENDED, 0), ({"date_from": "2026-11-20 13:30:00"}, CodeWhy.NOT_YET, 0),
        *(({name: "1"}, Verdict.UNCERTAIN, 500) for name in (
            "country_restriction", "carrier_restriction", "group_restriction", "cart_rule_restriction", "gift_product",
            "product_restriction", "shop_restriction", "id_customer", "reduction_exclude_special")),
        ({"reduction_product": "-1"}, Verdict.UNCERTAIN, 500), ({"reduction_currency": "2"}, Verdict.UNCERTAIN, 500),
        ({"minimum_amount": "9", "minimum_amount_shipping": "1"}, Verdict.UNCERTAIN, 500),
        ({"minimum_amount": "9", "minimum_amount_currency": "2"}, Verdict.UNCERTAIN, 500),
        ({"reduction_amount": "0"}, Verdict.UNCERTAIN, 0),
    ],
)  # fmt: skip
def test_a_cart_rule_is_judged_by_what_its_row_can_say(changes: dict[str, Any], verdict: Any, minor: int) -> None:
    found = judge(RULE | changes, TERMS, NOW)
    if isinstance(verdict, CodeWhy):
        assert (found.verdict, found.why) == (Verdict.INVALID, verdict)
    else:
        assert (found.verdict, found.amount_minor) == (verdict, minor)
        assert bool(found.why) == (verdict is Verdict.UNCERTAIN)


def test_a_minimum_is_told_with_its_tax() -> None:
    assert judge(RULE | {"minimum_amount": "20.00", "minimum_amount_tax": "1"}, TERMS, NOW).minimum_minor == 2000
    assert judge(RULE | {"minimum_amount": "20.00", "minimum_amount_tax": "0"}, TERMS, NOW).minimum_minor == 2380


def test_a_code_with_an_operator_is_never_asked_for() -> None:
    assert can_be_asked("WELCOME5") and can_be_asked("Grüße 5")
    assert not any(can_be_asked(code) for code in ("", "A|B", "[A]", "%A", "A" * 300))
