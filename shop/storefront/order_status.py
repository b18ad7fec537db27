"""The order page behind its unguessable link, and the form that sends the link."""

from __future__ import annotations

import hashlib

from flask import redirect, request
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.errors import NotFound
from shop.extensions import db, limiter
from shop.orders.models import Order
from shop.orders.numbers import read_number
from shop.storefront.order_facts import order_facts
from shop.workflows.letter_facts import order_facts as letter_facts


@limiter.limit("120 per minute")
def order_page(token: str) -> BaseResponse:
    """GET /orders/<token>"""
    known = token.isascii() and token.isprintable() and len(token) <= 64
    order_id = db.session.execute(select(Order.id).where(Order.token == token)).scalar() if known else None
    if order_id is None:
        raise NotFound("This order link is not known. It may be incomplete.")
    facts = order_facts(order_id)
    page = render(
        "storefront/order.html", order=facts, page_title=_("Order %(n)s", n=facts["number"]), canonical_url=None
    )
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


def lookup_form() -> BaseResponse:
    """GET /orders/find"""
    return render(
        "storefront/order_lookup.html", form={}, errors={}, page_title=_("Find your order"), canonical_url=None
    )


def _typed_address() -> str:
    """Whose mailbox a request is about: it is spared, however many machines ask."""
    email = request.form.get("email", "").strip().lower()
    if "@" not in email:
        return f"lookup:{get_remote_address()}"
    return "lookup:" + hashlib.sha256(email.encode()).hexdigest()[:24]


@limiter.limit("5 per minute; 30 per hour")
@limiter.limit("20 per hour", key_func=_typed_address)
def lookup() -> BaseResponse:
    """POST /orders/find: number + email. The answer is the same whether or not such an order exists; the link goes to
    the order's own address, never to the screen."""
    typed = {"number": request.form.get("number", "")[:40], "email": request.form.get("email", "")[:254]}
    number, email = read_number(typed["number"]), typed["email"].strip().lower()
    errors = {}
    if number is None:
        errors["number"] = _("An order number looks like K7QM-4T2X.")
    if "@" not in email or not email.isprintable():
        errors["email"] = _("Please enter the address you bought with.")
    if errors:
        return render(
            "storefront/order_lookup.html",
            status=422,
            form=typed,
            errors=errors,
            page_title=_("Find your order"),
            canonical_url=None,
        )
    with transaction() as session:
        order = session.execute(select(Order).where(Order.number == number, Order.email == email)).scalar_one_or_none()
        if order is not None:
            request_letter(
                session,
                letter="order_link",
                subject_key=f"order:{order.id}#{clock.now():%Y%m%d%H}",  # at most one an hour
                to_email=order.email,
                facts=letter_facts(session, order),
                locale=order.locale,
                order_id=order.id,
            )
    return redirect("/orders/find/sent", 303)


def lookup_sent() -> BaseResponse:
    """GET /orders/find/sent"""
    return render("storefront/order_lookup_sent.html", page_title=_("Look in your mailbox"), canonical_url=None)
