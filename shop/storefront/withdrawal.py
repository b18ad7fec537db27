"""The withdrawal function: state it, confirm it, have it acknowledged. No sign-in; the answer never says whether an
order exists."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import Response, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.core.pages import render
from shop.core.transaction import release_connection
from shop.errors import InvalidInput, NotFound
from shop.extensions import db, limiter
from shop.orders.models import Order
from shop.returns.counting import left_to_return
from shop.returns.models import Withdrawal
from shop.returns.rules import window_end
from shop.storefront.order_links import order_by_token, private, private_page
from shop.storefront.typed import clean, whole
from shop.tenancy.profile import current_profile
from shop.words import mark
from shop.workflows.declare_withdrawal import NOT_MADE, Declared, check_lines, declare
from shop.workflows.return_facts import delivered_at, moment, rules_now

LENGTHS = {"name": 100, "email": 254, "order_number": 40, "words": 2000}


def withdrawal_information() -> Response:
    """GET /withdrawal: what the right is, and the model form to print."""
    rules = rules_now()
    return render(
        "storefront/withdrawal/information.html",
        rules=rules,
        profile=current_profile(),
        page_title=_("Right of withdrawal"),
        canonical_url=None,
    )


def _writer() -> str:
    """Whose mailbox a receipt goes to: it is spared, however many machines ask."""
    email = request.form.get("email", "").strip().lower()
    known = hashlib.sha256(email.encode("utf-8", "replace")).hexdigest()[:24] if "@" in email else get_remote_address()
    return f"withdraw:{known}"


def withdraw_form() -> Response:
    """GET /withdraw"""
    form = {"order_number": clean(request.args.get("order", ""))[:40]}
    return _state(form, {})


@limiter.limit("20 per minute; 100 per hour")
def withdraw_state() -> Response:
    """POST /withdraw: step one. Nothing is written yet; the next page asks to confirm."""
    form, errors = _read()
    if errors:
        return _state(form, errors, 422)
    return _confirm(form, None, {})


@limiter.limit("10 per minute; 40 per hour")
@limiter.limit("10 per hour", key_func=_writer)
def withdraw_confirm() -> BaseResponse:
    """POST /withdraw/confirm: step two. The row, and its receipt, in this request."""
    form, errors = _read()
    if errors:
        return _state(form, errors, 422)
    return _declare(form, None, {})


def withdraw_received(token: str) -> Response:
    """GET /withdraw/received/<token>: the receipt, for whoever made the declaration."""
    known = token.isascii() and token.isprintable() and len(token) <= 64
    held = (
        db.session.execute(select(Withdrawal).where(Withdrawal.token == token)).scalar_one_or_none() if known else None
    )
    if held is None:
        raise NotFound(mark("This receipt is not known. The link may be incomplete."))
    return private_page(
        "storefront/withdrawal/received.html",
        held=held,
        received=moment(held.received_at, str(get_locale())),
        page_title=_("Your withdrawal is received"),
    )


@limiter.limit("60 per minute")
def withdraw_order(token: str) -> Response:
    """GET /orders/<token>/withdraw"""
    return _order_form(order_by_token(token), {}, {})


@limiter.limit("20 per minute; 100 per hour")
def withdraw_order_state(token: str) -> Response:
    """POST /orders/<token>/withdraw: step one, with the order's lines."""
    order = order_by_token(token)
    form, errors = _read(order)
    lines, wrong = _lines(order)
    errors |= wrong
    if not errors:
        try:
            check_lines(db.session(), order, lines)
        except InvalidInput as error:
            errors |= error.fields
    if errors:
        return _order_form(order, form, errors, 422)
    return _confirm(form, order, lines)


@limiter.limit("10 per minute; 40 per hour")
def withdraw_order_confirm(token: str) -> BaseResponse:
    """POST /orders/<token>/withdraw/confirm: step two."""
    order = order_by_token(token)
    form, errors = _read(order)
    lines, wrong = _lines(order)
    if errors | wrong:
        return _order_form(order, form, errors | wrong, 422)
    try:
        return _declare(form, order, lines)
    except InvalidInput as error:
        db.session.rollback()
        return _order_form(order_by_token(token), form, error.fields, 422)


