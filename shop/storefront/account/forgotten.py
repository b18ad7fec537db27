"""A forgotten password: a link by letter, a new password with it."""

from __future__ import annotations

import time

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from shop.accounts.passwords import SHORTEST
from shop.accounts.shopper_models import Shopper
from shop.accounts.shoppers.changing import NOT_ANY_MORE, find_link
from shop.accounts.signing_in import may_ask_for_a_letter
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.storefront.account import reading as read
from shop.storefront.account.arriving import REALM, too_many
from shop.storefront.account.blueprint import bp, page, take_cookie
from shop.workflows.shopper_accounts import reset_password, send_password_link

#: every answer takes at least so long, so that its time does not tell whether a letter was written
AT_LEAST_SECONDS = 0.25


@bp.get("/forgotten")
def forgotten() -> Response:
    return _ask()


@bp.post("/forgotten", endpoint="forgotten_now")
def forgotten_now() -> Response:
    """The same answer, after the same time, for any address."""
    started = time.monotonic()
    try:
        email = read.email()
    except InvalidInput as error:
        return _ask(422, error.fields)
    if not may_ask_for_a_letter(email, request.remote_addr or "", realm=REALM):
        return _ask(429, {"email": too_many()})
    send_password_link(email)
    time.sleep(max(0.0, AT_LEAST_SECONDS - (time.monotonic() - started)))
    return redirect(url_for("account.forgotten_sent"), 303)


@bp.get("/forgotten/sent")
def forgotten_sent() -> Response:
    return page("forgotten_sent", page_title=_("Look into your mailbox"))


@bp.get("/new-password/<token>")
def new_password(token: str) -> Response:
    return _choose(_find(token), token)


@bp.post("/new-password/<token>", endpoint="new_password_now")
def new_password_now(token: str) -> Response:
    """Set it; every browser is signed out, this one too."""
    shopper = _find(token)
    try:
        reset_password(token, read.password())
    except InvalidInput as error:
        db.session.rollback()
        return _choose(shopper, token, 422, error.fields)
    response = redirect(url_for("account.sign_in"), 303)
    take_cookie(response)
    flash(_("Your new password is set. Sign in with it."), "good")
    return response


def _find(token: str) -> Shopper:
    shopper = find_link(db.session(), token, "reset")
    if shopper is None:
        raise NotFound(NOT_ANY_MORE)
    return shopper


def _ask(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return page(
        "forgotten", status=status, page_title=_("Forgotten password"), errors=errors or {}, form=read.typed("email")
    )


def _choose(shopper: Shopper, token: str, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return page(
        "new_password",
        status=status,
        page_title=_("Choose a new password"),
        errors=errors or {},
        token=token,
        email=shopper.email,
        shortest=SHORTEST,
    )
