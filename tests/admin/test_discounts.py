"""The panel's discounts: made, changed, switched, codes handed out; hostile input is told beside its field."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from shop.core.transaction import transaction
from shop.extensions import db
from shop.promotions.models import Discount, DiscountCode
from tests.admin.conftest import Staff, counting
from tests.admin.test_product_editor import form_of
from tests.promotions.conftest import a_discount

NEW = {
    "title": "Summer", "kind": "percentage", "by_code": "1", "code": "summer10", "percent": "10", "scope": "all",
    "is_active": "1",
}  # fmt: skip


def made() -> Discount:
    db.session.remove()
    return db.session.execute(select(Discount)).scalar_one()


def test_made_listed_changed_and_switched_off(staff: Staff) -> None:
    assert "No discounts yet" in staff.get("/admin/discounts").text
    page = staff.press("/admin/discounts/new", NEW)
    assert "Saved." in page and "SUMMER10" in page and made().basis_points == 1000
    path = f"/admin/discounts/{made().id}"
    form = {**form_of(staff.get(path).text), "title": "Winter", "max_uses": "5", "percent": "12.5"}
    assert staff.post(path, form).status_code == 303
    assert (made().title, made().max_uses, made().basis_points) == ("Winter", 5, 1250)
    assert "0 of 5" in staff.get("/admin/discounts").text
    assert "switched off" in staff.press(f"{path}/switch")
    assert made().is_active is False
    assert "active again" in staff.press(f"{path}/switch", {"on": "1"})


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"kind": "fixed", "amount": "5,50"}, "amount_minor", 550),
        ({"kind": "free_shipping"}, "kind", "free_shipping"),
        ({"kind": "buy_x_get_y", "buy_quantity": "2", "get_quantity": "1", "percent": "100"}, "buy_quantity", 2),
        (
            {"kind": "tiered", "tiers": "100: 20\n50: 10"}, "tiers",
            [{"from_minor": 5000, "basis_points": 1000}, {"from_minor": 10_000, "basis_points": 2000}],
        ),
        ({"scope": "products", "scope_ids": "3, 1 3"}, "scope_ids", [1, 3]),
        ({"by_code": ""}, "by_code", False),
    ],
)  # fmt: skip
def test_every_kind_can_be_made_and_its_form_says_the_same(
    staff: Staff, changes: dict[str, str], column: str, value: object
) -> None:
    assert staff.post("/admin/discounts/new", {**NEW, **changes}).status_code == 303
    assert getattr(made(), column) == value
    path = f"/admin/discounts/{made().id}"
    assert staff.post(path, form_of(staff.get(path).text)).status_code == 303
    assert getattr(made(), column) == value


def test_what_it_is_for_is_named_by_its_address_in_the_shop(staff: Staff) -> None:
    chosen = {"scope": "collections", "scope_ids": "botanical, /collections/night-sky"}
    assert staff.post("/admin/discounts/new", {**NEW, **chosen}).status_code == 303
    assert len(made().scope_ids) == 2
    page = staff.get(f"/admin/discounts/{made().id}").text
    assert "botanical" in page and "night-sky" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "Name is missing"),
        ({"title": "x" * 81}, "too long"),
        ({"kind": "magic"}, "choose one of the options"),
        ({"code": "☃☃☃"}, "at least three letters"),
        ({"code": "ab"}, "at least three letters"),
        ({"code": "x" * 41}, "too long"),
        ({"percent": "0"}, "from 0.01 to 100"),
        ({"percent": "101"}, "from 0.01 to 100"),
        ({"percent": "NaN"}, "from 0.01 to 100"),
        ({"percent": "1e9"}, "from 0.01 to 100"),
        ({"percent": "\x00"}, "from 0.01 to 100"),
        ({"kind": "fixed", "amount": "0"}, "more than zero"),
        ({"kind": "fixed", "amount": "-5"}, "not an amount"),
        ({"kind": "buy_x_get_y"}, "whole number from 1"),
        ({"kind": "tiered", "tiers": "50"}, "amount: percent"),
        ({"kind": "tiered", "tiers": ""}, "from one to 10"),
        ({"scope": "products", "scope_ids": "x"}, "Nothing has the address"),
        ({"max_uses": "-1"}, "whole number from 1"),
        ({"starts_at": "soon"}, "choose a day"),
        ({"starts_at": "2026-02-01T10:00", "ends_at": "2026-01-01T10:00"}, "end after it starts"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(staff: Staff, changes: dict[str, str], said: str) -> None:
    answer = staff.post("/admin/discounts/new", {**NEW, **changes})
    assert answer.status_code == 422 and said in answer.text
    assert db.session.execute(select(func.count(Discount.id))).scalar_one() == 0


def test_two_discounts_cannot_have_codes_that_look_alike(staff: Staff) -> None:
    a_discount("SUMMER10")
    answer = staff.post("/admin/discounts/new", {**NEW, "code": "SUMMER-IO"})
    assert answer.status_code == 422 and "has the code SUMMER10 already" in answer.text


def test_the_second_of_two_editors_sees_what_changed(staff: Staff) -> None:
    path = f"/admin/discounts/{a_discount()}"
    form = form_of(staff.get(path).text)
    with transaction() as session:
        session.execute(update(Discount).values(title="Theirs"))
    answer = staff.post(path, {**form, "title": "Mine"})
    assert answer.status_code == 422 and "Theirs" in answer.text and "Mine" in answer.text
    assert made().title == "Theirs"


def test_a_thousand_codes_are_made_and_downloaded(staff: Staff) -> None:
    path = f"/admin/discounts/{a_discount()}"
    assert "1,000 codes were made" in staff.press(f"{path}/codes", {"count": "1000"})
    assert db.session.execute(select(func.count(DiscountCode.id)).where(DiscountCode.max_uses == 1)).scalar() == 1000
    lines = staff.get(f"{path}/codes.csv").text.splitlines()
    assert lines[0] == "code,uses,most uses" and len(lines) == 1002
    for count in ("0", "1001", "x", "", "٣", "99999"):
        assert "from 1 to 1,000" in staff.press(f"{path}/codes", {"count": count})


def test_who_may_only_look_changes_nothing(staff_as: Callable[[str], Staff]) -> None:
    path, viewer = f"/admin/discounts/{a_discount()}", staff_as("viewer")
    assert viewer.get(path).status_code == 200
    for target in (path, f"{path}/switch", f"{path}/codes", "/admin/discounts/new"):
        assert viewer.post(target, NEW).status_code == 403
    assert viewer.get(f"{path}/codes.csv").status_code == 403


def test_the_list_asks_as_often_for_many_as_for_few(staff: Staff) -> None:
    counts = []
    for _ in range(2):
        for n in range(5):
            a_discount("", title=f"D{n}")
        with counting() as seen:
            assert staff.get("/admin/discounts").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
