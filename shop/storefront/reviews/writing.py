"""The pages behind the link to review: what an order brought, and the form for each product of it."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from shop.core.pages import render
from shop.core.settings import current_settings
from shop.errors import InvalidInput, NotFound
from shop.extensions import db, limiter
from shop.orders.models import Order
from shop.reviews.reading import shown_pictures
from shop.reviews.rules import review_rules
from shop.reviews.writing import MOST_PICTURES, keys_of
from shop.storefront.reviews import form as fields
from shop.tenancy.profile import current_profile
from shop.workflows.review_links import order_of
from shop.workflows.write_review import Bought, delete_own, list_bought, save_review


@limiter.limit("120 per minute")
def reviews_of_order(token: str) -> BaseResponse:
    """GET /reviews/<token>: everything the order brought; the form itself when that is one thing."""
    order = _order(token)
    bought = list_bought(db.session(), order)
    if len(bought) == 1 and bought[0].may_review and not request.args:
        return redirect(url_for("storefront.review_form", token=token, product_id=bought[0].product_id), 303)
    done = request.args.get("done", "")
    return _private(
        render(
            "storefront/reviews/bought.html",
            page_title=_("Your reviews"),
            canonical_url=None,
            bought=bought,
            token=token,
            done=done if done in ("shown", "waiting", "gone") else "",
        )
    )


@limiter.limit("120 per minute")
def review_form(token: str, product_id: int) -> BaseResponse:
    """GET /reviews/<token>/<product id>"""
    order = _order(token)
    bought = _bought(order, product_id)
    return _form(token, bought, fields.filled(bought.review, order))


@limiter.limit("20 per minute; 60 per hour")
def send_review(token: str, product_id: int) -> BaseResponse:
    """POST /reviews/<token>/<product id>. The same twice is one review; a change is read by the shop again."""
    order = _order(token)
    request.max_content_length = fields.ROOM  # only now: the link has proven itself
    bought = _bought(order, product_id)
    try:
        said = fields.read(bought.review)
    except InvalidInput as error:
        return _form(token, bought, fields.typed(), errors=error.fields, status=422)
    review = save_review(order.id, product_id, said)
    return redirect(url_for("storefront.reviews_of_order", token=token, done=review.status), 303)


@limiter.limit("20 per minute")
def take_review_back(token: str, product_id: int) -> BaseResponse:
    """POST /reviews/<token>/<product id>/delete"""
    delete_own(_order(token).id, product_id)
    return redirect(url_for("storefront.reviews_of_order", token=token, done="gone"), 303)


def _order(token: str) -> Order:
    """Whose link it is. Raises NotFound for one that is forged or too old, and while reviews are switched off."""
    order_id = order_of(token)
    if order_id is None or not review_rules(current_profile().reviews).is_on:
        raise NotFound(_("This link is not known. It may be incomplete."))
    order = db.session.get(Order, order_id)
    if order is None or not order.email:  # erased
        raise NotFound(_("This link is not known. It may be incomplete."))
    return order


def _bought(order: Order, product_id: int) -> Bought:
    found = next((b for b in list_bought(db.session(), order) if b.product_id == product_id), None)
    if found is None or not (found.may_review or found.review):
        raise NotFound(_("You can review this once it has arrived."))
    return found


def _form(
    token: str, bought: Bought, values: dict[str, Any], *, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    pictures = bought.review.pictures if bought.review else []
    media_url = current_settings().media_url.rstrip("/")
    page = render(
        "storefront/reviews/write.html",
        status=status,
        page_title=_("Review: %(title)s", title=bought.title),
        canonical_url=None,
        token=token,
        bought=bought,
        form=values,
        errors=errors or {},
        most_pictures=MOST_PICTURES,
        pictures=[
            (image, sorted(keys_of([p]))[0]) for p in pictures for image in shown_pictures([p], media_url)
        ],
    )
    return _private(page)


def _private(page: Response) -> Response:
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
