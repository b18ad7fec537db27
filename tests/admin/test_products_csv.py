"""Products as a file: out and in again without a change, a dry run that tells line by line, applied once, undone."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import func, select, text

from jobs.catalog import run_changes
from shop.catalog.importing import import_payloads
from shop.catalog.models import Collection, CollectionProduct, Product, Variant
from shop.catalog.runs.models import ChangeFile, ChangeItem, ChangeRun
from shop.core import clock, durable
from shop.core.transaction import transaction
from shop.extensions import db
from shop.workflows import run_changes as changes
from tests.admin.conftest import Staff, counting
from tests.admin.making import many_products as many
from tests.admin.test_product_editor import edit, facts, product, variants
from tests.catalog.payloads import shirt

Rows = list[dict[str, str]]


@pytest.fixture
def goods(staff: Staff) -> None:
    import_payloads([shirt(), shirt("fox")])


def export(staff: Staff, **query: str) -> Rows:
    answer = staff.get("/admin/catalog/csv/export", query_string=query)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def written(rows: Rows, columns: list[str] | None = None, delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(rows[0]), delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def send(staff: Staff, content: bytes, name: str = "products.csv") -> str:
    """Upload, let the dry run happen; the run's address."""
    answer = staff.post("/admin/catalog/csv", {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, answer.text[-3000:]
    run_changes()
    return str(answer.location)


def bring(staff: Staff, content: bytes) -> ChangeRun:
    """Upload, check, apply."""
    page = send(staff, content)
    staff.press(f"{page}/apply")
    run_changes()
    return the_run()


def the_run() -> ChangeRun:
    db.session.remove()
    return db.session.execute(
        select(ChangeRun).where(ChangeRun.kind != "editor").order_by(ChangeRun.id.desc()).limit(1)
    ).scalar_one()


def items(state: str) -> list[ChangeItem]:
    where = (ChangeItem.run_id == the_run().id, ChangeItem.state == state)
    return list(db.session.execute(select(ChangeItem).where(*where).order_by(ChangeItem.id)).scalars())


def row_for(rows: Rows, variant: bool = False) -> dict[str, str]:
    return next(row for row in rows if row["Handle"] == "fern-tee" and bool(row["Variant ID"]) == variant)


def test_what_goes_out_comes_in_without_a_change(staff: Staff, goods: None) -> None:
    hostile = {
        "title": '=HYPERLINK("http://evil.example")',
        "tags": "'quoted, -5 % off, Ünïcode ☂",
        "description_html": '<p>One,\n"two"</p><p>three</p>',
        "seo_title": "'=1+1",
        "seo_description": "@cmd",
    }
    edit(staff, f"/admin/catalog/{product().id}", **hostile)
    before = [facts(), facts("fox")]
    rows = export(staff)
    assert len(rows) == 2 + 12
    for delimiter in (",", ";", "\t"):
        send(staff, written(rows, delimiter=delimiter))
        run = the_run()
        assert (run.stage, run.planned, run.wrong, run.facts["same"]) == ("checked", 0, 0, 14), delimiter
    assert [facts(), facts("fox")] == before


def test_formulas_are_quoted_on_the_way_out_and_unquoted_on_the_way_in(staff: Staff, goods: None) -> None:
    edit(staff, f"/admin/catalog/{product().id}", title="=1+1", seo_title="-cheap")
    rows = export(staff)
    mine = next(row for row in rows if row["Product ID"] == str(product().id) and not row["Variant ID"])
    assert (mine["Title"], mine["SEO title"]) == ("'=1+1", "'-cheap")
    mine["Title"], mine["SEO title"] = "'=2+2", "=3+3"
    bring(staff, written(rows))
    assert (product().title, product().seo_title) == ("=2+2", "=3+3")


def test_the_dry_run_shows_each_change_and_changes_nothing(staff: Staff, goods: None) -> None:
    before = facts()
    rows = export(staff)
    row_for(rows).update(Title="Föx tee", Tags="Sale, Linen", Status="draft")
    row_for(rows, variant=True).update({"Price": "19.99", "Compare-at price": "32"})
    page = staff.get(send(staff, written(rows))).text
    assert "dry run" in page and "Apply 5 changes" in page
    for said in ("Fern Tee", "Föx tee", "Sale, Linen", "$24.00", "$19.99", "$32.00", "Draft"):
        assert said in page, said
    assert facts() == before
    assert db.session.execute(select(func.count()).select_from(ChangeFile)).scalar() == 0


def test_a_file_is_applied_once_and_a_second_time_says_nothing_new(staff: Staff, goods: None) -> None:
    rows = export(staff)
    row_for(rows).update({"Title": "Föx tee", "Collections": "new", "SEO description": "Soft."})
    row_for(rows, variant=True).update({"Price": "19.99", "Compare-at price": "32"})
    with transaction() as session:
        session.add(Collection(slug="new", title="New things"))
    run = bring(staff, written(rows))
    assert (run.stage, run.done, run.skipped, run.failed) == ("applied", 5, 0, 0)
    row, first = product(), variants()[0]
    assert (row.title, row.seo_description, row.edited_fields) == ("Föx tee", "Soft.", ["title"])
    assert (first.price_minor, first.compare_at_minor, first.price_edited) == (1999, 3200, True)
    assert row.price_min_minor == 1999 and "Föx" in staff.get(f"/products/{row.slug}").text
    assert (
        db.session.execute(
            select(func.count()).select_from(CollectionProduct).where(CollectionProduct.by_hand)
        ).scalar()
        == 1
    )
    assert "applied already" in staff.press(f"/admin/catalog/changes/{run.id}/apply")
    after = facts()
    send(staff, written(rows))
    assert the_run().planned == 0
    assert facts() == after
    import_payloads([shirt(title="Theirs")])
    assert product().title == "Föx tee"


def test_a_line_that_changed_meanwhile_is_skipped_whole_with_the_reason(staff: Staff, goods: None) -> None:
    rows = export(staff)
    row_for(rows).update(Title="From the file", Tags="File")
    row_for(rows, variant=True).update(Price="19.99")
    page = send(staff, written(rows))
    edit(staff, f"/admin/catalog/{product().id}", title="By hand")
    shown = staff.press(f"{page}/apply")
    assert (product().title, product().tags) == ("By hand", ["T-shirts", "Cotton"])
    assert variants()[0].price_minor == 1999
    assert "Changed meanwhile: it says By hand now." in shown
    run = the_run()
    assert (run.done, run.skipped) == (1, 2)
    taken = staff.get(f"{page}/result.csv").get_data().decode("utf-8-sig")
    assert "Changed meanwhile" in taken and "Another value of the same line" in taken and "19.99" in taken


@pytest.mark.parametrize(
    ("variant", "cells", "said"),
    [
        (False, {"Title": ""}, "Title is missing"),
        (False, {"Title": "x" * 301}, "too long"),
        (False, {"Status": "sold"}, "Status must be one of"),
        (False, {"Status": ""}, "Status must be one of"),
        (False, {"Tags": ",".join(f"t{n}" for n in range(51))}, "At most 50 tags"),
        (False, {"Collections": "nowhere"}, "no collection with the handle nowhere"),
        (False, {"SEO description": "x" * 401}, "too long"),
        (False, {"Description": "x" * 60_001}, "too long"),
        (False, {"Product ID": "999999"}, "no product 999999"),
        (False, {"Product ID": "x' OR 1=1"}, "no product"),
        (False, {"Product ID": "9" * 40}, "no product"),
        (False, {"Handle": "nothing"}, "no product with the handle"),
        (False, {"Handle": "fox-tee"}, "has another handle"),
        (False, {"Product ID": "", "Handle": ""}, "does not say which product"),
        (True, {"Price": ""}, "Price is missing"),
        (True, {"Price": "free"}, "is not an amount"),
        (True, {"Price": "-3"}, "is not an amount"),
        (True, {"Price": "0"}, "must be more than 0"),
        (True, {"Price": "1.005"}, "too many decimals"),
        (True, {"Price": "99999999999"}, "out of range"),
        (True, {"Compare-at price": "10"}, "would not be above the price"),
        (True, {"Price": "30", "Compare-at price": "30"}, "would not be above the price"),
        (True, {"Variant ID": "999999"}, "no variant 999999"),
        (True, {"Variant ID": "", "SKU": "none"}, "no variant with the SKU"),
        (True, {"Product ID": "", "Handle": "fox-tee"}, "belongs to another product"),
    ],
)
def test_what_is_wrong_with_a_line_is_told_by_column_and_the_line_is_left_out(
    staff: Staff, goods: None, variant: bool, cells: dict[str, str], said: str
) -> None:
    before = facts()
    rows = export(staff)
    row_for(rows, variant).update({"Tags": "Sale", "Compare-at price": "50"} | cells)
    page = staff.get(send(staff, written(rows)) + "?show=wrong").text
    assert said in page
    run = the_run()
    assert (run.wrong, run.planned) == (1, 0)
    assert items("wrong")[0].field in rows[0]
    assert "nothing to change" in staff.press(f"/admin/catalog/changes/{run.id}/apply")
    assert facts() == before


def test_columns_are_optional_unknown_ones_are_named_and_a_sku_is_enough(staff: Staff, goods: None) -> None:
    sku = variants()[1].sku
    content = f"colour;sku;PRICE;Stock\nred;{sku};21,50;7\n".encode()
    page = staff.get(send(staff, content)).text
    assert "colour, Stock" in page and "semicolon" in page
    staff.press(f"/admin/catalog/changes/{the_run().id}/apply")
    assert variants()[1].price_minor == 2150
    assert product().title == "Fern Tee"


def test_empty_cells_of_a_variants_line_say_nothing_about_the_product(staff: Staff, goods: None) -> None:
    rows = [row for row in export(staff) if row["Variant ID"]]
    rows[0]["Title"] = "Said on a variant's line"
    run = bring(staff, written(rows))
    assert run.done == 1
    assert (product().title, product().tags) == ("Said on a variant's line", ["T-shirts", "Cotton"])


@pytest.mark.parametrize(
    ("encode", "named"),
    [
        (lambda t: t.encode(), "UTF-8"),
        (lambda t: t.encode("utf-8-sig"), "byte order mark"),
        (lambda t: t.encode("latin-1"), "Latin-1"),
        (lambda t: t.encode("utf-16"), "UTF-16"),
        (lambda t: ("sep=,\n" + t).encode(), "UTF-8"),
        (lambda t: t.replace("\n", "\r\n").encode(), "UTF-8"),
    ],
)
def test_encodings_are_found_and_told(staff: Staff, goods: None, encode: Any, named: str) -> None:
    page = staff.get(send(staff, encode("Handle,Title\nfern-tee,Crème brûlée\n"))).text
    assert named in page and "Crème brûlée" in page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "No column says which product"),
        (b"Title\nx\n", "No column says which product"),
        (b"Handle\nfern-tee\n", "No column holds anything"),
        (b"Handle,Title,title\nfern-tee,a,b\n", "Two columns are called Title"),
        (b",".join([b"Handle"] + [b"x"] * 300), "more than 200 columns"),
    ],
)
def test_what_is_no_product_file_is_refused_with_the_reason(staff: Staff, content: bytes, said: str) -> None:
    answer = staff.post("/admin/catalog/csv", {"file": (io.BytesIO(content), "../../etc/<b>passwd.csv")})
    assert answer.status_code == 422
    assert said in answer.text and "error-summary" in answer.text
    assert staff.post("/admin/catalog/csv", {}).status_code == 422
    assert db.session.execute(select(func.count()).select_from(ChangeRun)).scalar() == 0


