"""Sign in and out: a session of its own, a cookie that nobody knew before."""

from __future__ import annotations

from flask import current_app, flash, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.accounts.devices import REMEMBERED_SECONDS, device_token, known_device
from shop.accounts.shopper_models import Shopper
from shop.accounts.shoppers.changing import check_sign_in
from shop.accounts.shoppers.sessions import end_token, start_session
from shop.accounts.signing_in import may_try
from shop.core import log
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.storefront.account import reading as read
from shop.storefront.account.blueprint import bp, cookie_name, give_cookie, page, take_cookie

logger = log.get_logger("account")
REALM = "shopper"


@bp.get("/sign-in")
def sign_in() -> Response:
    return _form()


@bp.post("/sign-in", endpoint="sign_in_now")
def sign_in_now() -> Response:
    """Throttled before the check; one answer for an unknown address, a wrong password and an unconfirmed account."""
    try:
        email, password = read.email(), read.password()
    except InvalidInput as error:
        return _form(422, error.fields)
    if not may_try_here(email):
        logger.warning("sign-in throttled")
        return _form(429, {"email": too_many()})
    with transaction() as session:
        shopper = check_sign_in(session, email, password)
        token = begin_session(session, shopper) if shopper is not None else ""
    if shopper is None:
        logger.warning("sign-in refused")
        said = _("The address or the password is not right, or the address is not confirmed yet.")
        return _form(401, {"email": said})
    return arrive(shopper, token, read.local_path(request.form.get("next")))


@bp.post("/sign-out", endpoint="sign_out")
def sign_out() -> Response:
    with transaction() as session:
        end_token(session, request.cookies.get(cookie_name()))
    response = redirect(url_for("account.sign_in"), 303)
    take_cookie(response)
    flash(_("You are signed out."), "good")
    return response


def may_try_here(email: str) -> bool:
    """Count one try at a password; browsers that were here before are counted by themselves."""
    return may_try(email, request.remote_addr or "", _device_of(email), realm=REALM)


def too_many() -> str:
    return _("Too many tries. Please wait an hour, then try again.")


def begin_session(session: Session, shopper: Shopper) -> str:
    """A new row; the one this browser came with, whoever it is of, ends. The caller commits."""
    end_token(session, request.cookies.get(cookie_name()))
    return start_session(session, shopper, request.remote_addr or "", request.user_agent.string)


def arrive(shopper: Shopper, token: str, target: str) -> Response:
    """The cookies, once the session's row is committed."""
    cookie.pop("csrf_token", None)
    response = redirect(target, 303)
    give_cookie(response, token)
    response.set_cookie(
        _device_cookie(),
        device_token(f"{REALM}:{shopper.email}"),
        max_age=REMEMBERED_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
    logger.info("signed in", shopper_id=shopper.id)
    return response


def _device_of(email: str) -> str | None:
    return known_device(request.cookies.get(_device_cookie()), f"{REALM}:{email}")


def _device_cookie() -> str:
    return "__Host-shopper_device" if current_app.config["SESSION_COOKIE_SECURE"] else "shopper_device"


def _form(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return page(
        "sign_in",
        status=status,
        page_title=_("Sign in"),
        errors=errors or {},
        form=read.typed("email"),
        next=request.values.get("next", "")[:300],
    )
