"""One gift card: what is on it, its book, and what staff may do with it; and the form that issues one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.order_moves import who
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import every
from shop.admin.words import money
from shop.core import clock
from shop.core.languages import NAMES
from shop.core.pages import render
from shop.core.paging import page_number
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.orders.models import Order
from shop.promotions.gift_cards.issuing import last_day
from shop.promotions.gift_cards.ledger import FREE
from shop.promotions.gift_cards.listing import entries_of
from shop.promotions.gift_cards.models import GiftCard
from shop.tenancy.gift_card_rules import LARGEST_MINOR, gift_card_rules
from shop.tenancy.profile import current_profile
from shop.workflows.issue_gift_card import (
    adjust_gift_card,
    issue_gift_card,
    send_gift_card_again,
    switch_gift_card,
)

STATES = {
    "active": ("Active", "done"), "disabled": ("Switched off", "waiting"), "expired": ("Run out", "waiting"),
    "waiting": ("Not paid", "waiting"),
}  # fmt: skip
KINDS = {
    "issue": "Issued", "reserve": "Set aside for a checkout", "capture": "Paid for an order",
    "late": "Paid for an order", "release": "Given back: nobody paid", "refund": "Refunded",
    "refused": "Not taken off by its platform",
    "add": "Added", "deduct": "Taken off", "expire": "Ran out",
}  # fmt: skip
FIELDS = (
    "amount", "currency", "recipient_name", "recipient_email", "message", "note", "expires_on", "deliver_on", "locale",
)  # fmt: skip
LATEST = timedelta(days=3650)
DELIVERED_AT = time(7, tzinfo=UTC)


@bp.get("/gift-cards/new")
@staff_only(May.REFUND)
def new_gift_card() -> Response:
    profile = current_profile()
    ends = last_day(gift_card_rules(profile.gift_cards).months)
    form = {"currency": profile.currency, "locale": profile.locale[:2], "expires_on": ends.isoformat() if ends else ""}
    return _form(form)


@bp.post("/gift-cards/new")
@staff_only(May.REFUND)
def create_gift_card() -> Response | BaseResponse:
    try:
        wanted = _read(request.form)
        key = read.text(request.form, "key", "The form", 60)
    except InvalidInput as error:
        return _form({name: request.form.get(name, "")[:1000] for name in FIELDS}, error.fields)
    card_id = issue_gift_card(**wanted, form_key=key, who=who())
    told = "The letter with the code is on its way." if wanted["recipient_email"] else "Print it from this page."
    flash(f"The gift card is made. {told}", "good")
    return redirect(url_for("admin.gift_card", card_id=card_id), 303)


@bp.get("/gift-cards/<int:card_id>")
@staff_only()
def gift_card(card_id: int) -> Response:
    return _page(db.session(), _find(db.session(), card_id))


@bp.post("/gift-cards/<int:card_id>/adjust")
@staff_only(May.REFUND)
def adjust_card(card_id: int) -> Response | BaseResponse:
    """amount, do=add|deduct, why, key"""
    card = _find(db.session(), card_id)
    try:
        amount, why, key = every(
            [
                lambda: _positive(request.form, card.currency),
                lambda: read.text(request.form, "why", "The reason", 200),
                lambda: read.text(request.form, "key", "The form", 60),
            ]
        )
    except InvalidInput as error:
        return _page(db.session(), card, status=422, errors=error.fields)
    minor = -amount if request.form.get("do") == "deduct" else amount
    currency = card.currency
    db.session.rollback()

    def work() -> str:
        adjust_gift_card(card_id, minor, form_key=key, who=who(), why=why)
        return f"{money(amount, currency)} was {'taken off' if minor < 0 else 'added'}."

    return press(work, done="", back=url_for("admin.gift_card", card_id=card_id))


@bp.post("/gift-cards/<int:card_id>/switch")
@staff_only(May.REFUND)
def switch_card(card_id: int) -> BaseResponse:
    """Form field `on`: 1 or nothing. A repeat changes nothing."""
    on = request.form.get("on") == "1"
    done = "The card pays again." if on else "The card is switched off: it pays nothing until you switch it on."
    return press(
        lambda: switch_gift_card(card_id, on), done=done, back=url_for("admin.gift_card", card_id=min(card_id, 2**62))
    )


@bp.post("/gift-cards/<int:card_id>/letter")
@staff_only(May.REFUND)
def send_card_again(card_id: int) -> BaseResponse:
    """to: an address; empty for the recipient's"""

    def work() -> str:
        to = read.email(request.form, "to", "The address", required=False)
        if send_gift_card_again(card_id, to):
            return "The letter is on its way, with a new code: the old one is not kept any more and pays nothing now."
        return "The letter with the code is on its way."

    return press(work, done="", back=url_for("admin.gift_card", card_id=min(card_id, 2**62), _anchor="letter"))


