"""Keeping in step, as the merchant sees it: settings, a plan, its application, an undo, conflicts and what is set aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from shop.catalog.models import Product
from shop.channels import registry
from shop.channels.records import Unreadable
from shop.channels.syncing.models import ParkedRecord, SyncConflict, SyncRun, SyncSetting
from shop.core.transaction import transaction
from shop.extensions import db
from shop.outbound.tallies import count_call
from shop.workflows import run_sync
from tests.admin.conftest import Staff, counting
from tests.channels.syncing.toy import Toy, World, connect


@pytest.fixture
def toy(app: Flask) -> Iterator[tuple[int, World]]:
    yield connect(apply="review")
    registry._classes.pop("toy", None)
    registry._made.clear()
    Toy.worlds.clear()


def path(toy: tuple[int, World]) -> str:
    return f"/admin/channels/{toy[0]}"


def plan(staff: Staff, toy: tuple[int, World]) -> int:
    """Press "Show me a plan", and let the worker run."""
    answer = staff.post(f"{path(toy)}/sync/products/run", {"how": "plan"})
    run_id = int(answer.location.rsplit("/", 1)[1])
    assert "Waiting for its turn" in staff.get(f"/admin/channels/runs/{run_id}").text
    run_sync.run_now(run_id)
    db.session.remove()
    return run_id


def press(staff: Staff, run_id: int, what: str) -> str:
    page = staff.press(f"/admin/channels/runs/{run_id}/{what}")
    run_sync.run_now(max(run_ids()))
    db.session.remove()
    return page


def run_ids() -> list[int]:
    return list(db.session.execute(select(SyncRun.id)).scalars())


def titles() -> set[str]:
    db.session.remove()
    return set(db.session.execute(select(Product.title).where(Product.status != "archived")).scalars())


def marks_in(page: str, n: int = 1) -> str:
    return page.split('name="marks" value="')[n].split('"')[0]


def test_a_plan_is_looked_at_applied_and_undone(staff: Staff, toy: tuple[int, World]) -> None:
    toy[1].add("Fern Tee", ["FT-S", "FT-M"], 2490)
    run_id = plan(staff, toy)
    page = staff.get(f"/admin/channels/runs/{run_id}").text
    assert "nothing has been changed yet" in page and "Apply 1 change" in page
    assert "Fern Tee" in page and "$24.90" in page and titles() == set()
    assert "being applied" in press(staff, run_id, "apply") and titles() == {"Fern Tee"}
    page = staff.get(f"/admin/channels/runs/{run_id}").text
    assert "Completed" in page and "1 new thing goes away again" in page
    assert "It is being undone" in press(staff, run_id, "undo") and titles() == set()
    assert "Undone" in staff.get(f"{path(toy)}/runs").text
    assert "only once" in staff.press(f"/admin/channels/runs/{run_id}/undo")


def test_a_rejected_plan_changes_nothing(staff: Staff, toy: tuple[int, World]) -> None:
    toy[1].add("Fern Tee", ["FT-S"])
    run_id = plan(staff, toy)
    assert "nothing was changed" in staff.press(f"/admin/channels/runs/{run_id}/reject") and titles() == set()
    assert "waits for no decision" in staff.press(f"/admin/channels/runs/{run_id}/apply")


def test_a_change_is_shown_field_by_field_and_the_brake_explains_itself(staff: Staff, toy: tuple[int, World]) -> None:
    ids = [toy[1].add(f"Mug {n}", [f"M{n}"], 1000) for n in range(6)]
    press(staff, plan(staff, toy), "apply")
    toy[1].price(ids[0], 1100)
    for gone in ids[1:5]:
        del toy[1].products[gone]
    run_id = plan(staff, toy)
    page = staff.get(f"/admin/channels/runs/{run_id}?show=change").text
    assert "4 of 6 products are not there any more" in page
    assert "Price, S0" in page and "$10.00" in page and "$11.00" in page
    assert "It is not there any more" in staff.get(f"/admin/channels/runs/{run_id}?show=archive").text


@pytest.fixture
def clash(staff: Staff, toy: tuple[int, World]) -> tuple[int, World]:
    external_id = toy[1].add("Fern Tee", ["FT-S"])
    toy[1].bad["p9"] = Unreadable("p9", "Its price is not a number.", {"price": "ask", "api_key": "hush"})
    press(staff, plan(staff, toy), "apply")
    with transaction() as session:
        session.execute(text("UPDATE products SET title = 'Fern Shirt', updated_at = now()"))
    toy[1].change(external_id, title="Fern T-shirt")
    plan(staff, toy)
    return toy


def test_a_conflict_shows_three_columns_and_the_choice_travels(staff: Staff, clash: tuple[int, World]) -> None:
    page = staff.get(f"{path(clash)}/conflicts").text
    assert all(words in page for words in ("Fern Tee", "Fern Shirt", "Fern T-shirt", "When both last agreed"))
    row_id = db.session.execute(select(SyncConflict.id)).scalar_one()
    db.session.remove()
    assert "Nothing was chosen" in staff.press(
        f"{path(clash)}/conflicts", {f"choice_{row_id}": "both", "choice_x": "ours"}
    )
    said = staff.press(f"{path(clash)}/conflicts", {f"choice_{row_id}": "ours"})
    assert "1 field is settled" in said and "Nothing to settle" in said
    assert [p.title for p in clash[1].products.values()] == ["Fern Shirt"]


def test_all_of_a_page_is_settled_at_once_and_nobody_elses(staff: Staff, clash: tuple[int, World]) -> None:
    row_id = db.session.execute(select(SyncConflict.id)).scalar_one()
    db.session.remove()
    other, _ = connect()
    assert "Nothing was chosen" in staff.press(
        f"/admin/channels/{other}/conflicts", {"all": "theirs", "shown": str(row_id)}
    )
    staff.press(f"{path(clash)}/conflicts", {"all": "theirs", "shown": f"{row_id},99999999999999999999,x"})
    assert titles() == {"Fern T-shirt"}


def test_what_is_set_aside_shows_its_reason_and_answer_and_is_asked_for_again(
    staff: Staff, clash: tuple[int, World]
) -> None:
    page = staff.get(f"{path(clash)}/parked").text
    assert "Its price is not a number" in page and "&#34;ask&#34;" in page and "hush" not in page
    row_id = db.session.execute(select(ParkedRecord.id)).scalar_one()
    db.session.remove()
    assert "read again, with it" in staff.press(f"{path(clash)}/parked/{row_id}/retry")
    assert staff.post(f"/admin/channels/{connect()[0]}/parked/{row_id}/retry").status_code == 404


FORM = {"is_on": "1", "direction": "both", "every_minutes": "60", "default_rule": "newest", "apply": "review",
        "rule_title": "ours", "may_create_here": "1"}  # fmt: skip


def test_settings_are_kept_and_two_editors_lose_nothing(staff: Staff, toy: tuple[int, World]) -> None:
    where = f"{path(toy)}/sync"
    marks = marks_in(staff.get(where).text)
    staff.press(f"{where}/products", {**FORM, "marks": marks})
    row = db.session.execute(select(SyncSetting)).scalar_one()
    assert (row.every_minutes, row.default_rule, row.rules) == (60, "newest", {"title": "ours"})
    assert row.options == {"create_here": True, "create_there": False, "apply": "review"} and row.next_at is not None
    db.session.remove()
    answer = staff.post(f"{where}/products", {**FORM, "every_minutes": "5", "default_rule": "ours", "marks": marks})
    assert answer.status_code == 422 and "Somebody else saved" in answer.text


@pytest.mark.parametrize(
    "changes",
    [{"direction": "sideways"}, {"every_minutes": "0"}, {"every_minutes": "\0"}, {"default_rule": ""}, {"apply": "x" * 9000},
     {"rule_title": "mine"}],
)  # fmt: skip
def test_wrong_settings_are_refused_and_nothing_changes(
    staff: Staff, toy: tuple[int, World], changes: dict[str, Any]
) -> None:
    where = f"{path(toy)}/sync"
    marks = marks_in(staff.get(where).text)
    answer = staff.post(f"{where}/products", {**FORM, **changes, "marks": marks})
    assert answer.status_code == 422 and "choose one of the options" in answer.text
    assert db.session.execute(select(SyncSetting.every_minutes)).scalar_one() == 15


def test_pages_ask_the_same_number_of_questions_for_many_things(staff: Staff, toy: tuple[int, World]) -> None:
    counts = []
    for number in (2, 6):
        for n in range(number):
            toy[1].add(f"Mug {number} {n}", [f"M{number}{n}"])
        run_id = plan(staff, toy)
        counts.append(min(questions(staff, f"/admin/channels/runs/{run_id}", f"{path(toy)}/runs") for _ in range(3)))
        press(staff, run_id, "apply")
    assert counts[0] == counts[1]


def questions(staff: Staff, *paths: str) -> int:
    """The panel asks for some things now and then (its profile, who was seen): the least of some tries counts."""
    with counting() as seen:
        for where in paths:
            staff.get(where)
    return len(seen)


def test_calls_are_told_in_numbers_for_a_connection_and_for_all(staff: Staff, toy: tuple[int, World]) -> None:
    assert "No calls yet" in staff.get(f"{path(toy)}/calls").text
    for outcome in ("ok", "ok", "unavailable"):
        count_call("toy", str(toy[0]), "GET /products", outcome, 1.2)
    for where in (f"{path(toy)}/calls", "/admin/developers/calls"):
        page = staff.get(where).text
        assert "GET /products" in page and "1.2 s" in page and "67 %" in page and "1 × no answer" in page
