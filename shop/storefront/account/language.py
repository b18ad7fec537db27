"""The language a shopper is written to in; their pages' addresses say the language of a page."""

from __future__ import annotations

from flask import flash, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.core.transaction import transaction
from shop.storefront.account.blueprint import bp, me
from shop.storefront.context import page_locale
from shop.storefront.speaking import say as _
from shop.tenancy.languages import store_languages


@bp.post("/language", endpoint="choose_language")
def choose_language() -> BaseResponse:
    """Leads back to the page in the language chosen; one that is not offered changes nothing."""
    known = store_languages()
    chosen = request.form.get("locale", "")
    if chosen not in known:
        chosen = page_locale()
    with transaction() as session:
        shopper = session.merge(me(), load=True)
        shopper.locale = chosen
    flash(_("We write to you in this language from now on."), "good")
    g.prefix = None if chosen == known[0] else chosen
    return redirect(url_for("account.security"), 303)
