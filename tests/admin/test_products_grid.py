"""Many products in a grid and in one go: previewed, saved as shown, safe with two people, undone."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import func, select, text

from jobs.catalog import run_changes
from shop.catalog.importing import import_payloads
from shop.catalog.models import Product, Variant
from shop.catalog.runs.models import ChangeItem, ChangeRun
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from tests.admin.conftest import Staff, counting
from tests.admin.making import many_products
from tests.admin.test_product_editor import bulk, edit, facts, form_of, product, variants
from tests.catalog.payloads import shirt

Form = dict[str, str]


@pytest.fixture
def grid(staff: Staff) -> Form:
    """The grid of two products, as a browser would send it."""
    import_payloads([shirt(), shirt("fox")])
    return whole_form(staff.get(f"/admin/catalog/grid?ids={product().id},{product('fox').id}").text)


def whole_form(page: str) -> Form:
    return form_of(page)


def hidden_form(page: str) -> Form:
    """The preview's form: what it carries on."""
    start = page.index("What would change")
    found = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', page[start:]):
        got = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        found[got["name"]] = unescape(got["value"])
    found.pop("csrf_token")
    return found


def the_run() -> ChangeRun:
    db.session.remove()
    return db.session.execute(
        select(ChangeRun).where(ChangeRun.kind != "editor").order_by(ChangeRun.id.desc()).limit(1)
    ).scalar_one()


def changes(**more: str) -> Form:
    first, second = variants()[:2]
    return {
        f"p{product().id}-status": "draft",
        f"p{product().id}-tags": "Sale",
        f"v{first.id}-price": "19.99",
        f"v{first.id}-before": "32",
        f"v{second.id}-price": "24",
        **more,
    }


def test_the_grid_is_previewed_saved_and_undone(staff: Staff, grid: Form) -> None:
    before = facts()
    shown = staff.post("/admin/catalog/grid", {**grid, **changes(), "do": "preview"})
    assert shown.status_code == 200
    assert "Save 4 changes" in shown.text and "$19.99" in shown.text and "Nothing is saved yet" in shown.text
    assert facts() == before
    back = staff.post("/admin/catalog/grid", {**hidden_form(shown.text), "do": "edit"}).text
    assert whole_form(back) == {**grid, **changes()}
    assert back.count("differs") >= 5
    answer = staff.post("/admin/catalog/grid", {**hidden_form(shown.text), "do": "apply"})
    assert answer.status_code == 303
    assert "4 changes saved" in staff.get(answer.location).text
    row, first = product(), variants()[0]
    assert (row.status, row.tags, set(row.edited_fields)) == ("draft", ["Sale"], {"status", "tags"})
    assert (first.price_minor, first.compare_at_minor, first.price_edited) == (1999, 3200, True)
    assert "4 values are as before" in staff.press(f"{answer.location}/undo")
    after = facts()
    for one in (before[0], after[0]):
        one.pop("updated_at"), one.pop("source_hash")
    assert after == before


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        ("p{p}-status", "sold", "choose one"),
        ("p{p}-tags", ",".join(f"t{n}" for n in range(51)), "At most 50 tags"),
        ("p{p}-tags", "x" * 81, "too long"),
        ("v{v}-price", "", "is missing"),
        ("v{v}-price", "free", "is not an amount"),
        ("v{v}-price", "-1", "is not an amount"),
        ("v{v}-price", "0", "more than 0"),
        ("v{v}-price", "1\x00", "is not an amount"),
        ("v{v}-before", "10", "would not be above"),
        ("v{v}-before", "x" * 200, "is not an amount"),
    ],
)
def test_a_wrong_cell_is_told_and_nothing_is_saved(staff: Staff, grid: Form, cell: str, value: str, said: str) -> None:
    before = facts()
    name = cell.format(p=product().id, v=variants()[0].id)
    for step in ("preview", "apply"):
        answer = staff.post("/admin/catalog/grid", {**grid, name: value, "do": step})
        assert answer.status_code == 422
        assert said in answer.text and "error-summary" in answer.text
    assert facts() == before
    assert db.session.execute(select(func.count()).select_from(ChangeRun)).scalar() == 0


def test_the_second_of_two_loses_nothing(staff: Staff, grid: Form) -> None:
    edit(staff, f"/admin/catalog/{product().id}", tags="Mine")
    answer = staff.post("/admin/catalog/grid", {**grid, **changes(), "do": "apply"})
    assert answer.status_code == 422
    assert "Somebody else saved" in answer.text and "Mine" in answer.text
    kept = whole_form(answer.text)
    assert kept[f"v{variants()[0].id}-price"] == "19.99"
    assert product().tags == ["Mine"]
    assert staff.post("/admin/catalog/grid", {**kept, "do": "apply"}).status_code == 303
    assert product().tags == ["Sale"]


