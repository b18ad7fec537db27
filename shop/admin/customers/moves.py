"""What staff write about a customer. Each may be pressed twice: the second press changes nothing."""

from __future__ import annotations

from flask import request, url_for
from flask_login import current_user
from sqlalchemy import delete
from werkzeug.wrappers import Response

from shop.accounts.auditing import note_change
from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.core.transaction import transaction
from shop.customers.changing import add_note, change_consent, lock_customer
from shop.customers.models import CustomerNote
from shop.workflows.letter_choices import follow_consent


def who() -> str:
    """As notes and histories tell it."""
    return str(current_user.name or current_user.email)[:80]


@bp.post("/customers/<int:customer_id>/note")
@staff_only(May.CUSTOMERS)
def note_customer(customer_id: int) -> Response:
    def work() -> None:
        body = read.text(request.form, "note", "The note", 2000, lines=True)
        with transaction() as session:
            add_note(session, lock_customer(session, customer_id), body, who())

    return press(work, done="The note is added.", back=url_for("admin.customer", customer_id=customer_id) + "#notes")


@bp.post("/customers/<int:customer_id>/note/<int:note_id>/remove")
@staff_only(May.CUSTOMERS)
def remove_note(customer_id: int, note_id: int) -> Response:
    """A note that is gone already is no error."""

    def work() -> str:
        with transaction() as session:
            lock_customer(session, customer_id)
            gone = session.execute(
                delete(CustomerNote)
                .where(CustomerNote.id == note_id, CustomerNote.customer_id == customer_id)
                .returning(CustomerNote.id)
            ).first()
            if gone:
                note_change(session, "remove note", f"customer {customer_id}", {"note_id": note_id}, {"note_id": None})
        return "The note is removed." if gone else "That note was removed already."

    return press(work, done="", back=url_for("admin.customer", customer_id=customer_id) + "#notes")


@bp.post("/customers/<int:customer_id>/consent")
@staff_only(May.CUSTOMERS)
def change_customer_consent(customer_id: int) -> Response:
    """Somebody asked for mail, or for none, by telephone or at the counter: with the reason, since the law asks."""

    def work() -> str:
        accepts = read.choice(request.form, "accepts", "Marketing mail", ("yes", "no")) == "yes"
        why = read.text(request.form, "why", "How you know", 300, required=accepts)
        with transaction() as session:
            found = lock_customer(session, customer_id)
            changed = change_consent(session, found, accepts, source="panel", who=who(), why=why)
            if changed:
                follow_consent(session, found.email, accepts, found.locale, source="panel", who=who())
        now = "wants marketing mail" if accepts else "wants no marketing mail"
        return f"Written down: this customer {now}." if changed else f"It was so already: this customer {now}."

    return press(work, done="", back=url_for("admin.customer", customer_id=customer_id) + "#consent")
