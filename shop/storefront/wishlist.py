"""Wish for something, and read a wishlist that is shared. The shopper's own page is account/kept.py."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, url_for
from flask import session as cookie
from flask_babel import get_locale
from flask_babel import gettext as _
from htmx_flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.cart.kept_models import Wish
from shop.cart.pricing import PricedLine, Wanted, price_wanted
from shop.cart.wishing import add_wish, find_shared, find_wanted, list_wishes
from shop.core.money import format_minor
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import Conflict
from shop.extensions import db, limiter
from shop.storefront.visitor import signed_in_id
from shop.tenancy.currencies import current_pricing
from shop.words import tell

WISHES, MOST_KEPT = "wishes", 5  # in the cookie, until they sign in: [[variant, whether it was chosen], …]


@limiter.limit("60 per minute")
def wish() -> BaseResponse:
    """POST /wishlist: variant, or product (slug) + option.<key>. A guest is led to the sign-in and finds it there."""
    form = request.form
    picked = {name: value for name, value in form.items() if name.startswith("option.")}
    wanted = find_wanted(db.session(), form.get("variant", "").strip(), form.get("product", ""), picked)
    shopper_id = signed_in_id()
    db.session.rollback()
    target = url_for("account.wishlist")
    if shopper_id is None:
        others = [kept for kept in kept_wishes() if kept[0] != wanted[0]]
        cookie[WISHES] = [*others[1 - MOST_KEPT :], list(wanted)]
        flash(
            _("Sign in, and it is on your wishlist. No account yet? Open one: we remember what you wish for."), "info"
        )
        target = url_for("account.sign_in", next=target)
    else:
        try:
            with transaction() as session:
                add_wish(session, shopper_id, *wanted)
            flash(_("It is on your wishlist."), "good")
        except Conflict as error:
            flash(tell(error.user_message), "error")
    if request.htmx:
        return Response("", headers={"HX-Redirect": target})
    return redirect(target, 303)


def kept_wishes() -> list[list[Any]]:
    """What this browser wished for before signing in."""
    held = cookie.get(WISHES)
    found = held if isinstance(held, list) else []
    rows = [row for row in found if isinstance(row, list) and len(row) == 2 and isinstance(row[0], int)]
    return [[row[0], bool(row[1])] for row in rows]


def shared_wishlist(token: str) -> Response:
    """GET /wishlist/<token>: read only, without a name; nothing is kept of who reads it."""
    session = db.session()
    shopper_id = find_shared(session, token)
    shown = shown_wishes(session, list_wishes(session, shopper_id))
    page = render("storefront/shared_wishlist.html", page_title=_("A wishlist"), wishes=shown, canonical_url=None)
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Referrer-Policy"] = "same-origin"
    return page


def shown_wishes(session: Session, wishes: list[Wish]) -> list[dict[str, Any]]:
    """With the prices of now; one statement. Note and number are the shopper's own: a shared page leaves them out."""
    pricing, locale = current_pricing(), str(get_locale())
    lines = price_wanted(session, [Wanted(row.id, row.variant_id, 1, 0) for row in wishes], pricing)
    known = {line.id: line for line in lines}
    return [_shown(row, known[row.id], pricing.code, locale) for row in wishes if row.id in known]


def _shown(row: Wish, line: PricedLine, currency: str, locale: str) -> dict[str, Any]:
    chosen = line.variant_id if row.is_chosen else None
    return {
        "id": row.id,
        "variant_id": line.variant_id,
        "title": line.title,
        "variant_title": line.variant_title if row.is_chosen else "",
        "url": url_for("storefront.product_page", slug=line.slug, variant=chosen),
        "image": line.image,
        "price": format_minor(line.unit_minor, currency, locale),
        "is_chosen": row.is_chosen,
        "available": line.available,
        "note": row.note,
    }