def test_ids_and_cells_of_others_are_passed_over(staff: Staff, grid: Form) -> None:
    before = facts("fox")
    own = {name: value for name, value in grid.items() if not name.startswith(("p", "v"))}
    foreign = {f"p{product('fox').id}-tags": "stolen", f"v{variants('fox')[0].id}-price": "1"}
    staff.post("/admin/catalog/grid", {**own, **foreign, "ids": str(product().id), "do": "apply"})
    assert facts("fox") == before
    for ids in ("", "x", "999999", "1,2,x;DROP", "9" * 3000):
        assert "No products here" in staff.get("/admin/catalog/grid", query_string={"ids": ids}).text or ids[0] == "1"
        assert staff.post("/admin/catalog/grid", {"ids": ids, "do": "apply"}).status_code in (200, 303)


def test_the_grid_shows_a_view_or_what_was_ticked(staff: Staff, grid: Form) -> None:
    ticked = staff.post("/admin/catalog/bulk", {"product": [str(product().id)], "do": "grid"})
    assert ticked.location.endswith(f"/admin/catalog/grid?ids={product().id}")
    page = staff.get("/admin/catalog/grid?tab=active&q=fox").text
    assert "Fox Tee" in page and "Fern Tee" not in page


def test_a_viewer_looks_at_the_grid_and_cannot_save(grid: Form, staff_as: Any) -> None:
    viewer = staff_as("viewer")
    assert "readonly" in viewer.get(f"/admin/catalog/grid?ids={product().id}").text
    assert viewer.post("/admin/catalog/grid", grid).status_code == 403


def test_a_hundred_products_fit_into_one_form(staff: Staff) -> None:
    with transaction() as session:
        many_products(session, 120, 10)
    ids = ",".join(str(n) for n in range(1, 121))
    counts = []
    for some in ("1,2,3", ids):
        staff.get("/admin/catalog")
        with counting() as seen:
            page = staff.get("/admin/catalog/grid", query_string={"ids": some}).text
        counts.append(len(seen))
    assert counts[0] == counts[1]
    form = whole_form(page)
    assert sum(name.endswith("-price") for name in form) == 1000
    prices = {name: "30.00" for name in form if name.endswith("-price")}
    answer = staff.post("/admin/catalog/grid", {**form, **prices, "do": "apply"})
    assert answer.status_code == 303, answer.text[:500]
    run_changes()
    assert (the_run().done, the_run().products) == (1000, 100)


def test_many_prices_change_in_the_background_with_progress_and_come_back(staff: Staff) -> None:
    with transaction() as session:
        many_products(session, 400, 5)
    data = {"all": "1", "tab": "all", "change": "price", "direction": "raise", "by": "10", "unit": "percent"}
    shown = staff.post("/admin/catalog/bulk", {**data, "do": "preview"})
    digest = re.search(r'name="digest" value="(\w+)"', shown.text)
    assert digest and "And 200 more" in shown.text and 'name="product"' not in shown.text
    answer = staff.post("/admin/catalog/bulk", {**data, "do": "apply", "digest": digest[1]})
    page = staff.get(answer.location).text
    assert "400 products will be changed" in page and "<progress" in page
    run_changes()
    page = staff.get(answer.location).text
    assert "Prices raised by 10 %" in page and "2,000" in page
    assert prices() == {2640}
    with transaction() as session:
        session.execute(text("UPDATE variants SET price_minor = 5000 WHERE id = 1"))
    staff.press(f"{answer.location}/undo")
    run_changes()
    assert (the_run().undone, the_run().kept) == (1999, 1)
    assert prices() == {2400, 5000}
    assert "it says $50.00 now" in staff.get(f"{answer.location}?show=kept").text


def prices() -> set[int]:
    db.session.remove()
    return set(db.session.execute(select(Variant.price_minor)).scalars())


def test_a_small_change_in_one_go_is_listed_and_undone(staff: Staff, grid: Form) -> None:
    ids = [product().id, product("fox").id]
    data = {"change": "status", "status": "draft"}
    digest = re.search(r'name="digest" value="(\w+)"', bulk(staff, ids, do="preview", **data).text)
    assert digest
    answer = bulk(staff, ids, do="apply", digest=digest[1], **data)
    assert "Status set to Draft" in staff.get("/admin/catalog/changes").text
    staff.press(f"{answer.location}/undo")
    assert (product().status, product().edited_fields) == ("active", [])
    import_payloads([shirt(visible=False)])
    assert product().status == "draft"


def test_what_a_run_replaced_is_kept_for_ninety_days(staff: Staff, grid: Form) -> None:
    from shop.workflows import clean_up

    answer = staff.post("/admin/catalog/grid", {**grid, **changes(), "do": "apply"})
    now = clock.now()
    clean_up.run()
    assert db.session.execute(select(func.count()).select_from(ChangeItem)).scalar() == 4
    with transaction() as session:
        session.execute(text("UPDATE change_runs SET created_at = created_at - interval '91 days'"))
    clock.fix(now)
    clean_up.run()
    db.session.remove()
    assert db.session.execute(select(func.count()).select_from(ChangeItem)).scalar() == 0
    assert "no longer known" in staff.press(f"{answer.location}/undo")
    assert db.session.execute(select(func.count()).select_from(Product)).scalar() == 2
