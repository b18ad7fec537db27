"""The link of a cart reminder. It only adds to a cart, so it may be opened by anybody's mail scanner."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from shop.cart.changing import count_items
from shop.core.transaction import transaction
from shop.extensions import limiter
from shop.storefront.visitor import remember, visitors_cart
from shop.workflows.restore_cart import restore_cart


@limiter.limit("30 per minute")
def restore(token: str) -> Response:
    """GET /cart/restore/<token>: to the cart, with what had been left."""
    with transaction() as session:
        own = visitors_cart()
        done = restore_cart(session, token, own.token if own is not None else None)
        count = count_items(session, done.cart_id) if done.cart_id else 0
    response = redirect(url_for("storefront.cart_page"), 303)
    response.headers["Referrer-Policy"] = "same-origin"
    if done.is_bought:
        flash(_("You have ordered this already. Thank you!"), "good")
        return response
    if done.missing:
        said = ngettext(
            "One thing cannot be bought any more.", "%(num)d things cannot be bought any more.", done.missing
        )
        flash(said, "info")
    return remember(response, done.token, count)