def _find(session: Session, card_id: int) -> GiftCard:
    found = None
    if card_id <= 2**62:
        asked = select(GiftCard).where(GiftCard.id == card_id, GiftCard.status != "waiting")
        found = session.execute(asked).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such gift card.")
    return found


def _read(form: Mapping[str, str]) -> dict[str, Any]:
    """Raises InvalidInput with every wrong field."""
    currency = form.get("currency", "").upper()
    if currency not in _currencies():
        raise InvalidInput(fields={"currency": "Choose one of the shop's currencies."})
    names = ("minor", "recipient_name", "recipient_email", "message", "note", "expires_on", "deliver_at", "locale")
    values = every(
        [
            lambda: _positive(form, currency),
            lambda: read.text(form, "recipient_name", "The name", 100, required=False),
            lambda: read.email(form, "recipient_email", "The address", required=False).lower(),
            lambda: read.text(form, "message", "The message", 500, required=False, lines=True),
            lambda: read.text(form, "note", "The note", 300, required=False),
            lambda: _day(form, "expires_on"),
            lambda: _moment(form),
            lambda: read.choice(form, "locale", "The language", NAMES),
        ]
    )
    return {**dict(zip(names, values, strict=True)), "currency": currency}


def _positive(form: Mapping[str, str], currency: str) -> int:
    minor = read.amount(form, "amount", "The amount", currency)
    if not 0 < minor <= LARGEST_MINOR:
        raise InvalidInput(fields={"amount": "The amount must be more than zero, and not out of all reason."})
    return minor


def _day(form: Mapping[str, str], name: str) -> date | None:
    raw = form.get(name, "").strip()
    if not raw:
        return None
    today = clock.now().date()
    try:
        chosen = date.fromisoformat(raw)
    except ValueError:
        chosen = date.min
    if not today <= chosen <= today + LATEST:
        raise InvalidInput(fields={name: "Choose a day from today to ten years from now."})
    return chosen


def _moment(form: Mapping[str, str]) -> datetime | None:
    chosen = _day(form, "deliver_on")
    return datetime.combine(chosen, DELIVERED_AT) if chosen and chosen > clock.now().date() else None


def _currencies() -> list[str]:
    profile = current_profile()
    others = [str(row.get("code")) for row in profile.currencies if isinstance(row, dict) and row.get("code")]
    return list(dict.fromkeys([profile.currency, *others]))


def _form(form: dict[str, str], errors: dict[str, str] | None = None) -> Response:
    return render(
        "admin/gift_card_new.html",
        status=422 if errors else 200,
        page_title="New gift card",
        form=form,
        errors=errors or {},
        key=request.form.get("key", "")[:60] or secrets.token_urlsafe(24),
        currencies=[(code, code) for code in _currencies()],
        languages=list(NAMES.items()),
    )


def _page(session: Session, card: GiftCard, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    entries = entries_of(session, card.id, page_number(request.args.get("page")))
    ids = {entry.order_id for entry in entries.items} | {card.order_id}
    numbers = {
        row.id: row.number
        for row in session.execute(select(Order.id, Order.number).where(Order.id.in_([i for i in ids if i])))
    }
    answer = render(
        "admin/gift_card.html",
        status=status,
        page_title=f"Gift card •••• {card.last_four}",
        card=card,
        state=STATES[card.status],
        kinds=KINDS,
        entries=entries,
        free=FREE,
        numbers=numbers,
        errors=errors or {},
        form=request.form,
        key=secrets.token_urlsafe(24),
        print_url=url_for("storefront.printable", token=card.token) if _may_print(card) else None,
        urls=page_links(
            entries, lambda n: url_for("admin.gift_card", card_id=card.id, page=n if n > 1 else None)
        ),
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _may_print(card: GiftCard) -> bool:
    """A card without a recipient's address, made by staff, is theirs to hand over."""
    return card.source == "issued" and not card.recipient_email and card.code is not None and card.status == "active"
