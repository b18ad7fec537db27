"""Our records as rows of theirs: only what is named changes, prices survive both ways, words fit (§3, §5)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from shop.channels.prestashop.terms import Terms
from shop.channels.prestashop.wire import read_xml
from shop.channels.prestashop.writing import (
    change_product,
    change_stock,
    change_variant,
    clean_name,
    clean_person,
    clean_reference,
    new_combination,
    new_product,
    reference_of,
    slug_of,
)
from shop.channels.records import ProductRecord, ProductStatus, VariantRecord

TERMS = Terms({"PS_LANG_DEFAULT": "1"}, "EUR", Decimal("0.19"), includes_tax=True)
SMALL, LARGE = VariantRecord("FJ-S", 2489, {"Size": "S"}, weight_grams=180), VariantRecord("FJ-L", 2690, {"Size": "L"})
TEE = ProductRecord("Fjord <Tee>; #1", "EUR", (LARGE, SMALL), slug="fjord-tee")
NOTHING = {"price": Decimal(0), "weight": Decimal(0)}
ROW = b"""<product><id>12</id><price>20.920000</price><active>1</active><name><language id="1">Old</language>
<language id="2">Alt</language></name><description><language id="1">Words</language></description></product>"""


def test_a_new_product_is_buyable_and_costs_the_least_of_its_variants() -> None:
    node = new_product(TEE, TERMS, "1")
    told = {name: node.findtext(name) for name in ("price", "state", "available_for_order", "show_price", "product_type", "reference")}
    assert told == {
        "price": "20.915966", "state": "1", "available_for_order": "1", "show_price": "1", "product_type": "combinations",
        "reference": "FJ",
    }  # fmt: skip
    assert node.findtext("name/language") == "Fjord ‹Tee›, №1"


def test_a_combination_holds_what_it_adds() -> None:
    base = {"price": Decimal("20.915966"), "weight": Decimal("0.100000")}
    node = new_combination("12", LARGE, ["2"], base, TERMS, is_default=True)
    assert (node.findtext("price"), node.findtext("default_on")) == ("1.689076", "1")
    assert new_combination("12", SMALL, ["1"], base, TERMS, is_default=False).findtext("weight") == "0.080000"
    assert TERMS.gross_minor(base["price"] + Decimal("1.689076")) == 2690


def test_only_the_named_fields_change_and_other_languages_stay() -> None:
    node = read_xml(ROW)
    assert change_product(node, replace(TEE, description_html="<p>New</p>"), ["description_html"], TERMS)
    assert [part.text for part in node.find("name") or ()] == ["Old", "Alt"]
    assert node.findtext("description/language") == "<p>New</p>"
    assert change_product(node, replace(TEE, status=ProductStatus.DRAFT), ["title", "status"], TERMS)
    assert [part.text for part in node.find("name") or ()] == ["Fjord ‹Tee›, №1", "Alt"]
    assert node.findtext("active") == "0"
    assert not change_product(node, replace(TEE, status=ProductStatus.ARCHIVED), ["title", "status"], TERMS)


def test_a_price_that_reads_the_same_is_left_to_its_last_decimal() -> None:
    node = read_xml(ROW)
    assert not change_variant(node, replace(SMALL, price_minor=2489), ["variants.price_minor"], NOTHING, TERMS)
    assert node.findtext("price") == "20.920000", "their 20.92 reads as 24.89, and so does 20.915966"
    assert change_variant(node, replace(SMALL, price_minor=2490), ["variants.price_minor"], NOTHING, TERMS)
    assert node.findtext("price") == "20.924370"


def test_stock_is_counted_or_without_end() -> None:
    row = b"<stock_available><id>7</id><quantity>5</quantity><out_of_stock>2</out_of_stock></stock_available>"
    node = read_xml(row)
    assert not change_stock(node, 5, TERMS) and change_stock(node, 6, TERMS) and node.findtext("out_of_stock") == "2"
    assert change_stock(node, None, TERMS) and node.findtext("out_of_stock") == "1"
    assert change_stock(node, 6, TERMS) and node.findtext("out_of_stock") == "0", "counted again: not sold below zero"
    always = replace(TERMS, settings={"PS_ORDER_OUT_OF_STOCK": "1"})
    assert change_stock(read_xml(row), 5, always), "what the shop does by itself would oversell"


def test_words_fit_what_the_shop_takes() -> None:
    assert clean_name("a<b>;c={d}#", 8) == "a‹b›,c-("
    assert clean_reference(" FJ[1]|<x>;{=} ") == "FJ1x" and len(clean_reference("x" * 90)) == 64
    assert (clean_person("R2-D2 (the 3rd)"), clean_person("123"), clean_person("Zoë O'Neil")) == ("R -D the rd", "-", "Zoë O'Neil")
    assert slug_of(replace(TEE, slug="", title="Fjörd Tëe!")) == "fjord-tee"
    assert slug_of(replace(TEE, slug="", title="قميص")) == "product"


def test_a_product_is_found_again_by_what_its_skus_begin_with() -> None:
    assert reference_of(TEE) == "FJ"
    assert reference_of(replace(TEE, variants=(SMALL,))) == "FJ-S"
    assert reference_of(replace(TEE, variants=(SMALL, replace(LARGE, sku="XX")))) == "fjord-tee"
