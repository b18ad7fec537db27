"""Recently viewed. No cookie is set for it: it hangs on the account of who is signed in, or on a cart that is there.

Pages are the same for everybody; the fragment at their end is asked for by the page and does the writing.
"""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.shoppers.sessions import find_signed_in
from shop.catalog.shelf import cards_of
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.extensions import db, limiter
from shop.recommending.viewing import MOST, Viewer, forget_viewed, list_viewed, note_viewed
from shop.storefront.account.blueprint import cookie_name
from shop.storefront.visitor import visitors_cart

SHOWN = 4


@limiter.limit("240 per minute")
def recently_viewed() -> Response:
    """GET /recently-viewed; as a fragment with ?product=<id>, which is then written down as seen."""
    is_fragment = bool(htmx_request.htmx) and not htmx_request.htmx.boosted
    viewer = _viewer()
    if viewer is None and is_fragment:
        return _private(Response(status=204))
    known = list_viewed(db.session(), viewer) if viewer else []
    raw = request.args.get("product", "")
    seen = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else 0
    db.session.rollback()
    if viewer and is_fragment and seen and known[:1] != [seen]:
        with transaction() as session:
            note_viewed(session, viewer, seen, known)
    cards = cards_of([i for i in known if not is_fragment or i != seen])
    page = render(
        "storefront/recently_viewed.html",
        fragment="viewed",
        cards=cards[:SHOWN] if is_fragment else cards,
        most=MOST,
        page_title=_("Recently viewed"),
        canonical_url=None,
    )
    return _private(page)


@limiter.limit("30 per minute")
def clear_recently_viewed() -> BaseResponse:
    """POST /recently-viewed/clear"""
    viewer = _viewer()
    if viewer is not None:
        with transaction() as session:
            forget_viewed(session, viewer)
    return redirect(url_for("storefront.recently_viewed"), 303)


def _viewer() -> Viewer | None:
    """By cookies that are there for something else; no statement without one."""
    found = find_signed_in(db.session(), request.cookies.get(cookie_name()))
    if found is not None:
        return Viewer(shopper_id=found[0].id)
    cart = visitors_cart()
    return Viewer(cart_id=cart.id) if cart is not None else None


def _private(page: Response) -> Response:
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    return page
