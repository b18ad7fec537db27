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
from shop.extensions import limiter
from shop.orders.models import Order
from shop.orders.numbers import read_number
from shop.storefront.order_facts import order_facts
from shop.storefront.order_moves import find_by_token, keep_private
from shop.workflows.letter_facts import order_facts as letter_facts


@limiter.limit("120 per minute")
def order_page(token: str) -> BaseResponse:
    """GET /orders/<token>"""
    facts = order_facts(find_by_token(token).id)
    return keep_private(
        render(
            "storefront/order.html", order=facts, page_title=_("Order %(n)s", n=facts["number"]), canonical_url=None
        )
    )


@limiter.limit("60 per minute")
def order_live(token: str) -> BaseResponse:
    """GET /orders/<token>/live?seen=<version>: what may change, for a page that asks again by itself.

    Nothing new since `seen`: 204, which leaves the page as it is; 304 for who brings the version as an ETag.
    """
    facts = order_facts(find_by_token(token).id)
    etag = f'"{facts["version"]}"'
    if etag in request.headers.get("If-None-Match", "")[:200]:
        answer = BaseResponse(status=304)
    elif request.args.get("seen") == facts["version"] and facts["look_again_seconds"]:
        answer = BaseResponse(status=204)
    else:
        answer = render("storefront/order_live.html", order=facts)
    answer.headers["ETag"] = etag
    return keep_private(answer)


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