def test_a_file_too_large_is_refused(staff: Staff) -> None:
    head = b"Handle,Title\n"
    answer = staff.post("/admin/catalog/csv", {"file": (io.BytesIO(head + b"x" * (20 << 20)), "big.csv")})
    assert answer.status_code == 422 and "larger than 20 MB" in answer.text
    assert staff.post("/admin/catalog/csv", {"file": (io.BytesIO(b"x" * (30 << 20)), "big.csv")}).status_code == 413
    send(staff, head + b"fern-tee,x\n" * 50_001)
    assert (the_run().stage, items("planned")) == ("refused", [])
    assert "more than 50,000 lines" in staff.get(f"/admin/catalog/changes/{the_run().id}").text


def test_only_who_may_send_it_may_send_much(staff_as: Any) -> None:
    viewer = staff_as("viewer")
    assert viewer.post("/admin/catalog/csv", {"file": (io.BytesIO(b"x" * (3 << 20)), "big.csv")}).status_code == 413
    assert viewer.post("/admin/catalog/csv", {"file": (io.BytesIO(b"x"), "small.csv")}).status_code == 403
    assert viewer.get("/admin/catalog/csv").status_code == 200


def test_a_quotation_mark_that_is_missing_stops_the_reading_with_its_line(staff: Staff, goods: None) -> None:
    send(staff, b'Handle,Title\nfox-tee,"Fox\n' + b"fern-tee,x\n" * 20_000)
    assert the_run().stage == "refused"
    assert "quotation mark" in staff.get(f"/admin/catalog/changes/{the_run().id}").text


