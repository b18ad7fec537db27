"""Products edited by hand: kept by refreshes, shown by the shop, safe with two people, hostile input told by field."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog.applying import archive
from shop.catalog.importing import import_payloads
from shop.catalog.models import Image, Product, Variant
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from tests.admin.conftest import Staff, counting
from tests.admin.making import many_products as many
from tests.catalog.payloads import outside_id, repriced, shirt


def form_of(page: str) -> dict[str, str]:
    """Every field of the watched form, as a browser without JavaScript would send it."""
    start = page.index("data-watch")
    form = page[start : page.index("</form>", start)]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        got = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        ticked = got.get("type") not in ("checkbox", "radio") or " checked" in tag
        if ticked and got.get("name", "csrf_token") != "csrf_token":
            found[got["name"]] = unescape(got.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', form):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def product(name: str = "fern") -> Product:
    db.session.remove()
    return db.session.execute(select(Product).where(Product.external_id == outside_id(name))).scalar_one()


def variants(name: str = "fern") -> list[Variant]:
    found = select(Variant).where(Variant.product_id == product(name).id).order_by(Variant.position)
    return list(db.session.execute(found).scalars())


def pictures(name: str = "fern") -> list[Image]:
    found = select(Image).where(Image.product_id == product(name).id)
    return list(db.session.execute(found.order_by(Image.is_default.desc(), Image.position, Image.id)).scalars())


@pytest.fixture
def page(staff: Staff) -> str:
    """The address of one product's editor."""
    import_payloads([shirt(), shirt("fox")])
    return f"/admin/catalog/{product().id}"


def edit(staff: Staff, page: str, **changes: str) -> Any:
    return staff.post(page, {**form_of(staff.get(page).text), **changes})


def facts(name: str = "fern") -> list[Any]:
    row = product(name)
    return [
        {c.name: getattr(row, c.name) for c in Product.__table__.columns if c.name not in ("search", "words")},
        [(v.price_minor, v.compare_at_minor, v.price_edited) for v in variants(name)],
        [(i.id, i.alt, i.position) for i in pictures(name)],
    ]


WORDS = {
    "title": "Föx & Fern",
    "description_html": "<p>By hand</p><script>alert(1)</script>",
    "tags": "New, new, Linen",
    "status": "draft",
    "seo_title": "A tee",
    "seo_description": "To wear.",
}


def test_words_are_saved_cleaned_and_kept_by_a_refresh(staff: Staff, page: str) -> None:
    slug = product().slug
    assert edit(staff, page, **WORDS).status_code == 303
    import_payloads([shirt(title="Changed at Printify", description="<p>Theirs</p>", tags=["Theirs"])])
    row = product()
    assert (row.title, row.description_html, row.tags) == ("Föx & Fern", "<p>By hand</p>", ["New", "Linen"])
    assert (row.status, row.seo_title, row.seo_description, row.slug) == ("draft", "A tee", "To wear.", slug)
    assert set(row.edited_fields) == {"title", "description_html", "tags", "status"}


def test_a_price_is_seen_in_the_shop_and_kept_by_a_refresh(staff: Staff, page: str) -> None:
    first, second = variants()[:2]
    before = profile.current_versions(fresh=True).catalog
    changes = {f"v-{first.id}-price": "19.99", f"v-{first.id}-before": "32"}
    assert edit(staff, page, **changes).status_code == 303
    assert profile.current_versions(fresh=True).catalog == before + 1
    shown = staff.get(f"/products/{product().slug}").text
    assert "19.99" in shown and "32.00" in shown
    import_payloads([repriced(shirt(), 3100)])
    prices = {v.id: (v.price_minor, v.compare_at_minor, v.price_edited) for v in variants()}
    assert prices[first.id] == (1999, 3200, True)
    assert prices[second.id] == (3100, None, False)


def test_cost_and_margin_stand_beside_the_price(staff: Staff, page: str) -> None:
    text = staff.get(page).text
    assert "$9.82" in text
    assert "59 %" in text  # (24.00 - 9.82) / 24.00


def test_pictures_are_ordered_and_named_and_a_refresh_keeps_it(staff: Staff, page: str) -> None:
    old = [i.id for i in pictures()]
    changes = {f"i-{old[2]}-place": "1", f"i-{old[2]}-alt": "Black, from the front"}
    assert edit(staff, page, **changes).status_code == 303
    wanted = [old[2], old[0], old[1], old[3]]
    assert [i.id for i in pictures()] == wanted
    payload = shirt(title="New words")
    extra = {"src": "https://images.printify.com/new.jpg", "variant_ids": [145101], "position": "x", "is_default": True}
    import_payloads([{**payload, "images": [extra, *payload["images"]]}])
    now = pictures()
    assert [i.id for i in now[:4]] == wanted
    assert len(now) == 5
    assert [i.is_default for i in now] == [True, False, False, False, False]
    assert now[0].alt == "Black, from the front"


