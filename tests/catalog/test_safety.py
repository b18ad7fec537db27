"""Who made a product, who answers for it in the EU, what to mind: told on its page, asked of the merchant."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from shop.catalog.models import Product
from shop.catalog.safety.reading import count_lacking
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from tests.admin.conftest import Staff, staff  # noqa: F401  (a fixture)
from tests.catalog_reading.goods import stock

STORE = {"manufacturer": "Fern Prints <b>Ltd</b>", "manufacturer_address": "1 Fern Lane, Riga",
         "manufacturer_contact": "safety@example.com"}  # fmt: skip


def save(staff: Staff, scope: str, subject: int, **values: str) -> int:  # noqa: F811
    page = staff.get(f"/admin/safety/{scope}/{subject}").text
    marks = page.split('name="marks" value="')[1].split('"')[0]
    status = staff.post(f"/admin/safety/{scope}/{subject}", {"marks": marks, **values}).status_code
    profile.forget()
    return status


def test_the_nearest_level_speaks_and_the_catalogue_says_what_is_missing(staff: Staff) -> None:  # noqa: F811
    product, other = stock(blueprint_id=6), stock("Second Tee", blueprint_id=7)
    with transaction() as session:
        session.execute(update(Product).where(Product.id == other).values(safety_html="<p>Made by X</p>"))
    assert "1 product does not say who made it" in staff.get("/admin/catalog").text
    assert "Quiet Fox Tee" in staff.get("/admin/safety").text and "Second Tee" not in staff.get("/admin/safety").text
    assert "Product safety" not in staff.get("/products/quiet-fox-tee").text
    assert save(staff, "blank", 6, **STORE, warnings="Keep from fire\nWash cold") == 303
    page = staff.get("/products/quiet-fox-tee").text
    assert "Fern Prints &lt;b&gt;Ltd" in page and "Keep from fire<br>Wash cold" in page
    assert f"quiet-fox-tee-{product}" in page, "an identifier of ours, where nobody wrote one"
    assert (
        save(staff, "product", product, manufacturer="Own Press", identifier="QFT-1", responsible="EU Rep GmbH") == 303
    )
    page = staff.get("/products/quiet-fox-tee").text
    for words in ("Own Press", "1 Fern Lane, Riga", "EU Rep GmbH", "QFT-1", "Responsible person in the EU"):
        assert words in page, words
    assert count_lacking(db.session(), profile.current_profile().eu) == 0
    assert save(staff, "product", product) == 303 and save(staff, "blank", 6) == 303
    assert count_lacking(db.session(), profile.current_profile().eu) == 1
    assert save(staff, "store", 0, **STORE) == 303
    assert count_lacking(db.session(), profile.current_profile().eu) == 0
    assert "Fern Prints" in staff.get("/products/second-tee").text


@pytest.mark.parametrize("path", ["store/1", "blank/999", "product/999", "nothing/1", "product/99999999999999999999"])
def test_levels_of_nothing_are_not_found(staff: Staff, path: str) -> None:  # noqa: F811
    assert staff.get(f"/admin/safety/{path}").status_code == 404
    assert staff.post(f"/admin/safety/{path}", {"manufacturer": "x"}).status_code == 404


def test_what_is_typed_is_bounded_and_the_second_of_two_is_told(staff: Staff) -> None:  # noqa: F811
    product = stock()
    assert save(staff, "product", product, manufacturer="x" * 201) == 422
    assert save(staff, "product", product, warnings="a\0b") == 303
    assert staff.post(f"/admin/safety/product/{product}", {"marks": "old", "manufacturer": "y"}).status_code in (
        303,
        422,
    )
