"""What a buyer does on the page of an order: change its address, cancel it, keep its invoice, buy it again.

Whoever has the order's link may: it is unguessable, and goes to the order's own mailbox alone. Nothing of these pages
is kept by anybody, and the link is told to no other site.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from shop.cart.changing import MAX_QUANTITY, add_line
from shop.checkout.countries import country_name
from shop.checkout.postal import PARTS, read_address, read_phone
from shop.core.pages import render
from shop.core.transaction import release_connection, transaction
from shop.errors import InvalidInput, NotFound, ShopError
from shop.extensions import db, limiter
from shop.invoicing.brand import brand_on_paper
from shop.invoicing.finding import find_invoice
from shop.invoicing.pdf import draw_document
from shop.invoicing.sheet import sheet_of
from shop.orders.models import Order, OrderLine
from shop.storefront.visitor import cart_token, new_cart, remember, signed_in_id
from shop.tenancy.checkout_rules import rules_of
from shop.tenancy.profile import current_profile
from shop.words import mark
from shop.workflows.buyer_moves import cancel_as_buyer, change_address_as_buyer, check_same_place, may_of, rows_of
from shop.workflows.issue_invoice import issue_invoice
from shop.workflows.order_again import PAID


def find_by_token(token: str) -> Order:
    """Raises NotFound for any text that is no order's."""
    found = None
    if token.isascii() and token.isprintable() and len(token) <= 64:
        found = db.session.execute(select(Order).where(Order.token == token)).scalar_one_or_none()
    if found is None:
        raise NotFound(mark("This order link is not known. It may be incomplete."))
    return found


def keep_private(page: Response) -> Response:
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


def _of_order() -> str:
    return f"order:{(request.view_args or {}).get('token', '')[:64]}"


def _back(token: str) -> Response:
    return redirect(url_for("storefront.order_page", token=token), 303)


# -- cancelling


@limiter.limit("60 per minute")
def cancel_page(token: str) -> Response:
    """GET /orders/<token>/cancel: names what is cancelled, and asks once."""
    order = find_by_token(token)
    may = may_of(order, rows_of(db.session(), order.id), rules_of(current_profile().checkout))
    title = _("Cancel the order")
    return keep_private(
        render("storefront/order_cancel.html", order=order, may=may, page_title=title, canonical_url=None)
    )


@limiter.limit("10 per hour", key_func=_of_order)
def cancel(token: str) -> Response:
    """POST /orders/<token>/cancel. A second press finds it cancelled."""
    order_id = find_by_token(token).id
    db.session.rollback()
    try:
        is_new = cancel_as_buyer(order_id)
    except ShopError as error:
        flash(_(error.user_message), "error")
    else:
        told = _("Your order is cancelled. What you paid goes back the way it came.")
        flash(told if is_new else _("This order was cancelled before."), "good")
    return _back(token)


# -- the address


@limiter.limit("60 per minute")
def address_page(token: str) -> Response:
    """GET /orders/<token>/address"""
    order = find_by_token(token)
    return _address_form(order, _filled(order))


@limiter.limit("20 per hour", key_func=_of_order)
def change_address(token: str) -> Response:
    """POST /orders/<token>/address: the parts of an address, and the phone. Checked as at the checkout."""
    order = find_by_token(token)
    typed = {name: request.form.get(name, "")[:300].replace("\0", "") for name in (*PARTS, "phone")}
    typed["country"] = typed["country"] or str(order.ship_to.get("country") or "")
    try:
        ship_to, phone = _read_address(typed)
        check_same_place(order, ship_to)
    except InvalidInput as error:
        return _address_form(order, typed, status=422, errors=_in_words(error.fields, typed))
    except ShopError as error:
        return _address_form(order, typed, status=422, problem=_(error.user_message))
    shown = (dict(order.ship_to), order.phone)
    order_id = order.id
    db.session.rollback()
    try:
        change_address_as_buyer(order_id, ship_to, phone, shown)
    except ShopError as error:
        return _address_form(find_by_token(token), typed, status=422, problem=_(error.user_message))
    flash(_("The address is changed."), "good")
    return _back(token)