@pytest.mark.parametrize(
    ("move", "to", "order"),
    [(0, "3", [1, 2, 0, 3]), (3, "1", [3, 0, 1, 2]), (1, "99", [0, 2, 3, 1]), (2, "2", [0, 2, 1, 3])],
)
def test_a_picture_goes_where_its_number_says(staff: Staff, page: str, move: int, to: str, order: list[int]) -> None:
    old = [i.id for i in pictures()]
    edit(staff, page, **{f"i-{old[move]}-place": to})
    assert [i.id for i in pictures()] == [old[n] for n in order]


def test_every_field_goes_back_to_printify(staff: Staff, page: str) -> None:
    was = facts()
    first = variants()[0]
    place = f"i-{pictures()[1].id}-place"
    edit(staff, page, **{**WORDS, f"v-{first.id}-price": "12.00", place: "1"})
    edit(staff, page, seo_title="", seo_description="")
    for name in ("title", "description_html", "tags", "status", "images", f"price-{first.id}"):
        assert "Printify’s again" in staff.press(f"{page}/take-back", {"field": name}), name
    now = facts()
    for row in (was[0], now[0]):
        row.pop("updated_at")
    assert now == was


def test_all_prices_go_back_at_once(staff: Staff, page: str) -> None:
    edit(staff, page, **{f"v-{v.id}-price": "12.00" for v in variants()})
    assert {v.price_minor for v in variants()} == {1200}
    staff.press(f"{page}/take-back", {"field": "prices"})
    assert {(v.price_minor, v.price_edited) for v in variants()} == {(2400, False)}
    assert product().price_min_minor == 2400


@pytest.mark.parametrize("name", ["", "title", "slug", "id", "price-1", "price-x", "prices", "__class__", "x" * 500])
def test_what_is_printifys_cannot_be_taken_back(staff: Staff, page: str, name: str) -> None:
    before = facts()
    assert "Printify’s already" in staff.press(f"{page}/take-back", {"field": name})
    assert facts() == before


def test_a_status_that_printify_gives_is_nobodys_edit(staff: Staff, page: str) -> None:
    edit(staff, page, status="archived")
    assert product().edited_fields == ["status"]
    edit(staff, page, status="active")
    assert product().edited_fields == []


def test_what_is_gone_at_printify_goes_back_to_archived(staff: Staff, page: str) -> None:
    with transaction() as session:
        archive(session, [product().id], clock.now())
    edit(staff, page, status="active")
    assert product().edited_fields == ["status"]
    staff.press(f"{page}/take-back", {"field": "status"})
    assert (product().status, product().edited_fields) == ("archived", [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": " "}, "Title is missing"),
        ({"title": "x" * 301}, "too long"),
        ({"status": "gone"}, "choose one"),
        ({"status": ""}, "choose one"),
        ({"description_html": "x" * 60_001}, "too long"),
        ({"tags": "y" * 81}, "too long"),
        ({"tags": ",".join(f"t{n}" for n in range(51))}, "At most 50 tags"),
        ({"seo_title": "x" * 201}, "too long"),
        ({"seo_description": "x" * 401}, "too long"),
        ({"v-{v}-price": ""}, "is missing"),
        ({"v-{v}-price": "free"}, "is not an amount"),
        ({"v-{v}-price": "-5"}, "is not an amount"),
        ({"v-{v}-price": "1e5"}, "is not an amount"),
        ({"v-{v}-price": "½"}, "is not an amount"),
        ({"v-{v}-price": "12.505"}, "too many decimals"),
        ({"v-{v}-price": "0"}, "must be more than 0"),
        ({"v-{v}-price": "99999999"}, "out of range"),
        ({"v-{v}-before": "24.00"}, "must be above"),
        ({"v-{v}-before": "3"}, "must be above"),
        ({"v-{v}-before": "x"}, "is not an amount"),
        ({"i-{i}-place": "first"}, "whole number"),
        ({"i-{i}-place": "0"}, "whole number"),
        ({"i-{i}-alt": "x" * 301}, "too long"),
    ],
)
def test_bad_input_is_told_beside_its_field(staff: Staff, page: str, changes: dict[str, str], said: str) -> None:
    before = facts()
    ids = {"v": variants()[0].id, "i": pictures()[0].id}
    changes = {name.format(**ids): value for name, value in changes.items()}
    answer = (
        edit(staff, page, seo_title="Kept", **changes) if "seo_title" not in changes else edit(staff, page, **changes)
    )
    assert answer.status_code == 422
    assert said in answer.text and "error-summary" in answer.text
    assert "seo_title" in changes or 'value="Kept"' in answer.text
    assert facts() == before


