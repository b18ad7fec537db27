"""Every letter that was asked for: what became of it, what it says, and the ways to send it (again)."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import one_at_a_time, press
from shop.admin.blueprint import bp
from shop.admin.letter_frame import frame_of, render_safely
from shop.admin.order_moves import who
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.rendering import LETTERS, all_facts
from shop.email.requesting import request_letter
from shop.errors import NotFound
from shop.extensions import db
from shop.orders.models import Order
from shop.orders.statuses import tell
from shop.workflows.list_failures import get_failure, give_up, try_again

PER_PAGE = 50
COUNTED_AT_MOST = 5_000
TABS = {"all": "All", "waiting": "Waiting", "done": "Sent", "parked": "Needs you"}
NAMES = {
    "order_confirmation": "Order confirmation",
    "payment_failed": "Payment failed",
    "shipped": "Shipped",
    "delivered": "Delivered",
    "refunded": "Refunded",
    "cancelled": "Cancelled",
    "abandoned_cart": "Cart: first reminder",
    "abandoned_cart_second": "Cart: second reminder",
    "abandoned_cart_last": "Cart: last reminder",
    "newsletter": "Newsletter",
    "newsletter_confirm": "Newsletter: confirm the address",
    "stock_confirm": "Watched product: confirm the address",
    "back_in_stock": "Back in stock",
    "price_drop": "Cheaper now",
    "contact_received": "Contact: we got it",
    "order_link": "Link to an order",
    "gift_card": "Gift card, with its code",
    "gift_card_bought": "Gift card bought",
    "payment_link": "Payment link",
    "contact": "Contact form (to you)",
    "merchant_new_order": "New order (to you)",
    "merchant_failure": "Something needs you (to you)",
    "merchant_notice": "Something to know (to you)",
    "catalog_stale": "Catalogue is old (to you)",
    "staff_invitation": "Staff: invitation",
    "staff_password_reset": "Staff: forgotten password",
    "account_verify": "Account: confirm the address",
    "account_exists": "Account: there is one already",
    "account_reset": "Account: new password",
    "account_password": "Account: password changed",
    "account_security": "Account: two-step sign-in and passkeys",
    "account_email_confirm": "Account: confirm another address",
    "account_email_changed": "Account: address changed",
    "account_data": "Account: data ready",
    "account_delete": "Account: confirm deletion",
    "staff_security": "Staff: account changed",
}


def name_of(letter: str) -> str:
    return NAMES.get(letter, letter.replace("_", " ").capitalize())


@bp.get("/letters")
@staff_only()
def letters() -> Response:
    args = request.args
    tab = args.get("tab", "") if args.get("tab") in TABS else "all"
    kind = args.get("letter", "") if args.get("letter") in LETTERS else ""
    query = re.sub(r"[\x00-\x1f\x7f]", " ", args.get("q", ""))[:100].strip()
    page = min(page_number(args.get("page")), COUNTED_AT_MOST // PER_PAGE)
    found, is_more = _search(db.session(), tab, kind, query, page)

    def link(**changes: object) -> str:
        values: dict[str, Any] = {"tab": tab if tab != "all" else "", "letter": kind, "q": query, **changes}
        return url_for("admin.letters", **{k: v for k, v in values.items() if v})

    return render(
        "admin/letters.html",
        fragment="results",
        page_title="Letters",
        found=found,
        is_more=is_more,
        tab=tab,
        kind=kind,
        query=query,
        kinds=[(letter, name_of(letter)) for letter in LETTERS],
        name_of=name_of,
        tabs=[(key, name, link(tab=key if key != "all" else "")) for key, name in TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
    )


def _search(session: Session, tab: str, kind: str, query: str, page: int) -> tuple[Page[Any], bool]:
    matching: Select[Any] = select(Letter)
    if tab == "waiting":
        matching = matching.where(Letter.work_state.in_(["due", "working"]))
    elif tab != "all":
        matching = matching.where(Letter.work_state == tab)
    if kind:
        matching = matching.where(Letter.letter == kind)
    if query:
        matching = matching.where(_reader_is(query))
    counted = matching.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED_AT_MOST + 1).subquery()
    total = int(session.execute(select(func.count()).select_from(counted)).scalar_one())
    rows = session.execute(
        matching.with_only_columns(
            Letter.id, Letter.letter, Letter.to_email, Letter.locale, Letter.work_state, Letter.error_text,
            Letter.subject_line, Letter.created_at, Letter.finished_at, Letter.provider, Letter.attempts,
        )
        .order_by(Letter.created_at.desc(), Letter.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    return Page(rows, min(total, COUNTED_AT_MOST), page, PER_PAGE), total > COUNTED_AT_MOST


def _reader_is(typed: str) -> ColumnElement[bool]:
    """A whole address (by its index), or the beginning of one."""
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}", typed):
        return Letter.to_email.in_({typed, typed.lower()})
    return func.lower(Letter.to_email).startswith(typed.lower(), autoescape=True)


@bp.get("/letters/<int:letter_id>")
@staff_only()
def letter(letter_id: int) -> Response:
    session = db.session()
    row = _get(session, letter_id)
    number = session.execute(select(Order.number).where(Order.id == row.order_id)).scalar() if row.order_id else None
    failure = get_failure(session, "letters", row.id) if row.work_state == "parked" else None
    rendered, problem = render_safely(row.letter, all_facts(row), row.locale)
    return render(
        "admin/letter.html",
        page_title=name_of(row.letter),
        letter=row,
        order_number=number,
        failure=failure,
        rendered=rendered,
        problem=problem,
        frame_url=url_for("admin.letter_frame", letter_id=row.id),
    )


@bp.get("/letters/<int:letter_id>/frame")
@staff_only()
def letter_frame(letter_id: int) -> Response:
    """The letter's HTML alone, for the frame of its page."""
    row = _get(db.session(), letter_id)
    return frame_of(row.letter, all_facts(row), row.locale)


