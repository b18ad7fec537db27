"""Where an order goes that gift cards pay completely: the shop's own form in place of a payment page."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from shop.checkout.countries import country_name
from shop.checkout.models import Checkout
from shop.checkout.postal import read_address, read_phone
from shop.core import reading_forms as read
from shop.core.money import format_minor
from shop.core.pages import render
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db, limiter
from shop.orders.draft import OrderDraft
from shop.orders.models import Order
from shop.storefront.visitor import cart_token, remember
from shop.tenancy.checkout_rules import rules_of
from shop.tenancy.profile import current_profile
from shop.words import mark
from shop.workflows.letter_facts import draft_facts, draft_totals
from shop.workflows.place_covered_order import country_of, find_covered, place_covered

FIELDS = ("email", "name", "line1", "line2", "city", "state", "postal_code", "phone")


@limiter.limit("60 per minute")
def checkout_details(reference: str) -> BaseResponse:
    """GET /checkout/details/<reference>"""
    try:
        checkout = find_covered(_shaped(reference))
    except Conflict as over:
        flash(_(over.user_message), "warn")
        return redirect(url_for("storefront.cart_page"), 303)
    if checkout.order_id is not None:
        return _to_order(checkout.order_id)
    return _page(checkout, {"email": checkout.email or ""})


@limiter.limit("20 per minute")
def place_order_with_cards(reference: str) -> BaseResponse:
    """POST /checkout/details/<reference>: places the order; a second press finds it."""
    try:
        checkout = find_covered(_shaped(reference))
        if checkout.order_id is not None:
            return _to_order(checkout.order_id)
        typed, ship_to = _read(checkout)
        db.session.rollback()
        order_id = place_covered(reference, typed, ship_to)
    except InvalidInput as error:
        form = {name: request.form.get(name, "")[:300] for name in FIELDS}
        return _page(find_covered(reference), form, error.fields)
    except Conflict as over:
        flash(_(over.user_message), "warn")
        return redirect(url_for("storefront.cart_page"), 303)
    return _to_order(order_id)


def _shaped(reference: str) -> str:
    if not (reference.isascii() and reference.isprintable() and len(reference) <= 64):
        raise NotFound(mark("This checkout is not known. Please start again from your cart."))
    return reference


def _read(checkout: Checkout) -> tuple[dict[str, str], dict[str, str]]:
    errors: dict[str, str] = {}
    typed = {"email": "", "phone": ""}
    ship_to: dict[str, str] = {}
    try:
        typed["email"] = read.email(request.form, "email", "Your email").lower()
    except InvalidInput as error:
        errors |= error.fields
    try:
        ship_to = read_address({**request.form, "country": country_of(checkout)})
    except InvalidInput as error:
        errors |= error.fields
    try:
        typed["phone"] = read_phone(request.form)
    except InvalidInput as error:
        errors |= error.fields
    if errors:
        raise InvalidInput(fields=errors)
    return typed, ship_to


def _page(checkout: Checkout, form: dict[str, str], errors: dict[str, str] | None = None) -> BaseResponse:
    locale = str(get_locale())
    draft = OrderDraft.from_json(checkout.draft)
    facts: dict[str, Any] = {
        "reference": checkout.reference,
        "lines": draft_facts(draft),
        "totals": draft_totals(draft),
        "gift_text": "−" + format_minor(checkout.gift_minor, checkout.currency, locale),
        "payable_text": format_minor(0, checkout.currency, locale),
        "country": country_name(country_of(checkout), locale),
        "asks_phone": rules_of(current_profile().checkout).asks_phone,
    }
    page: BaseResponse = render(
        "storefront/checkout_details.html",
        status=422 if errors else 200,
        checkout=facts,
        form=form,
        errors={name: _(text) for name, text in (errors or {}).items()},
        page_title=_("Where does it go?"),
        canonical_url=None,
    )
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


def _to_order(order_id: int) -> BaseResponse:
    token = db.session.get_one(Order, order_id).token
    answer = redirect(url_for("storefront.order_page", token=token), 303)
    mine = cart_token()
    return remember(answer, mine, 0) if mine else answer