def _declare(form: dict[str, str], order: Order | None, lines: dict[int, int]) -> BaseResponse:
    order_id = order.id if order is not None else None
    declared = Declared(
        name=form["name"],
        email=form["email"],
        order_number=order.number if order is not None else form["order_number"],
        words=form["words"],
        locale=str(get_locale()),
        order_id=order_id,
        lines=lines,
    )
    named = "\n".join((form["key"] or secrets.token_urlsafe(18), str(order_id), *(form[name] for name in LENGTHS)))
    key = hashlib.sha256(f"{named}\n{sorted(lines.items())}".encode()).hexdigest()
    release_connection()
    receipt = declare(declared, form_key=key)
    return private(redirect(url_for("storefront.withdraw_received", token=receipt), 303))  # type: ignore[arg-type]


def _read(order: Order | None = None) -> tuple[dict[str, str], dict[str, str]]:
    """(what was typed, what is wrong with it)"""
    form = {name: clean(request.form.get(name, ""), lines=name == "words") for name in LENGTHS}
    form["key"] = clean(request.form.get("key", ""))[:40]
    errors = {
        name: _("That is too long (at most %(n)s characters).", n=most)
        for name, most in LENGTHS.items()
        if len(form[name]) > most
    }
    if not form["name"]:
        errors["name"] = _("Please tell us your name.")
    try:
        found = validate_email(form["email"], check_deliverability=False, allow_smtputf8=False)
        form["email"] = found.ascii_email or found.normalized
    except EmailNotValidError:
        errors["email"] = _("Please enter an address for the receipt.")
    if order is None and not form["order_number"] and not form["words"]:
        errors["order_number"] = _("Please tell us the order number, or what you bought and when.")
    return form, errors


def _lines(order: Order) -> tuple[dict[int, int], dict[str, str]]:
    known = {f"line-{line.id}": line for line in order.lines}
    if any(name.startswith("line-") and name not in known for name in request.form):
        raise NotFound(mark("This order has no such line."))
    lines, errors = {}, {}
    for name, line in known.items():
        number = whole(request.form.get(name, "0") or "0", line.quantity)
        if number is None:
            errors[name] = _("Choose from 0 to %(n)s.", n=line.quantity)
        elif number:
            lines[line.id] = number
    return lines, errors


def _state(form: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    return private_page(
        "storefront/withdrawal/state.html",
        status=status,
        order=None,
        form=form,
        errors=errors,
        page_title=_("Withdraw from a contract"),
    )


def _order_form(order: Order, form: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    session = db.session()
    left = left_to_return(session, order.id)
    rules = rules_now()
    ends_at = window_end(delivered_at(session, order), rules.window_days)
    return private_page(
        "storefront/withdrawal/state.html",
        status=status,
        order=order,
        lines=[(line, left.get(line.id, 0)) for line in order.lines],
        may_cancel=order.fulfilment_status in NOT_MADE and order.status == "placed",
        ends=moment(ends_at, str(get_locale())) if ends_at else "",
        form={"name": order.customer_name, "email": order.email, **form},
        typed=request.form,
        errors=errors,
        page_title=_("Withdraw from a contract"),
    )


def _confirm(form: dict[str, str], order: Order | None, lines: dict[int, int]) -> Response:
    values: dict[str, Any] = {}
    if order is not None:
        values["chosen"] = [(line, lines[line.id]) for line in order.lines if lines.get(line.id)]
        values["may_cancel"] = (
            order.fulfilment_status in NOT_MADE
            and order.status == "placed"
            and lines == {line.id: line.quantity for line in order.lines}
        )
    return private_page(
        "storefront/withdrawal/confirm.html",
        form={**form, "key": secrets.token_urlsafe(18)},
        order=order,
        page_title=_("Confirm withdrawal"),
        **values,
    )
