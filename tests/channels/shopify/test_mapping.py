"""What Shopify tells and what it is told, against the payloads of its contract page; and records that fit nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from shop.channels.records import (
    CustomerRecord,
    FulfilmentState,
    OptionRecord,
    OrderRecord,
    PaymentState,
    ProductRecord,
    ProductStatus,
    Unreadable,
    VariantRecord,
    Verdict,
)
from shop.channels.shopify import bulk, checking, hearing, ordering, writing
from shop.channels.shopify.client import check_user_errors
from shop.channels.shopify.reading import Odd, read_grams, read_minor, read_product
from shop.channels.shopify.reading_orders import read_customer, read_order
from shop.errors import Refused, Unavailable
from shop.inbound.verifying import Forged
from tests.channels.shopify.payloads import SHOP, money, order, product

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_sample_product_of_the_contract() -> None:
    record = read_product(product(), SHOP)
    assert isinstance(record, ProductRecord)
    assert (record.external_id, record.title, record.slug) == ("gid://shopify/Product/9001", "Fjord Tee", "fjord-tee")
    assert (record.status, record.vendor, record.kind, record.tags) == ("active", "PodShop", "T-Shirt", ("pod",))
    assert (record.currency, record.includes_tax) == ("EUR", True)
    assert record.options == (OptionRecord("Size", ("S", "M"), 0, "gid://shopify/ProductOption/1"),)
    assert record.updated_at == datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
    (picture,) = record.images
    assert (picture.alt, picture.is_main, picture.external_id) == ("front", True, "gid://shopify/MediaImage/5")
    (variant,) = record.variants
    assert (variant.sku, variant.price_minor, variant.stock, variant.weight_grams) == ("FJ-S", 2490, 12, 180)
    assert (variant.cost_minor, variant.compare_at_minor, dict(variant.options)) == (710, None, {"Size": "S"})
    assert variant.facts["inventory_item"] == "gid://shopify/InventoryItem/170"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("24.90", "EUR", 2490), ("1200", "JPY", 1200), ("1.234", "KWD", 1234), ("0.00", "EUR", 0), ("0.005", "EUR", 1)],
)
def test_amounts_follow_their_currency(text: str, currency: str, minor: int) -> None:
    assert read_minor(text, currency) == minor


@pytest.mark.parametrize("text", ["", "abc", None, "NaN", "Infinity", "1e30", {}, "24,90"])
def test_what_is_no_amount_is_odd(text: Any) -> None:
    with pytest.raises(Odd):
        read_minor(text, "EUR")


@pytest.mark.parametrize(
    ("weight", "grams"),
    [({"value": 0.18, "unit": "KILOGRAMS"}, 180), ({"value": 0.4, "unit": "POUNDS"}, 181), (None, None),
     ({"value": 1, "unit": "OUNCES"}, 28), ({"value": 0, "unit": "GRAMS"}, None), ({"value": 1, "unit": "STONES"}, None)],
)  # fmt: skip
def test_weights_are_whole_grams(weight: Any, grams: int | None) -> None:
    assert read_grams(weight) == grams


def test_a_product_without_options_and_one_that_is_not_published() -> None:
    plain = [{"id": "o", "name": "Title", "optionValues": [{"id": "v", "name": "Default Title"}]}]
    node = product(options=plain, publishedAt=None)
    node["variants"]["nodes"][0]["selectedOptions"] = [{"name": "Title", "value": "Default Title"}]
    record = read_product(node, SHOP)
    assert isinstance(record, ProductRecord)
    assert (record.options, dict(record.variants[0].options), record.status) == ((), {}, ProductStatus.DRAFT)


def broken(**changes: Any) -> dict[str, Any]:
    node = product()
    node["variants"]["nodes"][0] |= changes
    return node


@pytest.mark.parametrize(
    "node",
    [None, [], "x", {}, {"id": "gid://shopify/Product/1"}, product(title=""), product(title=None), product(options=None),
     product(media=None), product(variants={"nodes": None}), product(variants={"nodes": [None]}),
     product(descriptionHtml="<b>" * 300_000), broken(price="twelve"), broken(price=None), broken(selectedOptions=7),
     product(updatedAt="yesterday"), product(options=[{"name": "Size"}])],
)  # fmt: skip
def test_what_fits_nowhere_is_told_and_stops_nobody(node: Any) -> None:
    record = read_product(node, SHOP)
    assert isinstance(record, Unreadable) and record.why and record.raw is node


def test_tricky_products_are_products() -> None:
    many = product(title="قميص 🏔️ <script>", descriptionHtml="<p>" * 1000)
    one = many["variants"]["nodes"][0]
    many["variants"]["nodes"] = [one | {"id": f"v{n}", "sku": "SAME", "price": "0.00"} for n in range(2048)]
    record = read_product(many, SHOP)
    assert isinstance(record, ProductRecord) and len(record.variants) == 2048 and record.variants[0].price_minor == 0


def ours(count: int = 2) -> ProductRecord:
    sizes = tuple(f"S{n}" for n in range(count))
    variants = tuple(VariantRecord(f"SKU-{s}", 2490, {"Size": s}, weight_grams=180) for s in sizes)
    return ProductRecord("Our Tee", "EUR", variants, options=(OptionRecord("Size", (*sizes, "unused")),))


def test_a_product_is_written_whole_and_its_option_values_are_those_in_use() -> None:
    given = writing.write_product(ours(), "our-tee", "key-1")
    assert given["productOptions"] == [{"name": "Size", "position": 1, "values": [{"name": "S0"}, {"name": "S1"}]}]
    first = given["variants"][0]
    assert (first["sku"], first["price"]) == ("SKU-S0", "24.90")
    assert first["optionValues"] == [{"optionName": "Size", "name": "S0"}]
    assert first["inventoryItem"]["measurement"] == {"weight": {"value": 180.0, "unit": "GRAMS"}}
    assert "seo" not in given and given["metafields"][0]["value"] == "key-1"
    assert len(writing.write_product(ours(300), "h", "k")["variants"]) == 250, "one input holds no more"


def test_only_the_fields_named_are_in_a_change() -> None:
    record = replace(ours(), tags=("a", " "), seo_text="words", status=ProductStatus.ARCHIVED)
    assert writing.write_fields(record, {"title"}) == {"title": "Our Tee"}
    assert writing.write_fields(record, {"tags", "seo_text"}) == {"tags": ["a"], "seo": {"description": "words"}}
    assert writing.write_fields(record, {"status"}) == {"status": "ARCHIVED"}
    assert writing.write_fields(record, {"variants.price_minor", "images", "slug"}) == {}
    assert writing.write_variant(record.variants[0], "EUR", {"price_minor"}) == {"price": "24.90"}
    assert writing.write_variant(record.variants[0], "JPY", {"compare_at_minor"}) == {"compareAtPrice": None}


def test_handles_are_made_of_any_title_and_stay_the_same() -> None:
    assert writing.handles(replace(ours(), title="Größe & Café!"), "k")[0] == "grosse-cafe"
    one, two = writing.handles(replace(ours(), title="قميص 🏔️"), "k")
    assert one.startswith("product-") and one in two and (one, two) == writing.handles(replace(ours(), title="🏔️"), "k")


# -- orders


def test_the_order_of_the_contract() -> None:
    record = read_order(order())
    assert isinstance(record, OrderRecord)
    assert (record.number, record.total_minor, record.rounding_minor) == ("#1001", 4970, 0)
    assert (record.payment, record.fulfilment) == (PaymentState.PAID, FulfilmentState.UNFULFILLED)
    assert (record.ship_to.name, record.ship_to.country, record.codes) == ("Ada Lovelace", "DE", ("WELCOME5",))
    (line,) = record.lines
    assert (line.title, line.quantity, line.unit_minor, line.discount_minor) == ("Fjord Tee – S", 2, 2490, 500)
    assert dict(line.properties) == {"Text": "For Grace 🦋"}
    assert record.our_reference == "POS-2026-000123"


def lined(**changes: Any) -> dict[str, Any]:
    node = order()
    node["lineItems"]["nodes"][0] |= changes
    return node


@pytest.mark.parametrize(
    "node",
    [None, {}, order(lineItems={"nodes": []}), lined(quantity=0), lined(quantity=-1), lined(quantity="x"),
     lined(originalUnitPriceSet=money("-1.00")), lined(originalUnitPriceSet=money("1.00", "USD")),
     order(totalPriceSet=money("x")), order(createdAt=None, processedAt=None), order(name=None) | {"currencyCode": None}],
)  # fmt: skip
def test_an_order_that_fits_nowhere_is_told(node: Any) -> None:
    record = read_order(node)
    assert isinstance(record, Unreadable) and record.why


def test_an_order_without_an_address_product_or_known_status_is_an_order() -> None:
    node = lined(variant=None, product=None, variantTitle=None) | {"shippingAddress": None, "customer": None}
    record = read_order(node | {"displayFinancialStatus": "ON_THE_MOON", "displayFulfillmentStatus": None})
    assert isinstance(record, OrderRecord)
    assert (record.payment, record.fulfilment) == (PaymentState.UNKNOWN, FulfilmentState.UNKNOWN)
    assert record.raw_status == "ON_THE_MOON / " and record.lines[0].title == "Fjord Tee"
    cancelled = read_order(order(cancelledAt="2026-11-21T11:00:00Z"))
    assert isinstance(cancelled, OrderRecord) and cancelled.is_cancelled


def test_our_order_is_written_as_the_contract_has_it() -> None:
    read = read_order(order())
    assert isinstance(read, OrderRecord)
    given = ordering.write_order(replace(read, shipping_label="Pick-up"), "POS-1")
    assert (given["sourceIdentifier"], given["financialStatus"], given["taxesIncluded"]) == ("POS-1", "PAID", True)
    (line,) = given["lineItems"]
    assert line["priceSet"] == {"shopMoney": {"amount": "24.90", "currencyCode": "EUR"}}
    assert line["taxLines"][0]["priceSet"]["shopMoney"]["amount"] == "7.95"
    code = given["discountCode"]["itemFixedDiscountCode"]
    assert (code["code"], code["amountSet"]["shopMoney"]["amount"]) == ("WELCOME5", "5.00")
    assert given["transactions"][0]["amountSet"]["shopMoney"]["amount"] == "49.70"
    assert given["customer"]["toUpsert"] == {"email": "a@example.com", "firstName": "Ada", "lastName": "Lovelace"}
    assert "customerId" not in given and "taxLines" not in given


def test_customers_and_what_is_no_customer() -> None:
    node = {"id": "gid://shopify/Customer/3", "firstName": "Grace", "lastName": None, "tags": ["vip"]}
    mail = {"emailAddress": "g@example.com", "marketingState": "SUBSCRIBED"}
    found = read_customer(node | {"defaultEmailAddress": mail, "updatedAt": "2026-11-20T09:15:00Z"})
    assert isinstance(found, CustomerRecord) and (found.email, found.accepts_marketing) == ("g@example.com", True)
    protected = read_customer(node)
    assert isinstance(protected, CustomerRecord) and (protected.email, protected.accepts_marketing) == ("", None)
    assert isinstance(read_customer({}), Unreadable) and isinstance(read_customer(None), Unreadable)


# -- hooks

SECRET = "hush-shopify-client-secret"
BODY = b'{"id":820982911946154508,"name":"#9999","total_price":"25.00","currency":"EUR"}'


def test_the_vector_of_the_contract() -> None:
    """contracts/shopify.md §9; also while the secret is being changed."""
    signed = "ykmuopLFgtvNYw/ByXB4mVbdmUSDlXPcrFGuHuKuN+c="
    hearing.verify(BODY, signed, [SECRET])
    hearing.verify(BODY, signed, ["new one", SECRET])
    for body, given, secrets in ((BODY + b" ", signed, [SECRET]), (BODY, "", [SECRET]), (BODY, signed, []),
                                 (BODY, "é", [SECRET]), (BODY, signed, ["", "x"])):  # fmt: skip
        with pytest.raises(Forged):
            hearing.verify(body, given, secrets)


def heard(topic: str, body: bytes = BODY) -> list[Any]:
    signed = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"X-Shopify-Topic": topic, "X-Shopify-Hmac-SHA256": signed, "x-shopify-webhook-id": "w1"}
    return hearing.read(headers, body, [SECRET])


def test_topics_in_our_words() -> None:
    (call,) = heard("orders/create")
    assert (call.topic, call.external_id, call.dedupe_key) == ("order.changed", "gid://shopify/Order/820982911946154508", "w1")  # fmt: skip
    (call,) = heard("refunds/create", b'{"id":1,"order_id":7}')
    assert (call.topic, call.external_id) == ("order.changed", "gid://shopify/Order/7")
    (call,) = heard("inventory_levels/update", b'{"inventory_item_id":5,"available":1}')
    assert (call.topic, call.external_id) == ("stock.changed", "gid://shopify/InventoryItem/5")
    assert heard("app/uninstalled")[0].topic == "disconnected"
    for body in (b"[]", b"{", b"{}", b'{"id":"../x"}', b'{"id":null}', b"\xff"):
        assert heard("products/update", body) == []
    assert heard("themes/publish") == []


# -- codes


def rule(**changes: Any) -> dict[str, Any]:
    basic = {
        "__typename": "DiscountCodeBasic", "status": "ACTIVE", "startsAt": "2026-01-01T00:00:00Z", "endsAt": None,
        "usageLimit": None, "asyncUsageCount": 0, "appliesOncePerCustomer": False, "minimumRequirement": None,
        "codes": {"nodes": [{"code": "WELCOME5"}]}, "codesCount": {"count": 1},
        "context": {"__typename": "DiscountBuyerSelectionAll"},
        "customerGets": {"value": {"__typename": "DiscountPercentage", "percentage": 0.1},
                         "items": {"__typename": "AllDiscountItems"}},
    }  # fmt: skip
    return {"id": "gid://shopify/DiscountCodeNode/1", "codeDiscount": basic | changes}


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        (rule(), Verdict.VALID),
        (None, Verdict.INVALID),
        (rule(status="EXPIRED"), Verdict.INVALID),
        (rule(endsAt="2026-11-21T11:59:00Z"), Verdict.INVALID),
        (rule(usageLimit=3, asyncUsageCount=3), Verdict.INVALID),
        (rule(codes={"nodes": [{"code": "OTHER"}]}), Verdict.INVALID),
        (rule(appliesOncePerCustomer=True), Verdict.UNCERTAIN),
        (rule(context={"__typename": "DiscountCustomers"}), Verdict.UNCERTAIN),
        (rule(minimumRequirement={"__typename": "DiscountMinimumQuantity"}), Verdict.UNCERTAIN),
        (rule(__typename="DiscountCodeBxgy"), Verdict.UNCERTAIN),
    ],
)
def test_a_code_is_judged_or_left_to_shopify(node: Any, verdict: Verdict) -> None:
    answer = checking.read_discount(node, "welcome5", NOW)
    assert answer.verdict is verdict and bool(answer.why) is (verdict is not Verdict.VALID)


def test_ten_percent_is_a_thousand_points() -> None:
    assert checking.read_discount(rule(), "welcome5", NOW).percent_points == 1000


def card(**changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/GiftCard/1", "lastCharacters": "j4k7", "balance": {"amount": "25.00", "currencyCode": "EUR"},
        "enabled": True, "expiresOn": None, "deactivatedAt": None,
    } | changes  # fmt: skip


def test_one_hit_with_the_same_last_letters_is_the_card() -> None:
    assert checking.read_card([card()], "a5bh6h64b329j4k7", NOW).balance_minor == 2500
    for found in ([], [card(), card()], [card(lastCharacters="xxxx")], [card(enabled=False)], [card(expiresOn="2026-11-20")]):  # fmt: skip
        assert checking.read_card(found, "a5bh6h64b329j4k7", NOW).verdict is Verdict.INVALID
    assert checking.read_card([card(expiresOn="2026-11-21")], "a5bh6h64b329j4k7", NOW).verdict is Verdict.VALID


# -- errors and files


def test_every_user_error_is_told() -> None:
    errors = [{"field": ["input", "title"], "message": "can't be blank"}, {"field": None, "message": "Too many"}]
    with pytest.raises(Refused, match="title: can't be blank; Too many"):
        check_user_errors({"userErrors": errors})
    with pytest.raises(Unavailable):
        check_user_errors({"userErrors": [{"message": "busy", "code": "IDEMPOTENCY_CONCURRENT_REQUEST"}]})
    check_user_errors({"userErrors": [], "product": {}})


def test_lines_of_a_large_read_become_products_again() -> None:
    one = {"__typename": "Product", "id": "p1", "title": "One"}
    variant = {"__typename": "ProductVariant", "id": "v1", "__parentId": "p1"}
    media = {"__typename": "MediaImage", "id": "m1", "__parentId": "p1"}
    two = {"__typename": "Product", "id": "p2", "title": "Two"}
    found = bulk.gather([*(orjson.dumps(n) for n in (one, variant, media, two)), b"", b'{"id": "cut'])
    assert [node["id"] for node in found] == ["p1", "p2", ""]
    assert [v["id"] for v in found[0]["variants"]["nodes"]] == ["v1"] and len(found[0]["media"]["nodes"]) == 1
    assert isinstance(read_product(found[2], SHOP), Unreadable)


def test_a_part_of_a_file_ends_before_its_last_product() -> None:
    lines = [json.dumps({"id": "p1"}), json.dumps({"id": "v", "__parentId": "p1"}), json.dumps({"id": "p2"})]
    raw = "\n".join(lines).encode()
    cut = bulk._last_product(raw + b"\n" + b'{"id": "v2", "__par')
    assert raw[cut:].startswith(b'{"id": "p2"}')
    assert bulk._last_product(b'{"id": "p1"}\n{"id": "v", "__parentId"') == 0
