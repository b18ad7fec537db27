"""To the payment page, and back from it."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from shop.checkout.models import Checkout
from shop.core import log
from shop.core.pages import render
from shop.errors import OutsideError, ShopError
from shop.extensions import db, limiter
from shop.storefront.order_facts import order_facts
from shop.storefront.visitor import cart_token, remember, visitors_cart
from shop.words import tell
from shop.workflows.find_payment_state import find_state
from shop.workflows.start_checkout import PricesChanged, TotalChanged, start_checkout, way_back

logger = log.get_logger("checkout")


@limiter.limit("30 per minute")
def pay() -> BaseResponse:
    """POST /checkout: to the payment page, or back to the cart with the reason."""
    cart = visitors_cart()
    if cart is None:
        flash(_("Your cart is empty."), "error")
        return redirect("/cart", 303)
    cart_id = cart.id
    db.session.rollback()
    try:
        started = start_checkout(cart_id, locale=str(get_locale()), seen_minor=_seen(), seen_currency=_seen_currency())
    except (PricesChanged, TotalChanged) as told:
        flash(tell(told.user_message), "warn")
        return redirect("/cart", 303)
    except OutsideError as error:
        logger.warning("payment page could not be opened", why=str(error))
        flash(
            _("The payment page cannot be opened right now. Nothing was charged. Please try again in a minute."),
            "error",
        )
        return redirect("/cart", 303)
    except ShopError as error:
        flash(tell(error.user_message), "error")
        return redirect("/cart", 303)
    if started.is_covered:
        return redirect(url_for("storefront.checkout_details", reference=started.reference), 303)
    if started.already_paid or not started.url:
        return redirect(f"/checkout/return?session_id={started.session_id}", 303)
    return redirect(started.url, 303)


def _seen() -> int | None:
    """The total that stood above the button."""
    raw = request.form.get("total", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 12 else None


def _seen_currency() -> str | None:
    """What that total was in."""
    return request.form.get("currency", "")[:3] or None


@limiter.limit("60 per minute")
def come_back() -> BaseResponse:
    """GET /checkout/return?session_id=…: the truth, "still processing" included."""
    session_id = request.args.get("session_id", "")[:255]
    state, checkout = find_state(session_id)
    order = None
    if state == "paid" and checkout is not None and checkout.order_id is not None:
        order = order_facts(checkout.order_id)
    page: BaseResponse = render(
        "storefront/checkout_return.html",
        fragment="state",
        state=state,
        order=order,
        retry_url=_retry_url(state, checkout),
        page_title=_("Your order"),
        canonical_url=None,
    )
    page.headers["Cache-Control"] = "private, no-store"
    token = cart_token()
    return remember(page, token, 0) if token and state == "paid" else page


def _retry_url(state: str, checkout: Checkout | None) -> str:
    """Back to what was to be paid."""
    if checkout is not None and checkout.draft_order_id is not None:
        return way_back(db.session(), checkout)
    return (checkout.recovery_url if checkout and state == "expired" else None) or "/cart"