def test_missing_fields_are_told_and_a_bare_post_changes_nothing(staff: Staff, page: str) -> None:
    before = facts()
    for data in ({}, {"marks": "x"}, {"title": "Only"}):
        answer = staff.post(page, data)
        assert answer.status_code == 422
    assert facts() == before


def test_ids_of_another_product_are_not_written(staff: Staff, page: str) -> None:
    before = facts("fox")
    foreign = {
        f"v-{variants('fox')[0].id}-price": "1.00",
        f"i-{pictures('fox')[0].id}-alt": "stolen",
        "v-99999999-price": "1",
    }
    assert edit(staff, page, **foreign).status_code == 303
    assert facts("fox") == before
    assert staff.get("/admin/catalog/99999999999999999999999").status_code == 404
    assert staff.post("/admin/catalog/999999", {}).status_code == 404


def test_saving_without_a_change_changes_nothing(staff: Staff, page: str) -> None:
    before, version = facts(), profile.current_versions(fresh=True)
    assert edit(staff, page).status_code == 303
    assert facts() == before
    assert profile.current_versions(fresh=True) == version


def test_the_second_of_two_sees_what_changed_and_loses_nothing(staff: Staff, page: str) -> None:
    first = form_of(staff.get(page).text)
    price = f"v-{variants()[0].id}-price"
    assert staff.post(page, {**first, "title": "Mine", price: "20.00"}).status_code == 303
    answer = staff.post(page, {**first, "title": "Yours", "seo_title": "Yours too"})
    assert answer.status_code == 422
    assert "Somebody else saved" in answer.text
    assert "Mine" in answer.text and 'value="Yours"' in answer.text and 'value="Yours too"' in answer.text
    assert "<b>Title</b>: Mine" in answer.text and "20.00" in answer.text
    assert product().title == "Mine"
    assert staff.post(page, form_of(answer.text)).status_code == 303
    assert (product().title, product().seo_title, variants()[0].price_minor) == ("Yours", "Yours too", 2000)


def test_a_refresh_meanwhile_is_seen_too(staff: Staff, page: str) -> None:
    form = form_of(staff.get(page).text)
    import_payloads([shirt(title="Renamed at Printify")])
    answer = staff.post(page, {**form, "tags": "Mine"})
    assert answer.status_code == 422
    assert "Renamed at Printify" in answer.text
    again = form_of(answer.text)
    assert (again["title"], again["tags"]) == ("Renamed at Printify", "Mine")


def test_a_viewer_looks_and_cannot_save(page: str, staff_as: Any) -> None:
    viewer = staff_as("viewer")
    text = viewer.get(page).text
    assert "Your role may look" in text and "Take Printify" not in text
    assert viewer.post(page, {"title": "x"}).status_code == 403


def test_statements_are_the_same_for_any_number_of_variants_and_pictures(staff: Staff, page: str) -> None:
    small = shirt("small")
    small["variants"], small["images"] = small["variants"][:1], small["images"][:1]
    import_payloads([small])
    counts = []
    for name in ("small", "fern"):
        staff.get(f"/admin/catalog/{product(name).id}")
        with counting() as seen:
            staff.get(f"/admin/catalog/{product(name).id}")
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12


# -- many at once


def bulk(staff: Staff, ids: list[int], **data: str) -> Any:
    return staff.post("/admin/catalog/bulk", {"product": [str(i) for i in ids], **data})


def apply(staff: Staff, ids: list[int], **data: str) -> str:
    """Preview, then the button that the preview shows."""
    shown = bulk(staff, ids, do="preview", **data)
    assert shown.status_code == 200, shown.text[:2000]
    digest = re.search(r'name="digest" value="(\w+)"', shown.text)
    assert digest, shown.text[-3000:]
    answer = bulk(staff, ids, do="apply", digest=digest[1], **data)
    assert answer.status_code == 303
    return staff.get(answer.location).text


def test_many_prices_change_as_previewed_and_stay(staff: Staff, page: str) -> None:
    ids = [product().id, product("fox").id]
    shown = bulk(staff, ids, do="preview", change="price", direction="raise", by="12.5", unit="percent").text
    assert "$24.00" in shown and "$27.00" in shown
    assert product().price_min_minor == 2400
    said = apply(staff, ids, change="price", direction="raise", by="12.5", unit="percent")
    assert "2 products changed" in said
    import_payloads([shirt(title="x"), shirt("fox", title="y")])
    assert product().price_min_minor == product("fox").price_max_minor == 2700
    assert "27.00" in staff.get(f"/products/{product().slug}").text
    apply(staff, ids[:1], change="price", direction="lower", by="7.50", unit="amount")
    assert {v.price_minor for v in variants()} == {1950}


