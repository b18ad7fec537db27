"""Returns in the panel: found, decided, settled, claimed; by those who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from shop.core.transaction import transaction
from shop.extensions import db
from shop.orders.models import OrderLine
from shop.payments.models import Refund
from shop.returns.models import PrintClaim, Return
from shop.tenancy.return_rules import return_rules_of
from shop.workflows.declare_withdrawal import Declared, declare
from shop.workflows.request_return import Asked, request_return
from tests.admin.conftest import Staff, counting
from tests.returns.making import delivered_order


def a_return(key: str = "k", quantity: int = 3) -> tuple[int, int]:
    """(return, its order's line)"""
    order = delivered_order(quantity)
    order_id = order.id
    line = db.session.execute(select(OrderLine.id).where(OrderLine.order_id == order_id)).scalar_one()
    db.session.remove()
    return request_return(order_id, Asked({line: 2}, "damaged", "Torn"), form_key=key), line


def status_of(return_id: int) -> str:
    db.session.remove()
    return str(db.session.execute(select(Return.status).where(Return.id == return_id)).scalar_one())


def test_a_return_is_approved_and_settled_however_often_it_is_pressed(staff: Staff) -> None:
    return_id, line = a_return()
    path = f"/admin/returns/{return_id}"
    assert "Torn" in staff.get(path).text
    for _ in range(2):
        page = staff.press(f"{path}/decide", {"do": "approve", "words": "Sorry"})
    assert "Approved" in page
    form = {"how": "refund", f"line-{line}": "1", "amount": "", "note": "For the torn one"}
    for _ in range(2):
        assert staff.post(f"{path}/settle", form).status_code == 303
    from jobs.returns import drain

    drain()
    assert status_of(return_id) == "settled"
    assert db.session.execute(select(func.count()).select_from(Refund)).scalar_one() == 1
    assert db.session.execute(select(Refund.amount_minor)).scalar_one() == 2000
    assert "Refunded" in staff.get(path).text


BAD = [
    ("decide", {"do": "decline", "words": ""}, "words"),
    ("decide", {"do": "ask", "words": "\x00"}, "words"),
    ("decide", {"do": "explode"}, "do"),
    ("decide", {"do": "approve", "words": "x" * 3000}, "words"),
    ("claim", {"state": "odd", "currency": "USD"}, "state"),
    ("claim", {"state": "open", "currency": "USD", "deadline": "tomorrow"}, "deadline"),
    ("claim", {"state": "open", "currency": "USD", "recovered": "-4"}, "recovered"),
    ("claim", {"state": "open", "currency": "XXX"}, "currency"),
]


def test_what_is_wrong_in_a_form_is_told_and_changes_nothing(staff: Staff) -> None:
    return_id, line = a_return()
    path = f"/admin/returns/{return_id}"
    for name, form, _field in BAD:
        assert staff.post(f"{path}/{name}", form).status_code == 422, (name, form)
    assert status_of(return_id) == "requested"
    staff.press(f"{path}/decide", {"do": "approve"})
    for form in (
        {"how": "refund", f"line-{line}": "3"},
        {"how": "refund", f"line-{line}": "-1"},
        {"how": "refund", f"line-{line}": "0"},
        {"how": "refund", f"line-{line}": "1", "amount": "9999999"},
        {"how": "refund", f"line-{line}": "1", "amount": "0"},
        {"how": "refund", f"line-{line}": "1", "amount": "NaN"},
        {"how": "nothing", f"line-{line}": "1"},
        {"how": "credit", "note": ""},
        {},
    ):
        assert staff.post(f"{path}/settle", form).status_code == 422, form
    assert staff.post(f"{path}/settle", {"how": "refund", "line-4711": "1"}).status_code == 404
    assert staff.post("/admin/returns/4711/settle", {"how": "refund"}).status_code == 404
    assert status_of(return_id) == "approved"


def test_the_claim_is_kept_and_the_list_finds_it(staff: Staff) -> None:
    return_id, _ = a_return()
    form = {"number": "SR-7", "state": "accepted", "currency": "USD", "recovered": "11.20", "deadline": "2026-12-24"}
    assert "SR-7" in staff.press(f"/admin/returns/{return_id}/claim", form)
    claim = db.session.execute(select(PrintClaim)).scalar_one()
    assert (claim.recovered_minor, claim.state) == (1120, "accepted")
    number = db.session.execute(select(Return.number)).scalar_one()
    db.session.remove()
    for query in ("tab=all&claim=accepted", f"tab=requested&q={number}", "reason=damaged", "q=ada@", "q=byron"):
        assert number in staff.get(f"/admin/returns?{query}").text, query
    for query in ("tab=settled", "claim=refused", "reason=wrong_size", "q=nobody", "q=%00", "tab=odd&page=99999"):
        assert staff.get(f"/admin/returns?{query}").status_code == 200
    assert "SR-7" not in staff.get("/admin/returns?tab=settled").text


def test_only_who_may_decides_and_settles(staff_as: Callable[[str], Staff]) -> None:
    return_id, line = a_return()
    viewer = staff_as("viewer")
    assert viewer.get(f"/admin/returns/{return_id}").status_code == 200
    for name in ("decide", "settle", "claim"):
        assert viewer.post(f"/admin/returns/{return_id}/{name}", {}).status_code == 403
    support = staff_as("support")
    support.press(f"/admin/returns/{return_id}/decide", {"do": "approve"})
    page = support.press(f"/admin/returns/{return_id}/settle", {"how": "replace", f"line-{line}": "1"})
    assert "does not include" in page and status_of(return_id) == "approved"


@pytest.mark.parametrize("path", ["/admin/returns?tab=all", "/admin/withdrawals?tab=all"])
def test_a_list_costs_the_same_for_few_and_many(path: str, staff: Staff) -> None:
    def fill(n: int) -> None:
        for i in range(n):
            a_return(f"k{i}")
            declare(Declared("Eve", "eve@example.com", "K7QM-4T2X"), form_key=f"{n}-{i}")

    counts = []
    for more in (2, 4):
        fill(more)
        staff.get(path)
        with counting() as seen:
            staff.get(path)
        counts.append(len(seen))
    assert counts[0] == counts[1], counts


def test_settings_are_kept_and_bounded(staff: Staff) -> None:
    page = staff.get("/admin/settings/returns")
    version = page.text.split('name="version" value="')[1].split('"')[0]
    form = {"address": "12 Mill Lane", "window_days": "30", "claim_days": "30", "buyer_pays": "0", "version": version}
    assert staff.post("/admin/settings/returns", {**form, "window_days": "13"}).status_code == 422
    assert staff.post("/admin/settings/returns", form).status_code == 303
    from shop.tenancy.models import StoreProfile

    rules = return_rules_of(db.session.execute(select(StoreProfile.returning)).scalar_one())
    assert (rules.address, rules.window_days, rules.buyer_pays) == ("12 Mill Lane", 30, False)
    odd = return_rules_of({"window_days": "x", "claim_days": True, "address": 3, "buyer_pays": None})
    assert (odd.window_days, odd.claim_days, odd.address, odd.buyer_pays) == (14, 30, "", True)


def test_a_declaration_without_an_order_is_matched_or_closed_with_words(staff: Staff) -> None:
    order = delivered_order(1)
    number = order.number
    db.session.remove()
    with transaction():
        pass
    declare(Declared("Eve", "eve@example.com", "K7QM-4T2X"), form_key="a")
    declare(Declared("Eve", "eve@example.com", "K7QM-4T2X"), form_key="b")
    for form in ({"do": "match", "number": ""}, {"do": "match", "number": "K7QM-4T2X"}, {"do": "dismiss"}, {"do": "x"}):
        assert staff.post("/admin/withdrawals/1", form).status_code == 422, form
    assert "It is about order" in staff.press("/admin/withdrawals/1", {"do": "match", "number": number})
    assert "It is closed" in staff.press("/admin/withdrawals/2", {"do": "dismiss", "words": "A test"})
    assert db.session.execute(select(Return.status)).scalar_one() == "approved"