def test_hostile_html_and_control_characters_are_made_harmless(staff: Staff, goods: None) -> None:
    rows = [
        {
            "Handle": "fern-tee",
            "Title": "<script>alert(1)</script>\x00\x07",
            "Description": "<p onclick=x>Hi</p><script>bad()</script>",
        }
    ]
    bring(staff, written(rows))
    assert (product().title, product().description_html) == ("<script>alert(1)</script>", "<p>Hi</p>")
    page = staff.get(f"/admin/catalog/changes/{the_run().id}").text
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_two_lines_about_the_same_thing(staff: Staff, goods: None) -> None:
    content = b"Handle,Title,Tags\nfern-tee,A,x\nfern-tee,A,x\nfox-tee,B,x\nfox-tee,C,x\n"
    bring(staff, content)
    assert (product().title, product("fox").title) == ("A", "B")
    (wrong,) = items("wrong")
    assert (wrong.line, wrong.reason) == (5, "Line 4 says something else about it.")


def test_undo_puts_back_what_still_says_what_the_file_wrote(staff: Staff, goods: None) -> None:
    before = facts("fox")
    rows = export(staff)
    row_for(rows).update(Title="From the file", Tags="File", Status="draft")
    for row in rows:
        if row["Variant ID"]:
            row["Price"], row["Compare-at price"] = "30.00", "40.00"
    run = bring(staff, written(rows))
    assert run.done == 3 + 24
    first = variants()[0]
    edit(staff, f"/admin/catalog/{product().id}", title="Later", **{f"v-{first.id}-before": ""})
    shown = staff.press(f"/admin/catalog/changes/{run.id}/undo")
    assert "Changed meanwhile: it says Later now." in shown
    run = the_run_by(run.id)
    assert (run.stage, run.undone, run.kept) == ("undone", 25, 2)
    assert (product().title, product().tags, product().status) == ("Later", ["T-shirts", "Cotton"], "active")
    assert product().edited_fields == ["title"]
    assert {(v.price_minor, v.compare_at_minor, v.price_edited) for v in variants()} == {(2400, None, False)}
    after = facts("fox")
    for row in (before[0], after[0]):
        row.pop("updated_at"), row.pop("source_hash")
    assert after == before
    assert "undone already" in staff.press(f"/admin/catalog/changes/{run.id}/undo")