def test_what_cannot_be_is_left_out_and_told(staff: Staff, page: str) -> None:
    first = variants()[0]
    edit(staff, page, **{f"v-{first.id}-before": "30"})
    ids = [product().id, product("fox").id]
    shown = bulk(staff, ids, do="preview", change="price", direction="raise", by="10", unit="amount").text
    assert "would not be above the new price" in shown
    assert "1 left as they were" in apply(staff, ids, change="price", direction="raise", by="10", unit="amount")
    assert (product().price_max_minor, product("fox").price_max_minor) == (2400, 3400)
    shown = bulk(staff, ids, do="preview", change="price", direction="lower", by="30", unit="amount").text
    assert "nothing or less" in shown.lower()


def test_many_get_a_status_and_tags(staff: Staff, page: str) -> None:
    ids = [product().id, product("fox").id]
    apply(staff, ids, change="status", status="draft")
    apply(staff, ids, change="add_tag", tag="Sale")
    apply(staff, ids, change="remove_tag", untag="COTTON")
    import_payloads([shirt(title="x"), shirt("fox", title="y")])
    for row in (product(), product("fox")):
        assert (row.status, row.tags) == ("draft", ["T-shirts", "Sale"])
        assert set(row.edited_fields) == {"status", "tags"}
    apply(staff, ids, change="status", status="active")
    assert product().edited_fields == ["tags"]
    assert "Nothing would change" in bulk(staff, ids, do="preview", change="status", status="active").text


def test_a_preview_that_is_old_changes_nothing(staff: Staff, page: str) -> None:
    ids = [product().id]
    data = {"change": "price", "direction": "lower", "by": "10", "unit": "percent"}
    digest = re.search(r'name="digest" value="(\w+)"', bulk(staff, ids, do="preview", **data).text)
    assert digest
    edit(staff, page, **{f"v-{variants()[0].id}-price": "50"})
    before = facts()
    for old in (digest[1], "", "x"):
        answer = bulk(staff, ids, do="apply", digest=old, **data)
        assert answer.status_code == 409
        assert "The catalogue changed meanwhile" in answer.text
    assert facts() == before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "choose one"),
        ({"change": "everything"}, "choose one"),
        ({"change": "status"}, "choose one"),
        ({"change": "status", "status": "sold"}, "choose one"),
        ({"change": "add_tag"}, "The tag is missing"),
        ({"change": "add_tag", "tag": "x" * 81}, "too long"),
        ({"change": "add_tag", "tag": "a,b"}, "without a comma"),
        ({"change": "remove_tag", "tag": "a"}, "The tag is missing"),
        ({"change": "price"}, "choose one"),
        ({"change": "price", "direction": "raise"}, "choose one"),
        ({"change": "price", "direction": "raise", "unit": "percent"}, "is not a number"),
        ({"change": "price", "direction": "raise", "unit": "percent", "by": "-10"}, "is not a number"),
        ({"change": "price", "direction": "lower", "unit": "percent", "by": "100"}, "between 0 and 100"),
        ({"change": "price", "direction": "lower", "unit": "amount", "by": "1.234"}, "too many decimals"),
        ({"change": "price", "direction": "lower", "unit": "amount", "by": "0"}, "more than 0"),
    ],
)
def test_a_change_that_makes_no_sense_is_told(staff: Staff, page: str, data: dict[str, str], said: str) -> None:
    before = facts()
    for step in ("preview", "apply"):
        answer = bulk(staff, [product().id], do=step, **data)
        assert answer.status_code == 422
        assert said in answer.text
    assert facts() == before


def test_choosing_is_bounded(staff: Staff, page: str) -> None:
    for products in ([], ["999999"], ["x"], ["1; DROP"], ["٣"]):
        assert "hoose" in staff.press("/admin/catalog/bulk", {"product": products})
    with transaction() as session:
        many(session, 10_001, 0)
    assert "At most 10,000" in staff.press("/admin/catalog/bulk", {"all": "1", "tab": "all"})
    assert "At most 500" in staff.press("/admin/catalog/bulk", {"product": [str(n) for n in range(501)]})
    assert "Change 2 products" in staff.post("/admin/catalog/bulk", {"all": "1", "tab": "active", "q": "tee"}).text


def test_statements_are_the_same_for_any_number_of_products(staff: Staff, page: str) -> None:
    import_payloads([shirt(f"n{n}") for n in range(8)])
    many = [product(f"n{n}").id for n in range(8)]
    data = {"change": "price", "direction": "raise", "by": "5", "unit": "percent"}
    counts = []
    for ids in ([product().id], many):
        digest = re.search(r'name="digest" value="(\w+)"', bulk(staff, ids, do="preview", **data).text)
        assert digest
        with counting() as seen:
            assert bulk(staff, ids, do="apply", digest=digest[1], **data).status_code == 303
        counts.append(len(seen))
    assert counts[0] == counts[1]
