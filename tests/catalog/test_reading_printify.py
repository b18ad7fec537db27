from __future__ import annotations

from typing import Any

import pytest

from shop.catalog.html import clean_html
from shop.catalog.kinds import type_of
from shop.catalog.naming import slugify, unique_slug
from shop.catalog.reading_printify import Blank, Unreadable, payload_hash, read_product
from tests.catalog.payloads import repriced, shirt, without_variant


def test_a_payload_becomes_a_product() -> None:
    product = read_product(shirt(), Blank("Unisex Softstyle T-Shirt", "Gildan", "64000"))
    assert (product.title, product.product_type, product.brand, product.status) == (
        "Fern Tee", "T-shirts", "Gildan", "active",
    )  # fmt: skip
    assert [option["key"] for option in product.options] == ["color", "size"]
    assert product.options[0]["values"][1] == {"id": 418, "title": "Black", "hex": "#1f1f21"}
    assert len(product.variants) == 6 and product.variants[0].option_value_ids == [521, 14]
    assert product.images[0].is_default and product.images[0].position == 0
    assert product.size_guide and product.size_guide["rows"][0] == ["S", 18, 28]


def test_option_values_are_matched_by_id_not_by_position() -> None:
    payload = shirt()
    payload["options"].reverse()
    assert read_product(payload).variants[0].option_value_ids == [14, 521]


def test_switched_off_variants_and_their_values_are_not_offered() -> None:
    payload = shirt()
    for number in (3, 4, 5):
        payload = without_variant(payload, number)
    product = read_product(payload)
    assert [value["title"] for value in product.options[0]["values"]] == ["White"]
    assert len(product.images) == 2


def test_hostile_html_loses_everything_that_could_run() -> None:
    dirty = (
        "<p onclick=alert(1)>Hi<script>alert(1)</script><img src=x onerror=alert(1)>"
        '<a href="javascript:alert(1)">x</a><svg><animate onbegin=alert(1)></svg><iframe src=//evil></iframe>'
        '<p style="position:fixed">y</p><math><mi xlink:href="data:x">z</mi></math>'
    )
    cleaned = clean_html(dirty)
    assert "<p>Hi" in cleaned
    for bad in ("script", "onerror", "onclick", "javascript", "<img", "<a", "svg", "iframe", "style", "math"):
        assert bad not in cleaned


def test_plain_text_becomes_paragraphs() -> None:
    assert clean_html("One & two\n\nThree") == "<p>One &amp; two</p><p>Three</p>"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "\u202e \x00"}, "title"),
        ({"title": 5}, "title"),
        ({"id": "../../etc"}, "id"),
        ({"variants": "x"}, "variants"),
        ({"options": [{}]}, "option"),
        ({"blueprint_id": "12"}, "blueprint_id"),
        ({"variants": [{"id": i, "is_enabled": True, "price": 1, "options": []} for i in range(1, 2050)]}, "2049"),
        ({"variants": [{"id": 1, "is_enabled": True, "price": 1, "options": []}] * 2}, "twice"),
    ],
)
def test_what_cannot_be_a_product_is_refused_with_a_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_product(shirt(**changes))


@pytest.mark.parametrize("price", ["24.00", 24.5, None, -1, 10**9, True, 10**40])
def test_a_price_that_is_no_amount_is_refused(price: Any) -> None:
    with pytest.raises(Unreadable, match="price"):
        read_product(repriced(shirt(), price))


def test_bounds_cut_what_is_too_long_and_too_many() -> None:
    long = shirt(
        title="x" * 5000,
        tags=[f"tag{i}" for i in range(500)],
        images=[{"src": f"https://a.example/{i}.jpg", "variant_ids": []} for i in range(500)],
        description="<b>" * 50_000 + "x" * 200_000,
    )
    product = read_product(long)
    assert len(product.title) == 300 and len(product.tags) == 50 and len(product.images) == 200
    assert len(product.description_html) <= 60_000


def test_unsafe_picture_addresses_are_left_out() -> None:
    bad = ["javascript:alert(1)", "file:///etc/passwd", "//x", None, 7, "https://" + "a" * 2000]
    assert read_product(shirt(images=[{"src": src, "variant_ids": []} for src in bad])).images == []


def test_hidden_and_empty_products_are_drafts() -> None:
    assert read_product(shirt(visible=False)).status == "draft"
    assert read_product(shirt(variants=[])).status == "draft"


def test_the_hash_ignores_key_order_locks_and_time_stamps_but_no_price() -> None:
    payload = shirt()
    same = dict(reversed(list(payload.items())))
    assert payload_hash(payload) == payload_hash({**same, "is_locked": True, "updated_at": "later", "views": [1]})
    assert payload_hash(payload) != payload_hash(repriced(payload, 2500))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Unisex Heavy Cotton Tee", "T-shirts"),
        ("Unisex Heavy Blend™ Hooded Sweatshirt", "Hoodies"),
        ("Unisex Heavy Blend™ Crewneck Sweatshirt", "Sweatshirts"),
        ("Accent Coffee Mug, 11oz", "Mugs & bottles"),
        ("Matte Vertical Posters", "Posters & prints"),
        ("Cotton Canvas Tote Bag", "Bags"),
        ("Quantum Flux", "Other"),
    ],
)
def test_the_type_comes_from_the_blank(title: str, expected: str) -> None:
    assert type_of(title, []) == expected


def test_slugs_are_readable_and_unique() -> None:
    assert slugify("Föx & Fern – Tee") == "fox-and-fern-tee"
    assert slugify("日本") == "product"
    assert unique_slug("Fern", "5cb87a8cd490a2ccb256cec4", {"fern"}) == "fern-56cec4"
