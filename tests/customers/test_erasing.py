"""A person is forgotten, the books are not."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import DateTime, String, cast, func, inspect, select, text

from jobs.privacy import drain
from shop.accounts.customers import remember_customer
from shop.accounts.models import Customer, SavedView
from shop.cart.models import Cart
from shop.core import clock, durable
from shop.core.transaction import transaction
from shop.customers.models import CustomerNote, PrivacyRequest
from shop.email.models import Letter
from shop.errors import Conflict, NotFound
from shop.extensions import Base, db
from shop.fulfilment.models import FulfilmentOrder
from shop.inbound.models import InboundEvent
from shop.orders.models import Order, OrderEntry
from shop.orders.statuses import tell
from shop.outbound.models import OutboundCall
from shop.payments.models import Dispute, Payment
from shop.subscribers.choosing import confirm_newsletter, keep_subscriber
from shop.workflows import erase_customer
from shop.workflows.erase_customer import request_erasure
from shop.workflows.merge_customers import merge_customers
from tests.admin import making
from tests.customers.people import again, bought, buyer, give_back
from tests.town import Town

EMAIL, NAME = "ada@example.com", "Ada Byron"
#: frozen documents that the law wants as they were issued; the shop's own pages, with the address it has in the tests
MAY_KNOW = {"invoices", "content_pages", "store_profile"}


def who_still_knows(*words: str) -> list[str]:
    """Every table and column with one of these words in it, from the tables themselves."""
    found = []
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for column in table.columns if table.name not in MAY_KNOW else ():
                if isinstance(column.type, DateTime):  # a moment may have any four digits in it
                    continue
                for word in words:
                    hit = func.lower(cast(column, String)).contains(word.lower(), autoescape=True)
                    if connection.execute(select(table.c.id).where(hit).limit(1)).first():
                        found.append(f"{table.name}.{column.name}: {word}")
    return found


def a_life(customer: Customer) -> SimpleNamespace:
    """Everything that is written down about somebody, in every table of today."""
    with transaction() as session:
        customer = session.merge(customer)
        order = bought(session, customer, note="Please ring, Ada")
        give_back(session, order, 300).reason = "Ada Byron asked for it"
        dispute = making.dispute(session, order)
        dispute.status, dispute.details = "won", {"evidence": {"customer_name": NAME, "customer_email_address": EMAIL}}
        making.parcel(session, order, delivered=True)
        making.letter(
            session,
            order_id=order.id,
            to_email=EMAIL,
            facts={"order": {"email": EMAIL, "customer_name": NAME, "ship_to": [NAME, "12 Mill Lane"]}},
        )
        making.letter(session, "due", kind="contact_received", to_email=EMAIL, facts={"name": NAME})
        making.letter(
            session,
            kind="merchant_new_order",
            order_id=order.id,
            to_email="owner@example.com",
            facts={"reply_to": EMAIL},
        )
        payment = session.execute(select(Payment).where(Payment.order_id == order.id)).scalar_one()
        making.parked_event(
            session, source="stripe", work_state="done", subject_id=payment.external_id,
            payload={"data": {"object": {"customer_details": {"name": NAME, "email": EMAIL, "phone": "+1 503 555 0100", "address": {"line1": "12 Mill Lane", "country": "US"}}}}},
        )  # fmt: skip
        work = making.work_of(session, order)
        work.ship_to = {**making.ADA}
        session.add(
            OutboundCall(
                service="printify",
                subject=f"fulfilment:{work.id}",
                request="POST /v1/orders.json",
                status=200,
                answer=json.dumps({"address_to": {"first_name": "Ada", "address1": "12 Mill Lane", "full": NAME}}),
            )
        )
        session.add(
            OutboundCall(service="mail", subject="", request=f"GET /suppressions/{EMAIL}", status=200, answer=NAME)
        )
        session.add(CustomerNote(customer_id=customer.id, who="Owner", body="Ada Byron likes moss"))
        session.add(SavedView(page="admin.customers", name="her", query="q=ada%40example.com"))
        session.add(Cart(email=EMAIL, note="for Ada Byron"))
        subscribed = keep_subscriber(session, EMAIL, "en")
        confirm_newsletter(session, subscribed, source="letter", words="Yes, write to me")
        tell(
            session,
            order,
            "staff",
            why="Address corrected",
            before={"name": NAME, "line1": "1 Old Street", "postal_code": "E1 6AN"},
        )
        tell(session, order, "staff", why="It was 1 Old Street, E1 6AN before")
        tell(session, order, "note", why="Spoke with her sister")
        return SimpleNamespace(id=order.id, number=order.number, total_minor=order.total_minor)


@pytest.fixture
def ada(app: Flask) -> Customer:
    with transaction() as session:
        return buyer(session, EMAIL, NAME, phone="+1 503 555 0100", tags=["press"])


def ask(customer: Customer) -> bool:
    with transaction() as session:
        return request_erasure(session, inspect(customer).identity[0], who="Owner")


def test_nothing_knows_them_afterwards_and_the_books_stand(ada: Customer) -> None:
    order = a_life(ada)
    assert ask(ada) is True
    drain()
    assert (
        who_still_knows(
            EMAIL,
            NAME,
            "12 Mill Lane",
            "97209",
            "555 0100",
            "1 Old Street",
            "E1 6AN",
            "her sister",
            "4242",
            "ada%40example.com",
        )
        == []
    )
    db.session.remove()
    kept = db.session.get_one(Order, order.id)
    assert (kept.number, kept.total_minor, kept.subtotal_minor, kept.currency) == (
        order.number,
        order.total_minor,
        5600,
        "USD",
    )
    assert kept.ship_to == kept.bill_to == {"country": "US"}
    assert kept.lines[0].title == "Fern Study tee"
    assert kept.customer_id == inspect(ada).identity[0]
    now = again(ada)
    assert now.erased_at is not None
    assert (now.name, now.phone, now.tags, now.spent_minor) == ("", "", [], order.total_minor - 300)
    assert (
        db.session.execute(select(Letter.to_email).where(Letter.letter == "merchant_new_order")).scalar_one()
        == "owner@example.com"
    )
    assert (
        db.session.execute(select(Letter.work_state).where(Letter.letter == "contact_received")).scalar_one() == "done"
    )
    request = db.session.execute(select(PrivacyRequest)).scalar_one()
    assert (request.work_state, request.person) == ("done", None)


def test_others_keep_what_is_theirs(ada: Customer) -> None:
    with transaction() as session:
        namesake = buyer(session, "ada@elsewhere.example", NAME)
        other = bought(session, namesake)
        longer = buyer(session, "x" + EMAIL, "Xada Longer")
        bought(session, longer)
        making.letter(session, order_id=other.id, to_email=namesake.email, facts={"name": NAME})
        making.letter(
            session, kind="contact_received", to_email="x" + EMAIL, facts={"name": "Xada", "city": "Portland"}
        )
    a_life(ada)
    ask(ada)
    drain()
    assert (again(namesake).name, again(longer).email) == (NAME, "x" + EMAIL)
    kept = db.session.get_one(Order, inspect(other).identity[0])
    assert (kept.customer_name, kept.ship_to["line1"], kept.email) == (NAME, "12 Mill Lane", "ada@elsewhere.example")
    letters = {row.to_email: row.facts for row in db.session.execute(select(Letter)).scalars()}
    assert letters["ada@elsewhere.example"] == {"name": NAME}
    assert letters["x" + EMAIL] == {"name": "Xada", "city": "Portland"}


def test_a_repeat_says_already(ada: Customer) -> None:
    assert ask(ada) is True
    assert ask(ada) is False
    drain()
    assert ask(ada) is False
    assert db.session.execute(select(func.count()).select_from(PrivacyRequest)).scalar_one() == 1


def test_it_waits_for_parcels_disputes_and_refunds(ada: Customer) -> None:
    with transaction() as session:
        ada = session.merge(ada)
        order = bought(session, ada, status="placed", fulfilment_status="in_production")
    with pytest.raises(Conflict, match=f"Order {order.number} is still to be shipped"):
        ask(ada)
    with transaction() as session:
        order = session.merge(order)
        order.fulfilment_status = "shipped"
        making.dispute(session, order)
    with pytest.raises(Conflict, match=f"The payment of order {order.number} is disputed"):
        ask(ada)
    with transaction() as session:
        session.execute(text("UPDATE disputes SET status = 'won'"))
        making.parked_refund(session, session.merge(order))
    with pytest.raises(Conflict, match="A refund of order"):
        ask(ada)
    assert again(ada).email == EMAIL
    with pytest.raises(NotFound), transaction() as session:
        request_erasure(session, 4711, who="Owner")


@pytest.mark.parametrize("dies_at", ["letters", "orders", "the end"])
def test_a_worker_that_dies_half_way_is_followed_by_another(
    ada: Customer, dies_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_life(ada)
    ask(ada)
    seen: list[str] = []

    class Killed(BaseException):
        pass

    def deadly(table: object, *rest: object) -> None:
        seen.append(table.name)  # type: ignore[attr-defined]
        if table.name == dies_at:  # type: ignore[attr-defined]
            raise Killed
        real(table, *rest)  # type: ignore[arg-type]

    def at_the_end(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        real = erase_customer._redact_table
        patched.setattr(erase_customer, "_redact_table", deadly)
        if dies_at == "the end":
            patched.setattr(erase_customer, "_erase_own_rows", at_the_end)
        with pytest.raises(Killed):
            drain()
    db.session.remove()
    assert seen
    assert who_still_knows(EMAIL) != [] or dies_at == "the end"
    clock.advance(timedelta(minutes=20))
    drain()
    assert who_still_knows(EMAIL, NAME, "12 Mill Lane", "1 Old Street") == []


def test_the_address_buys_again_as_somebody_new(ada: Customer) -> None:
    ask(ada)
    with transaction() as session:
        new = remember_customer(session, EMAIL, NAME, "en")
        assert new != ada.id
        making.letter(
            session,
            to_email=EMAIL,
            kind="contact_received",
            facts={"name": NAME},
            created_at=clock.now() + timedelta(seconds=1),
        )
    drain()
    assert db.session.get_one(Customer, new).email == EMAIL
    assert db.session.execute(select(Letter)).scalar_one().facts == {"name": NAME}


def test_whoever_was_merged_into_them_is_forgotten_too(ada: Customer) -> None:
    with transaction() as session:
        old = buyer(session, "countess@example.com", "A. A. Lovelace")
        bought(session, old)
    merge_customers(ada.id, old.id, who="Owner")
    ask(ada)
    drain()
    assert who_still_knows("countess@example.com", "A. A. Lovelace", EMAIL) == []


def test_a_real_sale_is_forgotten(town: Town) -> None:
    order = town.paid_order()
    town.ship()
    town.work()
    with transaction() as session:
        session.execute(text("UPDATE orders SET fulfilment_status = 'delivered', status = 'completed'"))
        request_erasure(session, order.customer_id or 0, who="Owner")
    drain()
    street = str(order.ship_to["line1"])
    assert who_still_knows(order.email, order.customer_name, street) == []
    assert db.session.execute(select(func.count()).select_from(InboundEvent)).scalar_one() > 0


def test_a_fence_stops_a_worker_that_lost_its_lease(ada: Customer) -> None:
    a_life(ada)
    ask(ada)
    with transaction() as session:
        (held,) = durable.claim(session, PrivacyRequest, 1, 60)
    clock.advance(timedelta(minutes=20))
    with transaction() as session:
        durable.claim(session, PrivacyRequest, 1, 60)
    with pytest.raises(durable.LostLease):
        erase_customer.erase(held)
    assert db.session.execute(select(Dispute.details)).scalar_one() != {}
    assert db.session.execute(select(FulfilmentOrder.ship_to)).scalar_one()["line1"] == "12 Mill Lane"
    assert db.session.execute(select(OrderEntry.id).where(OrderEntry.what == "note")).first()