def the_run_by(run_id: int) -> ChangeRun:
    db.session.remove()
    return db.session.get_one(ChangeRun, run_id)


def test_what_is_undone_follows_printify_again(staff: Staff, goods: None) -> None:
    rows = export(staff)
    row_for(rows).update(Title="From the file")
    run = bring(staff, written(rows))
    import_payloads([shirt(title="Renamed at Printify")])
    assert product().title == "From the file"
    staff.press(f"/admin/catalog/changes/{run.id}/undo")
    import_payloads([shirt(title="Renamed at Printify")])
    assert product().title == "Renamed at Printify"


def test_a_worker_that_dies_half_way_leaves_a_run_that_the_next_one_finishes(staff: Staff) -> None:
    with transaction() as session:
        many(session, 250)
    rows = export(staff)
    for row in rows:
        if row["Variant ID"]:
            row["Price"] = "30.00"
    page = send(staff, written(rows))
    assert "It has begun" in staff.press(f"{page}/apply")
    with transaction() as session:
        (held,) = durable.claim(session, ChangeRun, 1)
    stops = iter([False, True])

    class Died(Exception):
        pass

    def die() -> bool:
        if next(stops):
            raise Died
        return False

    with pytest.raises(Died):
        changes.run(held, must_stop=die)
    assert 0 < len(items("planned")) < 1000
    clock.fix(clock.now().replace(year=2030))
    run_changes()
    run = the_run()
    assert (run.stage, run.done, run.progress, run.total) == ("applied", 1000, 1000, 1000)
    db.session.remove()
    assert db.session.execute(select(func.count()).where(Variant.price_minor == 3000)).scalar() == 1000
    assert db.session.execute(select(func.count()).where(Product.price_min_minor == 3000)).scalar() == 250
    clock.fix(None)
    staff.press(f"{page}/undo")
    run_changes()
    assert the_run().undone == 1000
    assert db.session.execute(select(func.count()).where(Variant.price_minor == 2400)).scalar() == 1000


