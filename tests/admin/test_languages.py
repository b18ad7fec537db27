"""Products and collections in other languages: written in the panel, read in the shop, found by their words."""

from __future__ import annotations

import re

import pytest

from shop.catalog.models import Collection, Product
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from tests.admin.conftest import Staff
from tests.catalog_reading.goods import counted_statements, stock
from tests.storefront.test_languages import speak
from tests.storefront.test_shop_pages import LIST_MOST, PRODUCT_MOST

TEXT = "/admin/languages/text"


@pytest.fixture
def fox(staff: Staff) -> int:
    with transaction() as session:
        session.add(Collection(slug="sea", title="By the sea"))
    stock(collection="sea")
    speak("fr", "de")
    return db.session.query(Product.id).order_by(Product.id).limit(1).scalar()


def write(staff: Staff, kind: str, row_id: int, lang: str = "fr", **texts: str):
    page = staff.get(f"{TEXT}?kind={kind}&id={row_id}&lang={lang}").text
    marks = re.search(r'name="marks" value="([^"]*)"', page)[1]
    return staff.post(TEXT, {"kind": kind, "id": str(row_id), "lang": lang, "marks": marks, **texts})


def test_a_translation_is_shown_in_its_language_alone(staff: Staff, fox: int) -> None:
    assert write(staff, "product", fox, title="T-shirt Renard discret", html="<p>Un renard.</p>").status_code == 303
    sea = db.session.query(Collection.id).filter_by(slug="sea").scalar()
    assert write(staff, "collection", sea, title="Au bord de la mer").status_code == 303
    profile.forget()
    shop = staff.client.application.test_client()
    page = shop.get("/fr/products/quiet-fox-tee").text
    assert "<h1>T-shirt Renard discret</h1>" in page and "Un renard." in page and "Au bord de la mer" in page
    assert "<title>T-shirt Renard discret" in page
    assert "T-shirt Renard discret" in shop.get("/fr/collections/sea").text
    for path in ("/products/quiet-fox-tee", "/de/products/quiet-fox-tee"):
        assert "<h1>Quiet Fox Tee</h1>" in shop.get(path).text


def test_translated_words_are_found_and_originals_still(staff: Staff, fox: int) -> None:
    write(staff, "product", fox, title="Chemises du renard", html="<p>Des broderies délicates</p>")
    profile.forget()
    shop = staff.client.application.test_client()
    for query in ("chemise", "renards", "broderie", "fox"):
        assert "Chemises du renard" in shop.get(f"/fr/search?q={query}").text, query
    assert "Quiet Fox Tee" in shop.get("/search?q=fox").text


def test_shared_words_are_said_once_for_all_products(staff: Staff, fox: int) -> None:
    page = staff.get("/admin/languages/words?lang=fr").text
    fields = dict(re.findall(r'name="(word-\d+)" value="([^"]*)"', page))
    black = next(name for name, word in fields.items() if word == "Black")
    sent = {**fields, black.replace("word", "text"): "Noir", "lang": "fr"}
    assert staff.post("/admin/languages/words", sent).status_code == 303
    profile.forget()
    shop = staff.client.application.test_client()
    assert "Noir" in shop.get("/fr/products/quiet-fox-tee").text
    assert "Noir" in shop.get("/fr/collections/sea").text
    assert "Noir" not in shop.get("/products/quiet-fox-tee").text


def test_a_changed_original_is_told(staff: Staff, fox: int) -> None:
    write(staff, "product", fox, title="T-shirt Renard discret")
    assert "Original changed" not in staff.get("/admin/languages").text
    with transaction() as session:
        session.get(Product, fox).title = "Loud Fox Tee"
    assert "Original changed" in staff.get("/admin/languages").text
    assert "Changed since" in staff.get(f"{TEXT}?kind=product&id={fox}&lang=fr").text


def test_the_second_of_two_translators_loses_nothing(staff: Staff, fox: int) -> None:
    page = staff.get(f"{TEXT}?kind=product&id={fox}&lang=fr").text
    marks = re.search(r'name="marks" value="([^"]*)"', page)[1]
    write(staff, "product", fox, title="Le premier")
    late = staff.post(TEXT, {"kind": "product", "id": str(fox), "lang": "fr", "marks": marks, "title": "Le second"})
    assert late.status_code == 409
    assert "Le premier" in late.text and "Le second" in late.text


def test_what_cannot_be_is_refused(staff: Staff, fox: int) -> None:
    assert write(staff, "product", fox, title="x" * 301).status_code == 422
    assert write(staff, "product", fox, title="a\0b").status_code == 303
    for sent in ({}, {"kind": "product"}, {"kind": "product", "id": "999999"}, {"kind": "x", "id": str(fox)},
                 {"kind": "product", "id": "1' or 1"}):  # fmt: skip
        assert staff.post(TEXT, sent).status_code == 404, sent
    write(staff, "product", fox, html="<script>alert(1)</script><p>ok</p>")
    profile.forget()
    assert "<script>alert" not in staff.client.application.test_client().get("/fr/products/quiet-fox-tee").text


def test_a_second_language_costs_no_statement_more(staff: Staff, fox: int) -> None:
    write(staff, "product", fox, title="T-shirt Renard discret")
    shop = staff.client.application.test_client()
    for path, most in (("/fr/collections/sea", LIST_MOST), ("/fr/search?q=renard", LIST_MOST),
                       ("/fr/products/quiet-fox-tee", PRODUCT_MOST)):  # fmt: skip
        profile.forget()
        shop.get("/fr/")
        with counted_statements() as seen:
            assert shop.get(path).status_code == 200
        assert len(seen) <= most, "\n".join(seen)
