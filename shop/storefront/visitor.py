"""The visitor's cart cookie. The count lives in a second cookie that the page's script may read, so pages stay
the same for everyone and can be cached whole."""

from __future__ import annotations

from flask import current_app, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.accounts.shoppers.sessions import find_signed_in
from shop.cart.changing import find_cart, set_currency
from shop.cart.following import account_cart, find_account_cart
from shop.cart.models import Cart
from shop.core.secrets import new_token
from shop.extensions import db
from shop.tenancy.currencies import current_pricing

COOKIE = "cart"
COUNT_COOKIE = "cart_count"
SHOPPER = "shopper"
ONE_YEAR = 365 * 86400


def cookie_name() -> str:
    return f"__Host-{COOKIE}" if current_app.config["SESSION_COOKIE_SECURE"] else COOKIE


def cart_token() -> str | None:
    """What the visitor's cookie says; it proves itself by being known."""
    token = request.cookies.get(cookie_name())
    return token if token and len(token) <= 64 and token.isascii() and token.isprintable() else None


def shopper_cookie() -> str:
    return f"__Host-{SHOPPER}" if current_app.config["SESSION_COOKIE_SECURE"] else SHOPPER


def signed_in_id() -> int | None:
    """The account this browser is signed in to; no statement for browsers that never were."""
    token = request.cookies.get(shopper_cookie())
    found = find_signed_in(db.session(), token) if token else None
    return found[0].id if found else None


def visitors_cart() -> Cart | None:
    """The cookie's; of somebody who is signed in, the account's. An account's cart shows itself to nobody else."""
    cart = find_cart(db.session(), cart_token())
    if cart is not None and cart.shopper_id is None:
        return cart
    shopper_id = signed_in_id()
    if shopper_id is None:
        return None
    return cart if cart is not None and cart.shopper_id == shopper_id else find_account_cart(db.session(), shopper_id)


def new_cart(session: Session) -> Cart:
    """An empty cart with a fresh token, or the account's own; in the page's currency. The caller commits and calls
    `remember`."""
    pricing, shopper_id = current_pricing(), signed_in_id()
    if shopper_id is not None:
        cart = account_cart(session, shopper_id)
        set_currency(session, cart.id, pricing)
        return cart
    cart = Cart(token=new_token(), currency="" if pricing.is_base else pricing.code)
    session.add(cart)
    session.flush()
    return cart


def forget_cart(response: Response) -> Response:
    """Nothing of a cart stays in this browser."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.delete_cookie(cookie_name(), path="/", secure=secure, httponly=True, samesite="Lax")
    response.delete_cookie(COUNT_COOKIE, path="/", secure=secure, samesite="Lax")
    return response


def remember(response: Response, token: str, count: int) -> Response:
    """Write both cookies."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(cookie_name(), token, max_age=ONE_YEAR, httponly=True, samesite="Lax", secure=secure, path="/")
    response.set_cookie(COUNT_COOKIE, str(count), max_age=ONE_YEAR, samesite="Lax", secure=secure, path="/")
    return response
