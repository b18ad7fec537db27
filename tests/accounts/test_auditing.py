"""The audit log: what is written down, what never is, and that nobody can edit it."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shop.accounts.audit_models import AuditEntry
from shop.accounts.auditing import act_as, note_change
from shop.accounts.models import Customer, StaffMember
from shop.catalog.models import Collection, Product, Variant
from shop.core.transaction import transaction
from shop.extensions import db
from shop.orders.models import Order
from shop.tenancy.models import StoreProfile
from tests.admin import making


def entries() -> list[AuditEntry]:
    db.session.remove()
    return list(db.session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars())


@contextmanager
def changing(who: str = "ada@example.com") -> Iterator[Session]:
    with act_as(who, what="try things"), transaction() as session:
        yield session


def test_a_change_is_written_down_with_before_and_after(app: Flask) -> None:
    with changing() as session:
        session.execute(select(StoreProfile)).scalar_one().tagline = "Made slowly"
    (entry,) = entries()
    assert (entry.who, entry.what, entry.subject) == ("ada@example.com", "try things", "settings")
    assert entry.before == {"tagline": app.config["IMPRINT"].store_tagline}
    assert entry.after == {"tagline": "Made slowly"}


def test_nobody_acting_leaves_no_entry(app: Flask) -> None:
    with transaction() as session:
        session.execute(select(StoreProfile)).scalar_one().tagline = "By a machine"
    assert entries() == []


def test_one_transaction_is_one_entry_per_thing_and_holds_the_first_before_and_the_last_after(app: Flask) -> None:
    with changing() as session:
        product = Product(slug="tee", title="Tee", price_min_minor=100, price_max_minor=100)
        session.add(product)
        session.flush()
        session.add(Variant(product_id=product.id, external_id=1, title="M", price_minor=100))
    with changing() as session:
        row = session.execute(select(Product)).scalar_one()
        row.title = "First"
        session.flush()
        row.title = "Second"
        session.execute(select(Variant)).scalar_one().price_minor = 250
        session.execute(select(Collection).limit(1)).scalar_one().title = "Other"
    made, *later = entries()
    assert made.subject == f"product {row.id}" and made.before == {} and made.after["title"] == "Tee"
    assert {entry.subject.split()[0] for entry in later} == {"product", "collection"}
    about = next(entry for entry in later if entry.subject.startswith("product"))
    assert about.before["title"] == "Tee" and about.after["title"] == "Second"
    assert [about.before[key] for key in about.before if key.endswith("price_minor")] == [100]


def test_what_is_rolled_back_was_never_changed(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), changing() as session:
        session.execute(select(StoreProfile)).scalar_one().tagline = "x"
        session.flush()
        raise ZeroDivisionError
    with changing() as session:
        profile = session.execute(select(StoreProfile)).scalar_one()
        profile.name = "Kept"
        session.flush()
        savepoint = session.begin_nested()
        profile.tagline = "Taken back"
        session.flush()
        savepoint.rollback()
    (entry,) = entries()
    assert entry.after == {"name": "Kept"}


def test_a_removed_thing_keeps_its_last_words(app: Flask) -> None:
    with changing() as session:
        session.add(Collection(slug="gone", title="Gone soon"))
    with changing() as session:
        session.delete(session.execute(select(Collection).where(Collection.slug == "gone")).scalar_one())
    last = entries()[-1]
    assert last.before["title"] == "Gone soon" and last.after == {}


def test_secrets_are_never_written_down(app: Flask) -> None:
    with changing() as session:
        member = session.execute(select(StaffMember)).scalar_one()
        old = member.password_hash
        member.password_hash = "argon2-something-new"
        member.totp_secret = "A-NEW-SECRET"
        note_change(session, "set a key", "settings", {"stripe_secret_key": "sk_test_1"}, {"stripe_secret_key": "sk_2"})
    written = str([(entry.before, entry.after) for entry in entries()])
    assert len(entries()) == 2 and "hidden" in written
    for secret in (old, "argon2", "A-NEW-SECRET", "sk_"):
        assert secret not in written


def test_customers_are_not_named_in_the_log(app: Flask) -> None:
    with changing() as session:
        order = making.paid_order(session)
        session.add(Customer(email="ada@example.org", name="Ada Byron"))
    with changing() as session:
        row = session.get(Order, order.id)
        assert row is not None
        row.ship_to = {**row.ship_to, "city": "Lovelace Town"}
        row.customer_name = "Augusta King"
        row.note = "Ring twice at Ada's"
        row.status = "completed"
        note_change(session, "correct", f"order {row.number}", {"email": "ada@example.org"}, {"email": "king@x.org"})
    found = entries()
    written = str([(entry.before, entry.after, entry.subject) for entry in found])
    for name in ("Ada", "ada@", "king@", "Augusta", "Lovelace", "Mill Lane", "Ring twice"):
        assert name not in written, name
    changed = next(entry for entry in found if entry.after.get("status") == "completed")
    assert changed.subject == f"order {order.number}"
    assert changed.after["ship_to"] == "[personal data, changed: city]"


def test_long_texts_are_cut_around_what_changed(app: Flask) -> None:
    text_before, text_after = "a" * 3000 + "old" + "z" * 3000, "a" * 3000 + "new" + "z" * 3000
    with changing() as session:
        note_change(session, "write", "page about", {"html": text_before}, {"html": text_after})
    (entry,) = entries()
    assert "old" in entry.before["html"] and "new" in entry.after["html"]
    assert len(entry.before["html"]) <= 240


def test_a_statement_nobody_told_about_still_leaves_an_entry(app: Flask) -> None:
    with changing() as session:
        session.execute(update(Collection).values(position=7))
    with changing() as session:
        session.execute(update(Collection).values(position=8))
        note_change(session, "", "collections", {"position": 7}, {"position": 8})
    first, second = entries()
    assert first.after == {"changed": "collections"}
    assert (second.before, second.after) == ({"position": 7}, {"position": 8})


def test_a_flood_of_rows_is_counted_not_kept(app: Flask) -> None:
    with changing() as session:
        session.add_all(Collection(slug=f"c-{n}", title=f"C {n}") for n in range(2500))
    found = entries()
    assert len(found) == 201
    assert found[-1].after == {"more of them": 2300}


@pytest.mark.parametrize("statement", ["UPDATE audit_entries SET who = 'x'", "DELETE FROM audit_entries"])
def test_the_database_refuses_to_change_an_entry(app: Flask, statement: str) -> None:
    with changing() as session:
        session.execute(select(StoreProfile)).scalar_one().name = "Other"
    with pytest.raises(DBAPIError, match="cannot be changed"), db.engine.begin() as connection:
        connection.execute(text(statement))
    assert entries()[0].who == "ada@example.com"


def test_who_acts_is_forgotten_after_the_block(app: Flask) -> None:
    def elsewhere() -> None:
        with act_as("someone", what="x"):
            pass
        with transaction() as session:
            session.execute(select(StoreProfile)).scalar_one().name = "Nobody's"

    with app.app_context():
        contextvars.copy_context().run(elsewhere)
    assert entries() == []
