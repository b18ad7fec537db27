"""The currency a visitor chose: a cookie of its own, set only when they choose, or ?currency= in a shared address."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from babel.numbers import get_currency_symbol
from flask import current_app, g, redirect, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as BaseResponse

from shop.cart.changing import find_cart, set_currency
from shop.core.transaction import transaction
from shop.storefront.visitor import ONE_YEAR, cart_token
from shop.tenancy.currencies import offered, pricing_for
from shop.tenancy.profile import current_profile

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

COOKIE = KEY = "currency"
#: what a request asks for, noted for the view by whoever takes ?currency= off the address
NOTED = "imprint.currency"
_COOKIE = re.compile(r"(?:^|;)\s*currency=([A-Z]{3})\s*(?:;|$)")
_QUERY = re.compile(r"(?:^|&)currency=([A-Z]{3})(?:&|$)")


def asked_for(environ: WSGIEnvironment) -> str:
    """A code as the address or the cookie has it, or "": the address is meant for this page, so it comes first."""
    if NOTED in environ:
        return str(environ[NOTED])
    query, cookies = environ.get("QUERY_STRING", ""), environ.get("HTTP_COOKIE", "")
    found = "currency=" in query and _QUERY.search(query[:2000])
    found = found or ("currency=" in cookies and _COOKIE.search(cookies[:8000]))
    return found[1] if found else ""


def choose() -> None:
    """Before each page: `g.currency` is what `current_pricing()` goes by."""
    g.currency = asked_for(request.environ)


def choices() -> list[tuple[str, str]]:
    """(code, how people write it) of each currency on offer; empty where there is no choice. Never fails."""
    try:
        known = offered(current_profile())
    except (SQLAlchemyError, RuntimeError):
        return []
    if len(known) < 2:
        return []
    locale = str(g.get("locale") or "en")
    return [(code, _label(code, locale)) for code in known]


@lru_cache(maxsize=512)
def _label(code: str, locale: str) -> str:
    symbol = get_currency_symbol(code, locale=locale)
    return code if symbol == code else f"{code} {symbol}"


def choose_currency() -> BaseResponse:
    """POST /currency: currency, to (a path of ours). The cart follows, priced anew. Back to where it was chosen."""
    profile = current_profile()
    code = request.form.get("currency", "")[:3]
    answer = redirect(_way_back(request.form.get("to", "")), 303)
    if code not in offered(profile):
        return answer
    token = cart_token()
    if token:
        with transaction() as session:
            cart = find_cart(session, token)
            if cart is not None:
                set_currency(session, cart.id, pricing_for(profile, code))
    return remember_currency(answer, "" if code == profile.currency else code)


def remember_currency(answer: BaseResponse, code: str) -> BaseResponse:
    """"" forgets it: the store's own needs no cookie."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    if code:
        answer.set_cookie(COOKIE, code, max_age=ONE_YEAR, httponly=True, samesite="Lax", secure=secure, path="/")
    elif COOKIE in request.cookies:
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=secure)
    return answer


def _way_back(target: str) -> str:
    """The page they came from, with what they had filtered; only ever one of this shop."""
    came_from = urlsplit(request.headers.get("Referer", "")[:2000])
    if came_from.netloc == request.host and came_from.path.startswith("/"):
        target = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    if not target.startswith("/") or target.startswith("//") or len(target) > 2000:
        return "/"
    if any(ord(sign) < 33 or ord(sign) > 126 or sign == "\\" for sign in target) or ".." in target:
        return "/"
    path, _, query = target.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query) if name != KEY]
    return path + (f"?{urlencode(kept)}" if kept else "")
