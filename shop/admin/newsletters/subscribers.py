"""Subscribers: looked for, one with the proofs, in and out as files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.accounts.models import Customer
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.customers.list import quoted
from shop.admin.order_moves import who
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.streaming import stream_csv
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import page_number
from shop.core.transaction import transaction
from shop.errors import Conflict, NotFound
from shop.extensions import db
from shop.subscribers.choosing import LETTERS_OF, consents_of, forget_address, lock_subscriber, take_back
from shop.subscribers.kinds import KINDS
from shop.subscribers.models import ProductWatch, Subscriber
from shop.subscribers.searching import (
    COUNTED_AT_MOST,
    PER_PAGE,
    STATES,
    TABS,
    check_import,
    import_subscribers,
    search_subscribers,
    subscribers_after,
)
from shop.tenancy.languages import main_language
from shop.workflows.letter_choices import choose

MOST_ROWS, MOST_CHARS = 5_000, 200_000
AT_ONCE = 500
COLUMNS = ("email", "language", "state", "since", "source", "stopped")


@bp.get("/subscribers")
@staff_only()
def subscribers() -> Response:
    tab, query = _asked()
    page = min(page_number(request.args.get("page")), COUNTED_AT_MOST // PER_PAGE)
    found = search_subscribers(db.session(), tab, query, page)

    def link(**changes: object) -> str:
        values: dict[str, Any] = {"tab": tab if tab != "all" else "", "q": query, **changes}
        return url_for("admin.subscribers", **{k: v for k, v in values.items() if v})

    return render(
        "admin/subscribers.html",
        page_title="Subscribers",
        part="subscribers",
        found=found.page,
        is_more=found.is_more,
        tab=tab,
        query=query,
        tabs=[(key, name, link(tab=key if key != "all" else "", page="")) for key, name in TABS.items()],
        states=STATES,
        csv_url=url_for("admin.subscribers_csv", tab=tab, q=query),
        urls=page_links(found.page, lambda n: link(page=n if n > 1 else "")),
    )


@bp.get("/subscribers.csv")
@staff_only(May.PRIVACY)
def subscribers_csv() -> BaseResponse:
    """Everybody in the view, piece by piece: memory stays flat however many there are."""
    tab, query = _asked()
    with transaction() as session:
        note_change(session, "export subscribers", "subscribers", {}, {"kind": tab})
    return stream_csv(_csv(tab, query), f"subscribers-{clock.now():%Y-%m-%d}.csv")


@bp.get("/subscribers/import")
@staff_only(May.CUSTOMERS)
def import_form() -> Response:
    return _import_page()


@bp.post("/subscribers/import")
@staff_only(May.CUSTOMERS)
def import_now() -> Response | BaseResponse:
    """`do` check: say what would happen, write nothing. `do` import: write it."""
    form = request.form
    errors: dict[str, str] = {}
    emails, bad = _addresses(form.get("addresses", ""), errors)
    words = " ".join(form.get("words", "").replace("\0", "").split())[:500]
    if len(words) < 10:
        errors["words"] = "Say where and how these people agreed: it is kept with each of them as the proof."
    if form.get("declared") != "1":
        errors["declared"] = "Only who agreed to your newsletter may be written to."
    if errors:
        return _import_page(422, errors=errors)
    checked = check_import(db.session(), emails)
    if form.get("do") != "import":
        return _import_page(checked=checked, bad=bad)
    db.session.rollback()
    added = 0
    with transaction() as session:
        for start in range(0, len(checked.new), AT_ONCE):
            piece = checked.new[start : start + AT_ONCE]
            added += import_subscribers(session, piece, locale=main_language(), words=words, who=who())
        note_change(session, "import subscribers", "subscribers", {}, {"items": added})
    flash(f"{added:,} new {'subscriber' if added == 1 else 'subscribers'}.", "good")
    return redirect(url_for("admin.subscribers", tab="on"), 303)


@bp.get("/subscribers/<int:subscriber_id>")
@staff_only()
def subscriber(subscriber_id: int) -> Response:
    session = db.session()
    found = session.get(Subscriber, min(subscriber_id, 2**62))
    if found is None:
        raise NotFound("There is no such subscriber.")
    watches = session.execute(
        select(ProductWatch).where(ProductWatch.email == found.email).order_by(ProductWatch.id.desc()).limit(50)
    ).scalars()
    return render(
        "admin/subscriber.html",
        page_title=found.email,
        subscriber=found,
        state=STATES[found.newsletter],
        kinds={key: str(kind.name) for key, kind in KINDS.items()},
        consents=consents_of(session, found.id),
        watches=watches.all(),
    )


@bp.post("/subscribers/<int:subscriber_id>/unsubscribe")
@staff_only(May.CUSTOMERS)
def unsubscribe_subscriber(subscriber_id: int) -> BaseResponse:
    """They asked for it some other way. Only they themselves can come back."""

    def work() -> None:
        with transaction() as session:
            found = lock_subscriber(session, min(subscriber_id, 2**62))
            if found is None:
                raise NotFound("There is no such subscriber.")
            choose(session, found, {"newsletter": False}, source="panel", words=f"By {who()}")

    back = url_for("admin.subscriber", subscriber_id=subscriber_id)
    return press(work, done="They get no newsletter any more.", back=back)


@bp.post("/subscribers/<int:subscriber_id>/erase")
@staff_only(May.PRIVACY)
def erase_subscriber(subscriber_id: int) -> BaseResponse:
    """Somebody who never bought: what they agreed to and wait for is forgotten. Customers are erased on their page."""

    def work() -> None:
        with transaction() as session:
            found = lock_subscriber(session, min(subscriber_id, 2**62))
            if found is None:
                raise NotFound("There is no such subscriber.")
            customer = select(Customer.id).where(Customer.email == found.email, Customer.erased_at.is_(None))
            customer_id = session.execute(customer).scalar()
            if customer_id is not None:
                raise Conflict(f"This is customer {customer_id}: erase them on their own page.")
            note_change(session, "erase subscriber", f"subscriber {found.id}", {}, {"erased_at": clock.now()})
            take_back(session, found.email, [letter for each in LETTERS_OF.values() for letter in each])
            forget_address(session, [found.email], clock.now())

    return press(work, done="Forgotten.", back=url_for("admin.subscribers"))


def _asked() -> tuple[str, str]:
    tab = request.args.get("tab", "")
    query = re.sub(r"[\x00-\x1f\x7f]", " ", request.args.get("q", ""))[:100].strip()
    return (tab if tab in TABS else "all"), query


def _csv(tab: str, query: str) -> Iterator[str]:
    yield "\ufeff" + ",".join(COLUMNS) + "\r\n"
    last = 0
    while True:
        rows = subscribers_after(db.session(), tab, query, last, AT_ONCE)
        held = io.StringIO()
        writer = csv.writer(held)
        for row in rows:
            since = f"{row.confirmed_at:%Y-%m-%d}" if row.confirmed_at else ""
            writer.writerow((quoted(row.email), row.locale, STATES[row.newsletter], since, row.source, row.stopped))
        if rows:
            last = rows[-1].id
            yield held.getvalue()
        db.session.rollback()
        if len(rows) < AT_ONCE:
            return


def _addresses(typed: str, errors: dict[str, str]) -> tuple[list[str], list[str]]:
    """(each address once, lines that are none): the first cell of each line that looks like one."""
    if len(typed) > MOST_CHARS:
        errors["addresses"] = f"That is too much at once: at most {MOST_ROWS:,} addresses."
        return [], []
    found: dict[str, None] = {}
    bad: list[str] = []
    for line in typed.replace("\0", "").splitlines():
        cells = [cell.strip(" \"'\t\ufeff") for cell in re.split(r"[,;\t]", line)]
        cell = next((cell for cell in cells if "@" in cell), "")
        if not cell:
            if line.strip():
                bad.append(line.strip()[:80])
            continue
        try:
            checked = validate_email(cell[:254], check_deliverability=False, test_environment=True)
            found[checked.normalized.lower()] = None
        except EmailNotValidError:
            bad.append(line.strip()[:80])
    if not found:
        errors["addresses"] = "There is no e-mail address in this."
    elif len(found) > MOST_ROWS:
        errors["addresses"] = f"That is too much at once: at most {MOST_ROWS:,} addresses."
    return list(found), bad


def _import_page(status: int = 200, **values: Any) -> Response:
    names = ("addresses", "words", "declared")
    typed = {name: request.form.get(name, "").replace("\0", "")[:MOST_CHARS] for name in names}
    return render(
        "admin/subscribers_import.html",
        status=status,
        page_title="Import subscribers",
        typed=typed,
        most=MOST_ROWS,
        errors=values.get("errors", {}),
        checked=values.get("checked"),
        bad=values.get("bad", []),
    )
