"""Buy a gift card, print it, ask what is on it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.core import clock, log
from shop.core import reading_forms as read
from shop.core.money import format_minor
from shop.core.pages import render
from shop.errors import InvalidInput, NotFound, OutsideError
from shop.extensions import db, limiter
from shop.promotions.gift_cards.codes import shown
from shop.promotions.gift_cards.finding import find_card
from shop.promotions.gift_cards.models import GiftCard
from shop.tenancy.gift_card_rules import GiftCardRules, gift_card_rules
from shop.tenancy.profile import current_profile
from shop.words import mark
from shop.workflows.buy_gift_card import GiftWish, buy_gift_card
from shop.workflows.gift_card_letters import gift_facts
from shop.workflows.letter_facts import day

logger = log.get_logger("checkout")
FIELDS = ("amount", "own_amount", "recipient_name", "recipient_email", "sender_name", "message", "deliver_on")
DELIVERED_AT = time(7, tzinfo=UTC)
LATEST = timedelta(days=365)


def gift_card_page() -> BaseResponse:
    """GET /gift-card"""
    rules = _rules()
    return _form({"amount": str(rules.amounts[0]) if rules.amounts else "own"})


@limiter.limit("10 per minute; 60 per hour")
def buy() -> BaseResponse:
    """POST /gift-card: to the payment page."""
    rules = _rules()
    typed = {name: request.form.get(name, "")[:2000] for name in FIELDS}
    try:
        started = buy_gift_card(_wish(rules), locale=str(get_locale()))
    except InvalidInput as error:
        return _form(typed, error.fields)
    except OutsideError as error:
        logger.warning("payment page could not be opened", why=str(error))
        flash(
            _("The payment page cannot be opened right now. Nothing was charged. Please try again in a minute."),
            "error",
        )
        return _form(typed, status=503)
    return redirect(started.url, 303)


def balance_page() -> BaseResponse:
    """GET /gift-card/balance"""
    return _balance_answer({})


@limiter.limit("10 per minute; 40 per hour")
def balance() -> BaseResponse:
    """POST /gift-card/balance: code. The same answer, after the same work, for a code that is unknown, switched off or
    run out; nothing is said of whose it is."""
    card = find_card(db.session(), request.form.get("code", "").replace("\x00", ""))
    if card is None:
        text = _("We do not know this code, or it cannot be used any more. Please check how it is spelt.")
        return _balance_answer({"code": text})
    locale = str(get_locale())
    return _balance_answer(
        {},
        {
            "amount": format_minor(card.balance_minor, card.currency, locale),
            "last_four": card.last_four,
            "currency": card.currency,
            "until": day(_midnight(card.expires_on), locale) if card.expires_on else "",
        },
    )


@limiter.limit("60 per minute")
def printable(token: str) -> BaseResponse:
    """GET /gift-card/print/<token>: the buyer's page with the code, to be printed."""
    known = token.isascii() and token.isprintable() and len(token) <= 64
    card = None
    if known:
        card = db.session.execute(select(GiftCard).where(GiftCard.token == token)).scalar_one_or_none()
    if card is None or card.status == "waiting":
        raise NotFound(mark("This link is not known. It may be incomplete."))
    with force_locale(card.locale):
        page: BaseResponse = render(
            "storefront/gift_card_print.html",
            gift=gift_facts(card),
            code=shown(card.code) if card.code and card.status == "active" else "",
            last_four=card.last_four,
            shop_url=url_for("storefront.home_page", _external=True),
            page_title=_("Gift card"),
            canonical_url=None,
        )
    return _private(page)


def _rules() -> GiftCardRules:
    rules = gift_card_rules(current_profile().gift_cards)
    if not rules.on:
        raise NotFound(mark("This shop sells no gift cards at the moment."))
    return rules


def _wish(rules: GiftCardRules) -> GiftWish:
    """Raises InvalidInput with every field that is wrong."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    readers: dict[str, Any] = {
        "amount_minor": lambda: _amount(rules),
        "recipient_name": lambda: read.text(request.form, "recipient_name", "The name", 100, required=False),
        "recipient_email": lambda: read.email(request.form, "recipient_email", "The email", required=False).lower(),
        "sender_name": lambda: read.text(request.form, "sender_name", "Your name", 100, required=False),
        "message": lambda: read.text(request.form, "message", "The message", 500, required=False, lines=True),
        "deliver_at": _deliver_at,
    }
    for name, reader in readers.items():
        try:
            values[name] = reader()
        except InvalidInput as error:
            errors |= {field: _(text) for field, text in error.fields.items()}
    if errors:
        raise InvalidInput(fields=errors)
    return GiftWish(**values)


def _amount(rules: GiftCardRules) -> int:
    currency, raw = current_profile().currency, request.form.get("amount", "")
    if raw == "own" and rules.most_minor:
        minor = read.amount(request.form, "own_amount", "The amount", currency)
        if not rules.allows(minor):
            low, high = (format_minor(m, currency, str(get_locale())) for m in (rules.least_minor, rules.most_minor))
            text = _("Please choose an amount between %(low)s and %(high)s.", low=low, high=high)
            raise InvalidInput(fields={"own_amount": text})
        return minor
    if raw.isascii() and raw.isdigit() and len(raw) <= 10 and int(raw) in rules.amounts:
        return int(raw)
    raise InvalidInput(fields={"amount": _("Please choose one of the amounts.")})


def _deliver_at() -> datetime | None:
    """None: at once."""
    raw = request.form.get("deliver_on", "").strip()
    if not raw:
        return None
    today = clock.now().date()
    try:
        chosen = date.fromisoformat(raw)
    except ValueError:
        chosen = date.min
    if not today <= chosen <= today + LATEST:
        raise InvalidInput(fields={"deliver_on": _("Please choose a day from today to a year from now.")})
    return None if chosen == today else datetime.combine(chosen, DELIVERED_AT)


def _form(form: dict[str, str], errors: dict[str, str] | None = None, status: int = 200) -> BaseResponse:
    profile, locale = current_profile(), str(get_locale())
    rules = gift_card_rules(profile.gift_cards)

    def money(minor: int) -> str:
        return format_minor(minor, profile.currency, locale)

    today = clock.now().date()
    page: BaseResponse = render(
        "storefront/gift_card.html",
        status=422 if errors else status,
        amounts=[(str(minor), money(minor)) for minor in rules.amounts],
        own=(money(rules.least_minor), money(rules.most_minor)) if rules.most_minor else None,
        months=rules.months,
        currency=profile.currency,
        first_day=today.isoformat(),
        last_day=(today + LATEST).isoformat(),
        form=form,
        errors=errors or {},
        page_title=_("Gift card"),
        page_description=_("Give a gift card of %(shop)s: sent by letter on the day you choose.", shop=profile.name),
        canonical_url=url_for("storefront.gift_card_page", _external=True),
    )
    page.headers["Cache-Control"] = "private, no-store"
    return page


def _balance_answer(errors: dict[str, str], found: dict[str, str] | None = None) -> BaseResponse:
    return _private(
        render(
            "storefront/gift_card_balance.html",
            status=422 if errors else 200,
            errors=errors,
            found=found,
            page_title=_("What is on your gift card?"),
            canonical_url=None,
        )
    )


def _private(page: BaseResponse) -> BaseResponse:
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


def _midnight(last: date) -> datetime:
    return datetime.combine(last, time(tzinfo=UTC))
