"""The editor's further parts: saves that can be put back, archive, the clock, moved pictures, addresses of old."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from jobs import schedule
from shop.catalog.applying import archive
from shop.catalog.importing import import_payloads
from shop.catalog.models import Product, SlugRedirect
from shop.catalog.runs.models import ChangeRun
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from shop.workflows import keep_schedules
from tests.admin.conftest import Staff
from tests.admin.test_product_editor import edit, facts, form_of, pictures, product, variants
from tests.catalog.payloads import outside_id, shirt


@pytest.fixture
def page(staff: Staff) -> str:
    import_payloads([shirt(), shirt("fox")])
    return f"/admin/catalog/{product().id}"


def undo_of(shown: str) -> str:
    found = re.search(r'action="(/admin/catalog/\d+/saves/\d+/undo)"', shown)
    assert found, "nothing to put back"
    return found[1]


def same_but_for_times(one: list[Any], two: list[Any]) -> bool:
    for row in (one[0], two[0]):
        for name in ("updated_at", "source_hash"):
            row.pop(name, None)
    return one == two


def test_every_field_of_a_save_is_put_back(staff: Staff, page: str) -> None:
    before = facts()
    first, old = variants()[0], [i.id for i in pictures()]
    typed = {
        "title": "By hand",
        "description_html": "<p>Mine</p>",
        "tags": "Mine",
        "status": "draft",
        "seo_title": "Search me",
        "slug": "by-hand",
        "hide_at": f"{clock.now() + timedelta(days=9):%Y-%m-%dT%H:%M}",
        f"v-{first.id}-price": "19.99",
        f"v-{first.id}-before": "32",
        f"i-{old[2]}-place": "1",
        f"i-{old[2]}-alt": "Black",
    }
    assert edit(staff, page, **typed).status_code == 303
    shown = staff.get(page).text
    assert "What it said before" in shown and "Fern Tee" in shown and "$24.00" in shown
    assert "Put back as it was" in staff.press(undo_of(shown))
    now = facts()
    assert same_but_for_times(before, now)
    assert [i.id for i in pictures()] == old
    assert "Put back" in staff.get(page).text


def test_putting_back_leaves_what_was_changed_later(staff: Staff, page: str) -> None:
    edit(staff, page, title="First", tags="First")
    back = undo_of(staff.get(page).text)
    edit(staff, page, title="Second")
    said = staff.press(back)
    assert "but for 1 of its changes" in said and "it says Second now" in said
    assert (product().title, product().tags) == ("Second", ["T-shirts", "Cotton"])
    assert "undone already" in staff.press(back)


def test_a_save_of_another_product_is_not_put_back_here(staff: Staff, page: str) -> None:
    edit(staff, page, title="Mine")
    run = db.session.execute(select(func.max(ChangeRun.id))).scalar_one()
    assert "no such save" in staff.press(f"/admin/catalog/{product('fox').id}/saves/{run}/undo")
    assert product().title == "Mine"


def test_a_price_that_was_lowered_since_is_not_put_under_the_price_before(staff: Staff, page: str) -> None:
    first = variants()[0]
    edit(staff, page, **{f"v-{first.id}-price": "10"})
    back = undo_of(staff.get(page).text)
    edit(staff, page, **{f"v-{first.id}-before": "20"})
    assert "would not be above the price" in staff.press(back)
    assert (variants()[0].price_minor, variants()[0].compare_at_minor) == (1000, 2000)


def test_archive_and_back(staff: Staff, page: str) -> None:
    assert "no longer sold" in staff.press(f"{page}/archive", {"to": "archived"})
    assert product().status == "archived"
    assert "so already" in staff.press(f"{page}/archive", {"to": "archived"})
    assert staff.get(f"/products/{product().slug}").status_code == 404
    shown = staff.press(f"{page}/archive", {"to": "draft"})
    assert product().status == "draft"
    staff.press(undo_of(shown))
    assert product().status == "archived"


@pytest.mark.parametrize(("move", "order"), [("0-up", [0, 1, 2, 3]), ("0-down", [1, 0, 2, 3]), ("3-up", [0, 1, 3, 2])])
def test_a_picture_moves_by_its_arrow_and_the_rest_is_saved_too(
    staff: Staff, page: str, move: str, order: list[int]
) -> None:
    old = [i.id for i in pictures()]
    number, way = move.split("-")
    edit(staff, page, move=f"{old[int(number)]}-{way}", seo_title="Saved too")
    assert [i.id for i in pictures()] == [old[n] for n in order]
    assert product().seo_title == "Saved too"
    for hostile in ("x-up", f"{old[0]}-sideways", "-", "999999-up"):
        assert edit(staff, page, move=hostile).status_code == 303


# -- the clock


def at(days: float) -> str:
    return f"{clock.now() + timedelta(days=days):%Y-%m-%dT%H:%M}"


def test_a_draft_goes_on_sale_and_off_again_by_the_clock(staff: Staff, page: str) -> None:
    assert edit(staff, page, status="draft", publish_at=at(1), hide_at=at(2)).status_code == 303
    assert keep_schedules.run() == 0
    version = profile.current_versions(fresh=True).catalog
    clock.fix(clock.now() + timedelta(days=1, minutes=1))
    assert "products_by_the_clock" in schedule.run_due()
    assert (product().status, product().publish_at) == ("active", None)
    assert profile.current_versions(fresh=True).catalog > version
    assert staff.get(f"/products/{product().slug}").status_code == 200
    clock.fix(clock.now() + timedelta(days=1))
    assert keep_schedules.run() == 1
    assert (product().status, product().hide_at) == ("draft", None)
    assert keep_schedules.run() == 0
    assert schedule.PERIODIC["products_by_the_clock"][0] <= 60


def test_when_both_times_have_passed_the_later_decides(staff: Staff, page: str) -> None:
    edit(staff, page, status="draft", publish_at=at(1), hide_at=at(2))
    clock.fix(clock.now() + timedelta(days=5))
    keep_schedules.run()
    assert (product().status, product().publish_at, product().hide_at) == ("draft", None, None)


def test_what_is_gone_at_printify_does_not_come_on_sale(staff: Staff, page: str) -> None:
    edit(staff, page, status="draft", publish_at=at(1))
    with transaction() as session:
        archive(session, [product().id], clock.now())
    clock.fix(clock.now() + timedelta(days=2))
    keep_schedules.run()
    assert (product().status, product().publish_at) == ("archived", None)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"publish_at": "soon", "status": "draft"}, "write it like"),
        ({"publish_at": "2026-13-45T99:99", "status": "draft"}, "write it like"),
        ({"publish_at": "2001-01-01T00:00", "status": "draft"}, "is in the past"),
        ({"publish_at": "9999-01-01T00:00", "status": "draft"}, "out of range"),
        ({"publish_at": "2099-01-01T00:00"}, "on sale already"),
        ({"publish_at": "2099-01-02T00:00", "hide_at": "2099-01-01T00:00", "status": "draft"}, "must be after"),
        ({"hide_at": "1999-01-01T00:00"}, "out of range"),
        ({"slug": ""}, "is missing"),
        ({"slug": "Füchse & Farne"}, "like fuchse-and-farne"),
        ({"slug": "../../admin"}, "only small letters"),
        ({"slug": "fox-tee"}, "has the address fox-tee already"),
        ({"slug": "x" * 121}, "too long"),
        ({"size_guide_id": "x"}, "whole number"),
        ({"size_guide_id": "4711"}, "is gone"),
    ],
)
def test_wrong_times_and_addresses_are_told(staff: Staff, page: str, typed: dict[str, str], said: str) -> None:
    before = facts()
    answer = edit(staff, page, **typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert facts() == before


# -- addresses of old


def test_an_old_address_leads_to_the_new_one_with_what_was_asked_for(staff: Staff, page: str) -> None:
    assert staff.get("/products/fern-tee").status_code == 200  # kept by the page cache
    edit(staff, page, slug="farn")
    profile.forget()
    answer = staff.get("/products/fern-tee?variant=5&utm=x")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "/products/farn?variant=5"
    assert "max-age=0" in answer.headers["Cache-Control"]
    assert staff.get("/products/farn").status_code == 200
    assert "fern-tee" in staff.get(page).text


def test_addresses_never_lead_in_circles(staff: Staff, page: str) -> None:
    for slug in ("b", "c", "fern-tee", "b"):
        edit(staff, page, slug=slug)
    profile.forget()
    for old in ("fern-tee", "c"):
        assert staff.get(f"/products/{old}").headers["Location"] == "/products/b"
    assert staff.get("/products/b").status_code == 200
    kept = set(db.session.execute(select(SlugRedirect.slug)).scalars())
    assert kept == {"fern-tee", "c"}


def test_what_lives_at_an_address_comes_before_what_lived_there(staff: Staff, page: str) -> None:
    edit(staff, page, slug="farn")
    edit(staff, f"/admin/catalog/{product('fox').id}", slug="fern-tee")
    profile.forget()
    assert "Fox Tee" in staff.get("/products/fern-tee").text
    assert staff.get("/products/fox-tee").headers["Location"] == "/products/fern-tee"


def test_a_new_product_does_not_take_an_address_of_old(staff: Staff, page: str) -> None:
    edit(staff, page, slug="farn")
    import_payloads([{**shirt("new"), "title": "Fern Tee"}])
    new = db.session.execute(select(Product).where(Product.external_id == outside_id("new"))).scalar_one()
    assert new.slug != "fern-tee"


def test_a_collections_old_address_leads_to_it_until_it_is_deleted(staff: Staff) -> None:
    staff.post("/admin/collections/new", {"title": "Summer", "position": "1", "is_shown": "1"})
    where = "/admin/collections/" + str(db.session.execute(text("SELECT max(id) FROM collections")).scalar())
    staff.post(where, {**form_of(staff.get(where).text), "slug": "warm"})
    profile.forget()
    answer = staff.get("/collections/summer?sort=new")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/collections/warm?sort=new")
    staff.press(f"{where}/delete", {"sure": "1"})
    profile.forget()
    assert staff.get("/collections/summer").status_code == 404
    for odd in ("x" * 400, "%00", "..%2f"):
        assert staff.get(f"/collections/{odd}").status_code == 404
        assert staff.get(f"/products/{odd}").status_code == 404
