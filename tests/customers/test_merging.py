"""Two customers are one person."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.customers import remember_customer
from shop.accounts.models import AuditEntry, Customer
from shop.cart.models import Cart
from shop.core.transaction import run_in_transaction, transaction
from shop.customers.changing import add_note, change_consent
from shop.customers.models import ConsentChange, CustomerNote
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.orders.models import Order
from shop.workflows.erase_customer import request_erasure
from shop.workflows.merge_customers import merge_customers
from tests.admin import making
from tests.admin.conftest import Staff
from tests.customers.people import again, bought, buyer, give_back, recomputed, stored


@pytest.fixture
def pair(app: Flask) -> tuple[int, int]:
    """(who is kept, who is merged): both bought, both are tagged, only the second wants mail."""
    with transaction() as session:
        keep = buyer(session, "ada@example.com", "Ada Byron", tags=["press", "Friend"])
        other = buyer(session, "countess@example.com", "Ada Lovelace", phone="+44 20 7946 0000", tags=["friend", "vip"])
        bought(session, keep)
        bought(session, other)
        add_note(session, other, "Likes moss", "Owner")
        change_consent(session, other, True, source="checkout", who="the customer")
        session.add(Cart(customer_id=other.id))
        return keep.id, other.id


def test_everything_of_the_second_becomes_the_firsts(pair: tuple[int, int]) -> None:
    keep, other = pair
    assert merge_customers(keep, other, who="Owner") is True
    assert merge_customers(keep, other, who="Owner") is False
    db.session.remove()
    for model in (Order, CustomerNote, ConsentChange, Cart):
        assert set(db.session.execute(select(model.customer_id)).scalars()) == {keep}, model  # type: ignore[attr-defined]
    kept = db.session.get_one(Customer, keep)
    assert (kept.name, kept.phone, kept.tags) == ("Ada Byron", "+44 20 7946 0000", ["press", "Friend", "vip"])
    assert kept.orders_count == 2
    assert stored() == recomputed()


@pytest.mark.parametrize(
    ("first", "second", "kept"), [(True, False, False), (False, True, False), (True, True, True), (False, False, False)]
)
def test_the_strictest_consent_wins(app: Flask, first: bool, second: bool, kept: bool) -> None:
    with transaction() as session:
        keep = buyer(session, accepts_marketing=first).id
        other = buyer(session, "b@example.com", "B", accepts_marketing=second).id
    merge_customers(keep, other, who="Owner")
    assert db.session.get_one(Customer, keep).accepts_marketing is kept
    rows = db.session.execute(select(ConsentChange)).scalars().all()
    assert [(r.source, r.accepts) for r in rows] == ([("merge", False)] if first and not second else [])


def test_whoever_buys_with_the_old_address_is_the_kept_one(pair: tuple[int, int]) -> None:
    keep, other = pair
    with transaction() as session:
        third = buyer(session, "third@example.com", "Third").id
    merge_customers(keep, other, who="Owner")
    merge_customers(third, keep, who="Owner")
    with transaction() as session:
        assert remember_customer(session, "countess@example.com", "", "en") == third
        assert remember_customer(session, "ada@example.com", "", "en") == third


def test_what_cannot_be_merged_is_refused(pair: tuple[int, int]) -> None:
    keep, other = pair
    with transaction() as session:
        third = buyer(session, "third@example.com", "Third").id
        request_erasure(session, third, who="Owner")
    for first, second, error in (
        (keep, keep, InvalidInput),
        (keep, 4711, NotFound),
        (4711, keep, NotFound),
        (keep, third, Conflict),
        (third, keep, Conflict),
    ):
        with pytest.raises(error):
            merge_customers(first, second, who="Owner")
    merge_customers(keep, other, who="Owner")
    with pytest.raises(Conflict):
        merge_customers(other, keep, who="Owner")


def test_an_order_placed_at_the_same_moment_is_not_lost(app: Flask, pair: tuple[int, int]) -> None:
    keep, other = pair
    start = threading.Barrier(4)

    def in_a_thread(work: object) -> threading.Thread:
        def run() -> None:
            with app.app_context():
                start.wait(10)
                work()  # type: ignore[operator]
                db.session.remove()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def buy() -> None:
        with transaction() as session:
            found = remember_customer(session, "countess@example.com", "", "en")
            making.paid_order(session, email="countess@example.com", customer_id=found)

    order_id = db.session.execute(select(Order.id).where(Order.customer_id == other)).scalar_one()
    db.session.remove()

    def refund() -> None:
        run_in_transaction(lambda s: give_back(s, s.get_one(Order, order_id, with_for_update=True), 100))

    threads = [in_a_thread(w) for w in (buy, buy, refund, lambda: merge_customers(keep, other, who="Owner"))]
    for thread in threads:
        thread.join(30)
    assert set(db.session.execute(select(Order.customer_id)).scalars()) == {keep}
    assert stored() == recomputed()
    assert stored()[keep][0] == 4


def test_the_page_asks_once_and_both_pages_lead_to_the_kept_one(staff: Staff, pair: tuple[int, int]) -> None:
    keep, other = pair
    page = staff.get(f"/admin/customers/{keep}/merge?q=countess").text
    assert "Ada Lovelace" in page
    page = staff.get(f"/admin/customers/{keep}/merge?other={other}").text
    assert "Only one of the two agreed" in page
    assert "Yes, Ada Lovelace and Ada Byron are one person" in page
    url = f"/admin/customers/{keep}/merge"
    assert "Tick the box" in staff.press(url, {"other": str(other)})
    for bad in ("", "x", "4711", str(keep), "9" * 30):
        assert staff.post(url, {"other": bad, "sure": "1"}).status_code == 303, bad
    assert again(db.session.get_one(Customer, other)).merged_into_id is None
    assert "is merged into Ada Byron" in staff.press(url, {"other": str(other), "sure": "1"})
    assert "merged already" in staff.press(url, {"other": str(other), "sure": "1"})
    assert staff.get(f"/admin/customers/{other}").location == f"/admin/customers/{keep}"
    assert staff.get(f"/admin/customers/{other}/merge").location == f"/admin/customers/{keep}"
    listed = staff.get("/admin/customers").text
    assert "Ada Byron" in listed
    assert "Ada Lovelace" not in listed
    for path, data in (("note", {"note": "x"}), ("consent", {"accepts": "yes", "why": "x"})):
        assert staff.post(f"/admin/customers/{other}/{path}", data).status_code == 303
    assert db.session.execute(select(CustomerNote)).scalars().one().customer_id == keep
    entries = db.session.execute(select(AuditEntry).where(AuditEntry.what == "merge customer")).scalars().all()
    assert [(e.subject, e.after["merged_customer_id"]) for e in entries] == [(f"customer {keep}", other)]


def test_the_old_address_may_become_the_main_one(staff: Staff, pair: tuple[int, int]) -> None:
    from shop.customers.changing import change_email, lock_customer

    keep, other = pair
    merge_customers(keep, other, who="Owner")
    with transaction() as session:
        change_email(session, lock_customer(session, keep), "countess@example.com")
    db.session.remove()
    assert db.session.get_one(Customer, keep).email == "countess@example.com"
    assert db.session.get_one(Customer, other).email == "ada@example.com"
