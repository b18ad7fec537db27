"""Size guides: written by the merchant, attached to products, collections and types, shown in both units."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from shop.catalog.guides import shown_guide
from shop.catalog.importing import import_payloads
from shop.catalog.models import Collection, CollectionProduct, SizeGuide
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from shop.tenancy.profile import touch_catalog
from tests.admin.conftest import Staff, counting
from tests.admin.test_product_editor import edit, form_of, product
from tests.catalog.payloads import shirt

NEW = "/admin/catalog/guides/new"
TABLE = {
    "name": "Our tees",
    "unit": "cm",
    "c-0": "Size",
    "c-1": "Width",
    "r-0-0": "S",
    "r-0-1": "45",
    "r-1-0": "M",
    "r-1-1": "50–52",
}


@pytest.fixture
def goods(staff: Staff) -> None:
    import_payloads([shirt(), shirt("fox")])


def make(staff: Staff, **more: Any) -> str:
    answer = staff.post(NEW, {**TABLE, "note_html": "", **more})
    assert answer.status_code == 303, answer.text[-2000:]
    return str(answer.location)


def shown(staff: Staff, name: str = "fern") -> str:
    profile.forget()
    return staff.get(f"/products/{product(name).slug}").text


def test_a_guide_of_a_type_is_shown_with_both_units(staff: Staff, goods: None) -> None:
    make(staff, product_types=[product().product_type], note_html="<p>Falls large</p><script>x</script>")
    page = shown(staff)
    assert "Our tees" in page and "45 cm" in page and "17.7 in" in page and "50–52 cm" in page
    assert "Falls large" in page and "<script>x" not in page


def test_the_products_own_guide_comes_before_its_collections_and_its_types(staff: Staff, goods: None) -> None:
    product_id = product().id
    with transaction() as session:
        collection = Collection(slug="c", title="C")
        session.add(collection)
        session.flush()
        collection_id = collection.id
        session.add(CollectionProduct(collection_id=collection_id, product_id=product_id, by_hand=True))
        touch_catalog(session)
    make(staff, product_types=[product().product_type], name="By type")
    assert "By type" in shown(staff)
    make(staff, collection_ids=[str(collection_id)], name="By collection")
    assert "By collection" in shown(staff) and "By type" in shown(staff, "fox")
    own = make(staff, name="Its own")
    edit(staff, f"/admin/catalog/{product().id}", size_guide_id=own.rpartition("/")[2])
    assert "Its own" in shown(staff) and "By type" in shown(staff, "fox")
    assert "Fern Tee" in staff.get(own).text
    staff.press(f"{own}/delete", {"sure": "1"})
    assert product().size_guide_id is None
    assert "By collection" in shown(staff)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Name is missing"),
        ({"name": "x" * 121}, "too long"),
        ({"unit": "furlong"}, "choose one"),
        ({"c-0": "", "c-1": ""}, "headings"),
        ({"c-1": ""}, "has measures, but no heading"),
        ({"r-0-0": "", "r-0-1": "", "r-1-0": "", "r-1-1": ""}, "at least one size"),
        ({"r-0-1": "x" * 41}, "too long"),
        ({"note_html": "x" * 60_001}, "too long"),
    ],
)
def test_bad_input_is_told_and_nothing_is_saved(staff: Staff, typed: dict[str, str], said: str) -> None:
    answer = staff.post(NEW, {**TABLE, "note_html": "", **typed})
    assert answer.status_code == 422
    assert said in answer.text and "error-summary" in answer.text
    for hostile in (
        {},
        {"r-²-0": "x", "r-" + "9" * 5000 + "-0": "x", "c-x": "\x00"},
        {"collection_ids": ["x", "9" * 90]},
    ):
        assert staff.post(NEW, hostile).status_code == 422
    assert db.session.execute(select(func.count()).select_from(SizeGuide)).scalar() == 0


def test_names_are_unique_and_unknown_collections_are_left_out(staff: Staff) -> None:
    where = make(staff, collection_ids=["4711"])
    assert "called Our tees already" in staff.post(NEW, {**TABLE, "note_html": ""}).text
    guide = db.session.execute(select(SizeGuide)).scalar_one()
    assert (guide.collection_ids, guide.rows) == ([], [["S", "45"], ["M", "50–52"]])
    assert "Tick the box" in staff.press(f"{where}/delete")


def test_the_second_of_two_loses_nothing(staff: Staff) -> None:
    where = make(staff)
    first = form_of(staff.get(where).text)
    staff.post(where, {**first, "name": "Mine"})
    answer = staff.post(where, {**first, "name": "Yours", "r-0-1": "46"})
    assert answer.status_code == 422
    assert "Somebody else saved" in answer.text and "<b>Name</b>: Mine" in answer.text
    assert 'value="Yours"' in answer.text and 'value="46"' in answer.text
    assert staff.post(where, form_of(answer.text)).status_code == 303
    assert db.session.execute(select(SizeGuide.name)).scalar() == "Yours"


def test_numbers_are_turned_into_the_other_unit_and_words_stay() -> None:
    rows = shown_guide("", "in", ["Size", "Width"], [["8", "18"], ["10", "18.5-20"], ["M/L", "wide"]], "")["rows"]
    assert rows[0] == [{"text": "8", "other": ""}, {"text": "18 in", "other": "46 cm"}]
    assert rows[1][1] == {"text": "18.5-20 in", "other": "47-51 cm"}
    assert rows[2][1] == {"text": "wide", "other": ""}


def test_product_pages_ask_no_more_for_guides_once_they_are_known(staff: Staff, goods: None) -> None:
    make(staff, product_types=[product().product_type])
    shown(staff)
    staff.get(f"/products/{product('fox').slug}")
    counts = []
    for name in ("fern", "fox"):
        with counting() as seen:
            staff.get(f"/products/{product(name).slug}?variant=1")
        counts.append(len([s for s in seen if "size_guides" in s]))
    assert counts == [0, 0]


def test_a_viewer_looks_at_guides(staff_as: Any, staff: Staff) -> None:
    where = make(staff)
    viewer = staff_as("viewer")
    assert "Your role may look" in viewer.get(where).text
    assert viewer.post(where, {}).status_code == 403
    assert "Our tees" in viewer.get("/admin/catalog/guides").text
