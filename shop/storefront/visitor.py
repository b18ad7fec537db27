"""The visitor's cart cookie. The count lives in a second cookie that the page's script may read, so pages stay
the same for everyone and can be cached whole."""

from __future__ import annotations

from flask import current_app, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.cart.changing import find_cart
from shop.cart.models import Cart
from shop.core.secrets import new_token
from shop.extensions import db
from shop.tenancy.currencies import current_pricing

COOKIE = "cart"
COUNT_COOKIE = "cart_count"
ONE_YEAR = 365 * 86400


def cookie_name() -> str:
    return f"__Host-{COOKIE}" if current_app.config["SESSION_COOKIE_SECURE"] else COOKIE


def cart_token() -> str | None:
    """What the visitor's cookie says; it proves itself by being known."""
    token = request.cookies.get(cookie_name())
    return token if token and len(token) <= 64 and token.isascii() and token.isprintable() else None


def visitors_cart() -> Cart | None:
    return find_cart(db.session(), cart_token())


def new_cart(session: Session) -> Cart:
    """An empty cart with a fresh token, in the page's currency. The caller commits and calls `remember`."""
    pricing = current_pricing()
    cart = Cart(token=new_token(), currency="" if pricing.is_base else pricing.code)
    session.add(cart)
    session.flush()
    return cart


def remember(response: Response, token: str, count: int) -> Response:
    """Write both cookies."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(cookie_name(), token, max_age=ONE_YEAR, httponly=True, samesite="Lax", secure=secure, path="/")
    response.set_cookie(COUNT_COOKIE, str(count), max_age=ONE_YEAR, samesite="Lax", secure=secure, path="/")
    return response
