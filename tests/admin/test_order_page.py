"""What staff do on an order's page: refunds by line, the address, a swap, a split, notes, tags, letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderEntry
from shop.payments.models import Refund
from tests.admin import making
from tests.admin.conftest import Staff, counting
from tests.fulfilment.test_moves import another, bought
from tests.town import Town


@pytest.fixture
def order(app: object) -> Order:
    with transaction() as session:
        return making.paid_order(session)


def line_id(order: Order) -> int:
    return int(db.session.execute(select(Order).where(Order.id == order.id)).scalar_one().lines[0].id)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def entries(order: Order, what: str) -> list[str]:
    db.session.remove()
    rows = (
        select(OrderEntry.why).where(OrderEntry.order_id == order.id, OrderEntry.what == what).order_by(OrderEntry.id)
    )
    return list(db.session.execute(rows).scalars())


def refunds() -> list[int]:
    db.session.remove()
    return list(db.session.execute(select(Refund.amount_minor).order_by(Refund.id)).scalars())


def test_a_refund_is_shown_before_it_is_made_and_made_once(staff: Staff, order: Order) -> None:
    where, name = f"/admin/orders/{order.number}", f"line-{line_id(order)}"
    form = {name: "1", "shipping": "1", "reason": "Too small", "key": hidden(staff.get(f"{where}/refund").text, "key")}
    shown = staff.post(f"{where}/refund-lines", {**form, "do": "preview"})
    assert shown.status_code == 200 and "Ada Byron gets $32.99" in shown.text and "Too small" in shown.text
    assert refunds() == []
    sure = {**form, "left": hidden(shown.text, "left"), "do": "apply"}
    for _ in range(3):
        assert "$32.99 is on its way" in staff.press(f"{where}/refund-lines", sure)
    assert refunds() == [3299]
    page = staff.get(f"{where}/refund").text
    assert "of 1" in page and "Shipping, " not in page


@pytest.mark.parametrize(
    "form",
    [
        {}, {"LINE": "3"}, {"LINE": "-1"}, {"LINE": "x"}, {"LINE": "1\0"}, {"amount": "0"}, {"amount": "abc"},
        {"amount": "9999"}, {"LINE": "1", "reason": "x" * 300}, {"LINE": "1", "do": "apply"},
        {"LINE": "1", "do": "apply", "left": "6099"}, {"LINE": "1", "do": "apply", "left": "x", "key": "k"},
    ],
)  # fmt: skip
def test_a_bad_refund_form_comes_back_and_gives_nothing(staff: Staff, order: Order, form: dict[str, str]) -> None:
    name = f"line-{line_id(order)}"
    staff.get(f"/admin/orders/{order.number}/refund")
    sent = {name if k == "LINE" else k: v for k, v in form.items()}
    answer = staff.post(f"/admin/orders/{order.number}/refund-lines", sent)
    assert answer.status_code == 422 and 'class="error-summary"' in answer.text
    assert refunds() == []


def test_an_old_refund_form_gives_nothing(staff: Staff, order: Order) -> None:
    where, name = f"/admin/orders/{order.number}", f"line-{line_id(order)}"
    staff.get(where)
    staff.press(f"{where}/refund-lines", {name: "1", "key": "a", "left": str(order.total_minor), "do": "apply"})
    old = {name: "1", "key": "b", "left": str(order.total_minor), "do": "apply"}
    assert "A refund was made meanwhile" in staff.press(f"{where}/refund-lines", old)
    assert len(refunds()) == 1


GOOD = {**making.ADA, "line1": "9 Elm Street", "city": "Salem", "postal_code": "97301", "phone": "+1 503 555 0100"}


def address_form(staff: Staff, order: Order, **changes: str) -> dict[str, Any]:
    page = staff.get(f"/admin/orders/{order.number}/address").text
    return {**GOOD, "marks": hidden(page, "marks"), **changes}


def test_an_address_is_put_right_for_the_order_and_what_is_printed(staff: Staff, order: Order) -> None:
    assert "The address is changed" in staff.press(f"/admin/orders/{order.number}/address", address_form(staff, order))
    work = db.session.execute(select(FulfilmentOrder)).scalar_one()
    assert (work.ship_to["city"], work.ship_to["email"]) == ("Salem", "ada@example.com")
    assert entries(order, "address") == [
        "From Ada Byron, 12 Mill Lane, Portland, OR 97209, United States to "
        "Ada Byron, 9 Elm Street, Salem, OR 97301, United States"
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "The name is missing"), ("line1", " \0 ", "The street is missing"),
        ("city", "x" * 200, "too long"), ("postal_code", "", "The postal code is missing"),
        ("postal_code", "ABC", "looks like 97209"), ("state", "", "need a state"), ("state", "Oregon", "two letters"),
        ("country", "ZZ", "Choose a country"), ("country", "", "The country is missing"),
        ("country", "KP", "Choose a country"), ("phone", "call me", "with digits"),
    ],
)  # fmt: skip
def test_a_bad_address_is_told_beside_its_field(staff: Staff, order: Order, field: str, value: str, said: str) -> None:
    answer = staff.post(f"/admin/orders/{order.number}/address", address_form(staff, order, **{field: value}))
    assert answer.status_code == 422 and said in answer.text and f'id="f-{field}-error"' in answer.text
    db.session.remove()
    assert db.session.execute(select(Order.ship_to)).scalar_one()["city"] == "Portland"


def test_the_second_of_two_who_correct_it_sees_what_changed(staff: Staff, order: Order) -> None:
    first, second = (address_form(staff, order, city=city) for city in ("Salem", "Bend"))
    staff.press(f"/admin/orders/{order.number}/address", first)
    answer = staff.post(f"/admin/orders/{order.number}/address", second)
    assert answer.status_code == 422 and "Somebody else saved this" in answer.text
    assert "<b>Town</b>: Salem" in answer.text and 'value="Bend"' in answer.text
    db.session.remove()
    assert db.session.execute(select(Order.ship_to)).scalar_one()["city"] == "Salem"


def test_what_is_being_made_keeps_its_address(staff: Staff) -> None:
    with transaction() as session:
        made = making.paid_order(session, fulfilment_status="in_production", step="watch")
    assert "goes to the address below" in staff.get(f"/admin/orders/{made.number}/address").text
    answer = staff.post(f"/admin/orders/{made.number}/address", {**GOOD, "marks": ""})
    assert answer.status_code == 422


def test_a_line_is_swapped_on_its_page(town: Town) -> None:
    staff = Staff(town.app).known_as("admin@example.com")
    bought_order = bought(town, 2)
    number, new = bought_order.number, another(bought_order)
    where = f"/admin/orders/{number}/lines/{line_id(bought_order)}/swap"
    page = staff.get(where).text
    assert "(+$3.00 each)" in page
    shown = hidden(page, "shown")
    for bad in ("", "x", "999999999999", "-1"):
        assert staff.post(where, {"variant": bad, "shown": shown}).status_code == 422
    said = staff.press(where, {"variant": str(new.id), "shown": shown, "why": "Asked by phone"})
    assert "It costs $6.00 more; nothing was charged" in said
    assert "meanwhile" in staff.press(where, {"variant": str(new.id), "shown": shown})
    assert staff.get(f"/admin/orders/{number}/lines/999999/swap").status_code == 404
    assert "No product fits" in staff.get(f"{where}?q=%00nothing").text
    assert "variants" in staff.get(f"{where}?q=mug").text


def test_an_order_is_split_and_a_part_given_up_on_its_page(staff: Staff, order: Order) -> None:
    work = db.session.execute(select(FulfilmentOrder.id)).scalar_one()
    where, name = f"/admin/orders/{order.number}", f"line-{line_id(order)}"
    page = staff.get(f"{where}/parts/{work}/split").text
    shown = hidden(page, "shown")
    for n in ("0", "2", "3", "x", ""):
        answer = staff.post(f"{where}/parts/{work}/split", {name: n, "shown": shown})
        assert answer.status_code == 422, n
    said = staff.press(f"{where}/parts/{work}/split", {name: "1", "shown": shown})
    assert f"{order.number}-2 is printed by itself" in said and "Do not make" in said
    assert "meanwhile" in staff.press(f"{where}/parts/{work}/split", {name: "1", "shown": shown})
    assert "Tick the box" in staff.press(f"{where}/parts/{work}/give-up", {})
    assert "It will not be made" in staff.press(f"{where}/parts/{work}/give-up", {"sure": "1", "why": "Sold out"})
    assert "Given up" in staff.get(where).text
    assert staff.get(f"{where}/parts/999/split").status_code == 404


def test_a_note_is_changed_by_who_wrote_it_and_nobody_else(
    staff: Staff, staff_as: Callable[[str], Staff], order: Order
) -> None:
    where = f"/admin/orders/{order.number}"
    staff.get(where)
    staff.press(f"{where}/note", {"note": "Call her"})
    db.session.remove()
    note = db.session.execute(select(OrderEntry.id).where(OrderEntry.what == "note")).scalar_one()
    other = staff_as("support")
    assert f"/notes/{note}" not in other.get(where).text
    assert "Only who wrote" in other.press(f"{where}/notes/{note}", {"note": "x", "shown": "Call her"})
    assert "Only who wrote" in other.press(f"{where}/notes/{note}/delete")
    assert "is changed" in staff.press(f"{where}/notes/{note}", {"note": "Called her", "shown": "Call her"})
    assert "another window" in staff.press(f"{where}/notes/{note}", {"note": "Old", "shown": "Call her"})
    assert entries(order, "note") == ["Called her"]
    assert "is gone" in staff.press(f"{where}/notes/{note}/delete")
    assert "is gone" in staff.press(f"{where}/notes/{note}/delete")
    assert entries(order, "note") == []
    placed = db.session.execute(select(OrderEntry.id).where(OrderEntry.what == "placed")).scalar_one()
    assert "is gone" in staff.press(f"{where}/notes/{placed}/delete")
    assert entries(order, "placed")


def test_the_story_shows_one_sort_when_asked(staff: Staff, order: Order) -> None:
    where = f"/admin/orders/{order.number}"
    staff.get(where)
    staff.press(f"{where}/note", {"note": "Call her"})
    assert "Order placed" in staff.get(where).text
    notes = staff.get(f"{where}?story=notes").text
    assert "Call her" in notes and "Order placed" not in notes
    assert "Nothing of this sort" in staff.get(f"{where}?story=money").text
    assert "Order placed" in staff.get(f"{where}?story=nonsense&older=x").text
    with transaction() as session:
        session.add_all(OrderEntry(order_id=order.id, what="letter", why=f"L{n}") for n in range(250))
    assert ">Older</a>" in staff.get(where).text and ">Older</a>" not in staff.get(f"{where}?older=3").text


def test_tags_of_two_people_meet(staff: Staff, order: Order) -> None:
    where = f"/admin/orders/{order.number}"
    staff.get(where)
    staff.press(f"{where}/tags", {"tags": " Gift , VIP,gift", "shown": ""})
    staff.press(f"{where}/tags", {"tags": "Fragile", "shown": ""})  # filled before the first was saved
    db.session.remove()
    assert db.session.execute(select(Order.tags)).scalar_one() == ["Gift", "VIP", "Fragile"]
    staff.press(f"{where}/tags", {"tags": "Gift", "shown": "Gift, VIP"})
    db.session.remove()
    assert db.session.execute(select(Order.tags)).scalar_one() == ["Gift", "Fragile"]
    assert "at most 40" in staff.press(f"{where}/tags", {"tags": "x" * 41, "shown": ""})
    assert "at most 20" in staff.press(f"{where}/tags", {"tags": ",".join(map(str, range(30))), "shown": ""})


def test_any_letter_that_fits_is_sent_again_once_a_form(staff: Staff) -> None:
    with transaction() as session:
        shipped = making.paid_order(session, fulfilment_status="shipped", step="watch")
        parcel = making.parcel(session, shipped, "9400123")
        session.flush()
        parcel_id = parcel.id
    where = f"/admin/orders/{shipped.number}"
    page = staff.get(where).text
    assert "Shipped: parcel 9400123" in page and "Delivered: parcel" not in page
    for _ in range(2):
        staff.press(f"{where}/resend", {"letter": f"shipped:{parcel_id}", "round": "0"})
    for bad in ("delivered:1", "refunded:9", "cancelled", "merchant_new_order", "shipped:999", "shipped:x", "\0"):
        assert "does not fit" in staff.press(f"{where}/resend", {"letter": bad, "round": "1"}), bad
    db.session.remove()
    letters = db.session.execute(select(Letter)).scalars().all()
    assert [(x.letter, x.subject_key) for x in letters] == [("shipped", f"shipment:{parcel_id}#1")]
    assert letters[0].facts["parcel"]["items"][0]["quantity"] == 2


def test_each_role_sees_what_it_may_do(staff_as: Callable[[str], Staff], order: Order) -> None:
    where = f"/admin/orders/{order.number}"
    offered = {"/address": "fulfilment", "/refund": "support", "/split": "fulfilment", "/tags": "support"}
    for role in ("fulfilment", "support", "viewer"):
        page = staff_as(role).get(where).text
        for path, wanted in offered.items():
            is_there = f"{where}{path}" in page or (path == "/split" and "/split" in page)
            assert is_there == (role == wanted or (path == "/tags" and role == "fulfilment")), (role, path)


def test_statements_do_not_grow_with_parts_lines_and_letters(staff: Staff, order: Order) -> None:
    where = f"/admin/orders/{order.number}"
    staff.get(where)
    with counting() as few:
        staff.get(where)
    with transaction() as session:
        for n in range(2, 12):
            session.add(
                FulfilmentOrder(order_id=order.id, generation=n, external_key=f"{order.number}-{n}", work_state="done")
            )
        for _ in range(10):
            making.letter(session, order_id=order.id)
            session.add(OrderEntry(order_id=order.id, what="note", why="x"))
    with counting() as many:
        staff.get(where)
    assert len(many) == len(few)