@bp.post("/letters/<int:letter_id>/try-again")
@staff_only(May.SUPPORT)
def retry_letter(letter_id: int) -> BaseResponse:
    back = url_for("admin.letter", letter_id=letter_id)
    return press(
        lambda: None if try_again("letters", letter_id, who=who()) else "It is on its way already.",
        done="The letter goes out again.",
        back=back,
    )


@bp.post("/letters/<int:letter_id>/give-up")
@staff_only(May.SUPPORT)
def give_up_letter(letter_id: int) -> BaseResponse:
    back = url_for("admin.letter", letter_id=letter_id)
    return press(lambda: give_up("letters", letter_id, who=who()), done="The letter will not be sent.", back=back)


@bp.post("/letters/<int:letter_id>/send-copy")
@staff_only(May.SUPPORT)
def resend_letter(letter_id: int) -> BaseResponse:
    """The same letter with the same facts to the same reader, once more. A second press is the same copy."""

    def work() -> str:
        row = _get(db.session(), letter_id)
        stem = row.subject_key.split("#")[0]
        like = stem.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "#%"
        with one_at_a_time("copy", row.letter, stem), transaction() as session:
            waiting = session.execute(
                select(Letter.id).where(
                    Letter.letter == row.letter,
                    Letter.subject_key.like(like),
                    Letter.work_state.in_(["due", "working"]),
                )
            ).first()
            if waiting is not None:
                return "A copy is on its way already."
            count = session.execute(
                select(func.count())
                .select_from(Letter)
                .where(Letter.letter == row.letter, or_(Letter.subject_key == stem, Letter.subject_key.like(like)))
            ).scalar_one()
            request_letter(
                session,
                letter=row.letter,
                subject_key=f"{stem}#{count + 1}"[:80],
                to_email=row.to_email,
                facts=all_facts(row),
                locale=row.locale,
                order_id=row.order_id,
            )
            if row.order_id:
                order = session.execute(select(Order).where(Order.id == row.order_id)).scalar_one_or_none()
                if order is not None:
                    tell(session, order, "letter", who=who(), why=f"{name_of(row.letter)} sent again to {row.to_email}")
        return f"A copy goes to {row.to_email}."

    return press(work, done="", back=url_for("admin.letter", letter_id=letter_id))


def _get(session: Session, letter_id: int) -> Letter:
    row = session.get(Letter, letter_id) if letter_id < 2**62 else None
    if row is None:
        raise NotFound("There is no such letter.")
    return row
