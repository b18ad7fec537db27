"""One customer: what they bought and paid, what was written to them, what they agreed to, and the story."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.models import Customer
from shop.admin.blueprint import bp
from shop.admin.customers.details import LABELS, Changed, fill, save
from shop.admin.customers.sign_in import accounts_of
from shop.admin.customers.story import look_at
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.core import clock
from shop.core.pages import render
from shop.customers.models import PrivacyRequest
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows.erase_customer import why_not_yet

LANGUAGES = {"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "nl": "Dutch"}


@bp.get("/customers/<int:customer_id>")
@staff_only()
def customer(customer_id: int) -> Response | BaseResponse:
    """A customer that was merged leads to the one that was kept."""
    found = get_customer(db.session(), customer_id)
    if found.merged_into_id:
        return redirect(url_for("admin.customer", customer_id=found.merged_into_id), 303)
    return _page(db.session(), found, fill(found))


@bp.post("/customers/<int:customer_id>")
@staff_only(May.CUSTOMERS)
def save_customer(customer_id: int) -> Response | BaseResponse:
    """Only what differs is written; when somebody else saved meanwhile, nothing is, and both versions are shown."""
    typed = request.form.to_dict()
    try:
        saved = save(customer_id, typed, languages())
    except InvalidInput as error:
        found = get_customer(db.session(), customer_id)
        values = {**fill(found), **{k: v for k, v in typed.items() if k in LABELS}}
        return _page(db.session(), found, values, status=422, errors=error.fields, marks=typed.get("marks"))
    except Changed:
        found = get_customer(db.session(), customer_id)
        met = meet(fill(found), typed, typed.get("marks", ""))
        changed = {LABELS[name]: value for name, value in met.changed.items()}
        return _page(db.session(), found, met.values, status=422, changed=changed)
    flash("Saved." if saved else "Nothing was different, so nothing was changed.", "good")
    return redirect(url_for("admin.customer", customer_id=customer_id), 303)


def get_customer(session: Session, customer_id: int) -> Customer:
    """Raises NotFound."""
    found = session.execute(
        select(Customer).where(Customer.id == customer_id).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def languages() -> dict[str, str]:
    """Language code → its name: those that letters are written in, and the shop's own."""
    own = current_profile().locale
    return {own: LANGUAGES.get(own, own), **LANGUAGES}


def named(found: Customer) -> str:
    """How a page calls this person."""
    if found.erased_at:
        return f"Erased customer {found.id}"
    return found.name or found.email


def _page(
    session: Session,
    found: Customer,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    """`marks`: of the form that comes back with errors; else the form is filled anew."""
    requests = list(
        session.execute(
            select(PrivacyRequest)
            .where(PrivacyRequest.customer_id == found.id)
            .order_by(PrivacyRequest.id.desc())
            .limit(10)
        ).scalars()
    )
    erasure = next((row for row in requests if row.kind == "erasure"), None)
    accounts = accounts_of(session, found.id)
    return render(
        "admin/customer.html",
        status=status,
        page_title=named(found),
        customer=found,
        seen=look_at(session, found),
        values=values,
        errors=errors or {},
        changed=changed,
        marks=marks if marks is not None else marks_of(fill(found)),
        languages=sorted({**languages(), found.locale: languages().get(found.locale, found.locale)}.items()),
        exports=[row for row in requests if row.kind == "export"],
        erasure=erasure,
        now=clock.now,
        accounts=accounts,
        account_names=" and ".join(account.email for account in accounts),
        not_yet=[] if found.erased_at else why_not_yet(session, found.id),
    )