def _read_address(typed: dict[str, str]) -> tuple[dict[str, str], str]:
    """Raises InvalidInput with every field that is wrong."""
    errors: dict[str, str] = {}

    def read(work: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return work()
        except InvalidInput as error:
            errors.update(error.fields)
            return otherwise

    ship_to, phone = read(lambda: read_address(typed), {}), read(lambda: read_phone(typed), "")
    if errors:
        raise InvalidInput(fields=errors)
    return ship_to, phone


def _in_words(errors: dict[str, str], typed: dict[str, str]) -> dict[str, str]:
    """What is wrong with a field, in the buyer's language."""
    missing = {
        "name": _("Please enter the name."),
        "line1": _("Please enter the street and number."),
        "city": _("Please enter the town."),
        "postal_code": _("Please enter the postal code."),
        "state": _("Please enter the state or region."),
    }
    wrong = {
        "postal_code": _("This is not what a postal code looks like there."),
        "state": _("Please write the state as its two letters."),
        "country": _("Please choose a country from the list."),
        "phone": _("Please write the phone number with digits, like +1 503 555 0100."),
    }
    found = {}
    for name in errors:
        if not typed.get(name, "").strip() and name in missing:
            found[name] = missing[name]
        elif len(typed.get(name, "").strip()) > PARTS.get(name, ("", 40))[1] or name not in wrong:
            found[name] = _("That is too long (at most %(n)s characters).", n=PARTS.get(name, ("", 40))[1])
        else:
            found[name] = wrong[name]
    return found


def _filled(order: Order) -> dict[str, str]:
    return {**{part: str(order.ship_to.get(part) or "") for part in PARTS}, "phone": order.phone or ""}


def _address_form(
    order: Order,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    problem: str = "",
) -> Response:
    may = may_of(order, rows_of(db.session(), order.id), rules_of(current_profile().checkout))
    return keep_private(
        render(
            "storefront/order_address.html",
            status=status,
            order=order,
            may=may,
            form=values,
            errors=errors or {},
            problem=problem,
            country=country_name(str(order.ship_to.get("country") or ""), str(get_locale())),
            page_title=_("Change the delivery address"),
            canonical_url=None,
        )
    )


# -- the invoice


@limiter.limit("30 per minute")
def invoice_pdf(token: str) -> Response:
    """GET /orders/<token>/invoice.pdf"""
    order = find_by_token(token)
    document = find_invoice(db.session(), order.id)
    if document is None:
        raise NotFound(mark("There is no invoice for this order yet."))
    sheet, name, profile = sheet_of(document), document.name, current_profile()
    release_connection()
    answer = Response(draw_document(sheet, brand_on_paper(profile)), mimetype="application/pdf")
    safe = re.sub(r"[^0-9A-Za-z_-]+", "-", name).strip("-") or "invoice"
    answer.headers["Content-Disposition"] = f'inline; filename="{safe}.pdf"'
    return keep_private(answer)


@limiter.limit("20 per hour", key_func=_of_order)
def ask_for_invoice(token: str) -> Response:
    """POST /orders/<token>/invoice: issued now where there is none, then shown. A repeat shows the same."""
    order = find_by_token(token)
    order_id, is_paid = order.id, order.payment_status in PAID
    has_one = find_invoice(db.session(), order_id) is not None
    db.session.rollback()
    if not has_one:
        if not is_paid:
            raise NotFound(mark("There is no invoice for this order yet."))
        try:
            issue_invoice(order_id, who="the buyer")
        except ShopError:
            flash(_("The invoice cannot be made right now. Please write to us."), "error")
            return _back(token)
    return redirect(url_for("storefront.invoice_pdf", token=token), 303)


# -- the same again


@limiter.limit("30 per hour")
def buy_again(token: str) -> Response:
    """POST /orders/<token>/again: what is still sold goes into the cart; what is not is named."""
    order = find_by_token(token)
    lines = db.session.execute(
        select(OrderLine.variant_id, OrderLine.title, OrderLine.variant_title, OrderLine.quantity)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.id)
    ).all()
    db.session.rollback()
    token_of_cart = cart_token()
    missing: list[str] = []
    count = 0
    with transaction() as session:
        for line in lines:
            added = None
            if line.variant_id is not None:
                token_of_cart, added = _add(session, token_of_cart, line.variant_id, min(line.quantity, MAX_QUANTITY))
            if added is None:
                missing.append(f"{line.title} ({line.variant_title})" if line.variant_title else line.title)
            else:
                count = added
    if missing:
        flash(_("Not sold any more: %(things)s.", things=", ".join(missing)), "error")
    if not count:
        return _back(token)
    flash(_("What is still sold is in your cart.") if missing else _("Everything is in your cart again."), "good")
    assert token_of_cart is not None
    return remember(redirect(url_for("storefront.cart_page"), 303), token_of_cart, count)


def _add(session: Any, token: str | None, variant_id: int, quantity: int) -> tuple[str | None, int | None]:
    """(the cart's token, how many things are in it now); None when it is not sold, or the cart is full."""
    try:
        shopper_id = signed_in_id()
        added = add_line(session, token, variant_id, quantity, shopper_id=shopper_id) if token else None
        if added is None:
            token = new_cart(session).token
            added = add_line(session, token, variant_id, quantity, shopper_id=shopper_id)
    except (NotFound, InvalidInput):
        return token, None
    return token, added.cart_count if added else None
