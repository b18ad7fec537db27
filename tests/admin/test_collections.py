"""Collections: made, changed, filled by rule and by hand, deleted; hostile input is told beside its field."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from shop.catalog.importing import import_payloads
from shop.catalog.models import Collection, CollectionProduct
from shop.extensions import db
from shop.tenancy import profile
from tests.admin.conftest import Staff, counting
from tests.admin.test_product_editor import form_of, product
from tests.catalog.payloads import shirt

NEW = {"title": "Soft things", "slug": "", "description_html": "", "rule_tags": "", "position": "3", "is_shown": "1"}


def find(slug: str = "soft-things") -> Collection:
    db.session.remove()
    return db.session.execute(select(Collection).where(Collection.slug == slug)).scalar_one()


def members(slug: str = "soft-things") -> dict[int, bool]:
    rows = db.session.execute(
        select(CollectionProduct.product_id, CollectionProduct.by_hand).where(
            CollectionProduct.collection_id == find(slug).id
        )
    )
    return {row.product_id: row.by_hand for row in rows}


def count() -> int:
    db.session.remove()
    return db.session.execute(select(func.count()).select_from(Collection)).scalar_one()


@pytest.fixture
def page(staff: Staff) -> str:
    import_payloads([shirt(), shirt("fox", tags=["Mugs"])])
    assert staff.post("/admin/collections/new", NEW).status_code == 303
    return f"/admin/collections/{find().id}"


def edit(staff: Staff, page: str, **changes: str) -> Any:
    form = {**form_of(staff.get(page).text), **changes}
    return staff.post(page, {name: value for name, value in form.items() if value != "-"})


def test_a_collection_by_rule_is_in_the_shop_at_once(staff: Staff, page: str) -> None:
    before = profile.current_versions(fresh=True).catalog
    assert edit(staff, page, rule_tags="cotton", description_html="Soft.<script>x</script>").status_code == 303
    assert profile.current_versions(fresh=True).catalog == before + 1
    assert members() == {product().id: False}
    assert find().description_html == "<p>Soft.</p>" or "script" not in find().description_html
    shown = staff.get("/collections/soft-things").text
    assert "Fern Tee" in shown and "Fox Tee" not in shown
    edit(staff, page, rule_tags="Mugs")
    assert members() == {product("fox").id: False}


def test_a_new_one_with_a_rule_is_filled(staff: Staff, page: str) -> None:
    assert (
        staff.post("/admin/collections/new", {**NEW, "title": "Both", "rule_tags": "Cotton, mugs"}).status_code == 303
    )
    assert set(members("both")) == {product().id, product("fox").id}
    assert "Both" in staff.get("/admin/collections").text


def test_hidden_is_not_found_in_the_shop(staff: Staff, page: str) -> None:
    profile.current_versions(fresh=True)
    assert staff.get("/collections/soft-things").status_code == 200
    assert edit(staff, page, is_shown="-").status_code == 303
    profile.current_versions(fresh=True)
    assert staff.get("/collections/soft-things").status_code == 404
    assert find().is_shown is False


def test_products_by_hand_are_found_added_kept_and_taken_out(staff: Staff, page: str) -> None:
    fox = product("fox").id
    found = staff.get(f"{page}?q=fox").text
    assert "Add Fox Tee" in found and "Add Fern Tee" not in found
    assert "Added" in staff.press(f"{page}/products", {"product": str(fox)})
    assert "Added" in staff.press(f"{page}/products", {"product": str(fox)})
    assert "Add Fox Tee" not in staff.get(f"{page}?q=fox").text
    edit(staff, page, rule_tags="Cotton")
    import_payloads([shirt("fox", tags=["Other"])])
    assert members() == {product().id: False, fox: True}
    assert "Taken out" in staff.press(f"{page}/products/{fox}/remove")
    assert members() == {product().id: False}
    assert "not put in by hand" in staff.press(f"{page}/products/{product().id}/remove")


def test_by_hand_and_by_rule_stays_when_taken_out(staff: Staff, page: str) -> None:
    edit(staff, page, rule_tags="Cotton")
    staff.press(f"{page}/products", {"product": str(product().id)})
    assert members() == {product().id: True}
    staff.press(f"{page}/products/{product().id}/remove")
    assert members() == {product().id: False}


@pytest.mark.parametrize("raw", ["", "x", "0", "-1", "999999", "9" * 30, "1 OR 1=1", "٣"])
def test_a_product_that_is_not_there_is_not_added(staff: Staff, page: str, raw: str) -> None:
    assert "no such product" in staff.press(f"{page}/products", {"product": raw})
    assert members() == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "Title is missing"),
        ({"title": "-"}, "Title is missing"),
        ({"title": "x" * 201}, "too long"),
        ({"slug": "Not A Slug"}, "like not-a-slug"),
        ({"slug": "../admin"}, "only small letters"),
        ({"slug": "x" * 121}, "too long"),
        ({"slug": "taken"}, "already"),
        ({"description_html": "x" * 60_001}, "too long"),
        ({"rule_tags": "x" * 81}, "too long"),
        ({"rule_tags": ",".join(f"t{n}" for n in range(51))}, "At most 50 tags"),
        ({"position": "first"}, "whole number"),
        ({"position": "-1"}, "whole number"),
        ({"position": "-"}, "whole number"),
        ({"position": "99999"}, "whole number"),
    ],
)
def test_bad_input_is_told_beside_its_field(staff: Staff, page: str, changes: dict[str, str], said: str) -> None:
    staff.post("/admin/collections/new", {**NEW, "title": "Taken"})
    kept = {"title": "Kept"} if "title" not in changes else {}
    answer = edit(staff, page, **kept, **changes)
    assert answer.status_code == 422
    assert said in answer.text and "error-summary" in answer.text
    assert not kept or 'value="Kept"' in answer.text
    assert (find().title, find().rule_tags, find().position) == ("Soft things", [], 3)
    before = count()
    new = {**NEW, **kept, "slug": "fresh", **changes}
    answer = staff.post("/admin/collections/new", {k: v for k, v in new.items() if v != "-"})
    assert answer.status_code == 422 and said in answer.text
    assert count() == before


def test_the_second_of_two_sees_what_changed_and_loses_nothing(staff: Staff, page: str) -> None:
    first = form_of(staff.get(page).text)
    assert staff.post(page, {**first, "title": "Mine", "position": "7"}).status_code == 303
    answer = staff.post(page, {**first, "title": "Yours", "rule_tags": "Cotton"})
    assert answer.status_code == 422
    assert "Somebody else saved" in answer.text and "<b>Title</b>: Mine" in answer.text
    again = form_of(answer.text)
    assert (again["title"], again["position"], again["rule_tags"]) == ("Yours", "7", "Cotton")
    assert find().title == "Mine"
    assert staff.post(page, again).status_code == 303
    assert (find().title, find().position, find().rule_tags) == ("Yours", 7, ["Cotton"])


def test_saving_without_a_change_changes_nothing(staff: Staff, page: str) -> None:
    before = profile.current_versions(fresh=True)
    assert edit(staff, page).status_code == 303
    assert profile.current_versions(fresh=True) == before


def test_deleting_asks_once(staff: Staff, page: str) -> None:
    edit(staff, page, rule_tags="Cotton")
    assert "Nothing was deleted" in staff.press(f"{page}/delete")
    before = count()
    assert "is deleted" in staff.press(f"{page}/delete", {"sure": "1"})
    assert count() == before - 1
    assert product().status == "active"
    for path in (page, f"/admin/collections/{10**30}"):
        assert staff.get(path).status_code == 404
        assert staff.post(path, NEW).status_code == 404
    assert staff.post(f"{page}/delete", {"sure": "1"}).status_code == 404
    profile.current_versions(fresh=True)
    assert staff.get("/collections/soft-things").status_code == 404


def test_statements_are_the_same_for_any_number(staff: Staff, page: str) -> None:
    counts = []
    for n in range(2):
        staff.get("/admin/collections")
        with counting() as seen:
            staff.get("/admin/collections")
            staff.get(f"{page}?q=tee")
        counts.append(len(seen))
        if n == 0:
            edit(staff, page, rule_tags="Cotton, Mugs")
            for title in ("A", "B", "C"):
                staff.post("/admin/collections/new", {**NEW, "title": title})
    assert counts[0] == counts[1]