def test_a_run_that_stops_is_a_failure_with_its_story_and_is_tried_again(staff: Staff, goods: None) -> None:
    rows = export(staff)
    row_for(rows).update(Title="From the file")
    page = send(staff, written(rows))
    with transaction() as session:
        session.execute(
            text(
                "UPDATE change_runs SET stage = 'apply', work_state = 'parked', error_kind = 'us', error_text = 'broken'"
            )
        )
    assert "Needs you" in staff.get(page).text
    assert "A change of many products stopped" in staff.get("/admin/failures").text
    story = f"/admin/failures/change_runs/{the_run().id}"
    assert "File products.csv" in staff.get(story).text
    staff.press(f"{story}/try-again")
    run_changes()
    assert (the_run().stage, product().title) == ("applied", "From the file")


def test_progress_is_shown_and_the_page_comes_by_itself(staff: Staff) -> None:
    with transaction() as session:
        many(session, 200)
    rows = export(staff)
    for row in rows:
        row["Price"] = "30.00" if row["Variant ID"] else ""
    page = send(staff, written(rows))
    staff.press(f"{page}/apply")
    text_of = staff.get(page).text
    assert "<progress" in text_of and "hx-trigger" in text_of and 'http-equiv="refresh"' in text_of
    fragment = staff.get(f"{page}/progress", headers={"HX-Request": "true"})
    assert "<html" not in fragment.text and "HX-Refresh" not in fragment.headers
    run_changes()
    assert staff.get(f"{page}/progress", headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_a_large_file_needs_little_memory(staff: Staff) -> None:
    with transaction() as session:
        many(session, 2000)
    rows = export(staff)
    assert len(rows) == 10_000
    for row in rows:
        row["Price"] = "30.00" if row["Variant ID"] else ""
    content = written(rows)
    staff.post("/admin/catalog/csv", {"file": (io.BytesIO(content), "large.csv")})
    del rows
    tracemalloc.start()
    try:
        run_changes()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert the_run().planned == 8000
    assert peak < 3 * len(content) + 8_000_000, peak


def test_statements_are_the_same_for_any_number_of_lines(staff: Staff) -> None:
    with transaction() as session:
        many(session, 90)
    rows = export(staff)
    for row in rows:
        row["Price"] = "30.00" if row["Variant ID"] else ""
    counts: list[list[int]] = []
    for most in (30, 90):
        page = send(staff, written(rows[: most * 4]))
        staff.get(page)
        seen_in = []
        for path in (page, f"{page}?show=planned", "/admin/catalog/changes", "/admin/catalog/csv"):
            tries = []
            for _ in range(2):  # now and then a page also notes that somebody was here
                with counting() as seen:
                    assert staff.get(path).status_code == 200
                tries.append(len(seen))
            seen_in.append(min(tries))
        with counting() as seen:
            staff.post(f"{page}/apply")
        counts.append([*seen_in, len(seen)])
        staff.press(f"{page}/undo")
    assert counts[0] == counts[1]
    assert max(counts[0][:4]) <= 14


def test_lists_name_who_and_what(staff: Staff, goods: None) -> None:
    rows = export(staff)
    row_for(rows).update(Title="x")
    bring(staff, written(rows))
    page = staff.get("/admin/catalog/changes").text
    assert "File products.csv" in page and re.search(r"Admin|admin@example.com|Owner", page)
    assert "Nothing yet" not in page


def test_an_export_can_be_a_view_of_the_list(staff: Staff, goods: None) -> None:
    assert {row["Handle"] for row in export(staff, tab="active", q="fox")} == {"fox-tee"}
    assert export(staff, tab="archived") == []
