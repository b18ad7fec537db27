"""The second step of signing in: a code from the phone, or a backup code, after the password."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from shop.accounts.shopper_models import Shopper
from shop.accounts.shoppers import second_step
from shop.accounts.signing_in import may_try_code
from shop.core import clock
from shop.core.secrets import same
from shop.core.transaction import transaction
from shop.extensions import db
from shop.storefront.account import reading as read
from shop.storefront.account.arriving import (
    HALF_WAY,
    REALM,
    arrive,
    begin_session,
    device_of,
    half_way_mark,
    logger,
    too_many,
)
from shop.storefront.account.blueprint import bp, page

HALF_WAY_SECONDS = 600


@bp.get("/sign-in/code")
def sign_in_code() -> Response:
    if _half_way() is None:
        return redirect(url_for("account.sign_in"), 303)
    return _form()


@bp.post("/sign-in/code", endpoint="sign_in_code_now")
def sign_in_code_now() -> Response:
    """Each code counts once, and tries are few."""
    shopper = _half_way()
    if shopper is None:
        flash(_("That took too long. Please sign in again."), "error")
        return redirect(url_for("account.sign_in"), 303)
    if not may_try_code(shopper, device_of(shopper.email), realm=REALM):
        logger.warning("sign-in code throttled", shopper_id=shopper.id)
        return _form(429, {"code": too_many()})
    target = read.local_path(cookie[HALF_WAY].get("next"))
    with transaction() as session:
        used = second_step.use_code(session, shopper.id, request.form.get("code", "")[:100])
        token = begin_session(session, shopper, how="code") if used else ""
        left = second_step.count_backup_codes(session, shopper.id) if used == "backup code" else 0
    if used is None:
        logger.warning("sign-in code refused", shopper_id=shopper.id)
        return _form(401, {"code": second_step.WRONG_CODE})
    if used == "backup code":
        said = ngettext(
            "That backup code is used up. %(num)s is left.", "That backup code is used up. %(num)s are left.", left
        )
        flash(said, "info")
    return arrive(shopper, token, target)


def _half_way() -> Shopper | None:
    """Who gave the right password in this browser within ten minutes; None when something changed since."""
    held = cookie.get(HALF_WAY)
    if not isinstance(held, dict) or not isinstance(held.get("id"), int):
        return None
    if not 0 <= clock.now().timestamp() - held.get("at", 0) <= HALF_WAY_SECONDS:
        return None
    shopper = db.session.get(Shopper, held["id"])
    if shopper is None or shopper.totp_on_at is None or not same(str(held.get("mark")), half_way_mark(shopper)):
        return None
    return shopper


def _form(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return page("sign_in_code", status=status, page_title=_("Sign in: second step"), errors=errors or {})
