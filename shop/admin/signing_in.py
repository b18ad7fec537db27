"""Sign in, sign out, change one's password."""

from __future__ import annotations

from flask import current_app, flash, redirect, request, url_for
from flask import session as cookie
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from shop.accounts import staff
from shop.accounts.devices import REMEMBERED_SECONDS, device_token, known_device
from shop.accounts.passwords import verify_password
from shop.accounts.signing_in import check_sign_in, may_try
from shop.admin.blueprint import bp
from shop.admin.permissions import local_path, staff_only
from shop.core import log
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput

logger = log.get_logger("admin")
WRONG = "The e-mail address or the password is not right."
TOO_MANY = "Too many tries. Wait an hour, then try again."


@bp.get("/sign-in")
def sign_in() -> Response:
    """The form."""
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")), 303)
    return _form()


@bp.post("/sign-in", endpoint="sign_in_now")
def sign_in_now() -> Response:
    """Throttled before the check; the same answer for an unknown address and a wrong password."""
    email = request.form.get("email", "").replace("\0", "").strip()[:254]
    password = request.form.get("password", "")[:1000]
    if not email or not password:
        return _form(422, error="Enter your e-mail address and your password.", email=email)
    if not may_try(email, request.remote_addr or "", known_device(request.cookies.get(device_cookie()), email)):
        logger.warning("sign-in throttled")
        return _form(429, error=TOO_MANY, email=email)
    with transaction() as session:
        member = check_sign_in(session, email, password)
    if member is None:
        logger.warning("sign-in refused")
        return _form(401, error=WRONG, email=email)
    cookie.clear()  # nothing of the session before carries over
    cookie.permanent = True
    login_user(member)
    logger.info("signed in", staff_id=member.id)
    response = redirect(local_path(request.form.get("next")), 303)
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(
        device_cookie(), device_token(email), max_age=REMEMBERED_SECONDS, httponly=True, samesite="Lax", secure=secure
    )
    return response


def device_cookie() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


@bp.post("/sign-out")
def sign_out() -> Response:
    logout_user()
    cookie.clear()
    flash("You are signed out.", "good")
    return redirect(url_for("admin.sign_in"), 303)


@bp.get("/account")
@staff_only()
def account() -> Response:
    """One's own account: who one is, and a new password."""
    return render("admin/account.html", page_title="Your account", errors={})


@bp.post("/account/password")
@staff_only()
def set_password() -> Response:
    """A new password signs every other session out."""
    form = request.form
    try:
        if not may_try(current_user.email, request.remote_addr or ""):
            raise InvalidInput(fields={"current": TOO_MANY})
        if not verify_password(current_user.password_hash, form.get("current", "")[:1000]):
            raise InvalidInput(fields={"current": "This is not your current password."})
        if form.get("password", "") != form.get("again", ""):
            raise InvalidInput(fields={"again": "The two new passwords differ."})
        member = current_user._get_current_object()
        with transaction() as session:
            staff.change_password(session, member, form.get("password", "")[:1000])
    except InvalidInput as error:
        return render("admin/account.html", status=422, page_title="Your account", errors=error.fields)
    cookie.clear()
    cookie.permanent = True
    login_user(member)
    flash("Your password is changed, and every other session is signed out.", "good")
    return redirect(url_for("admin.account"), 303)


@bp.post("/account/sign-out-everywhere")
@staff_only()
def sign_out_everywhere() -> Response:
    member = current_user._get_current_object()
    with transaction() as session:
        staff.sign_out_everywhere(session, member)
    logout_user()
    cookie.clear()
    flash("Every session is signed out, this one too.", "good")
    return redirect(url_for("admin.sign_in"), 303)


def _form(status: int = 200, *, error: str = "", email: str = "") -> Response:
    target = request.values.get("next", "")
    return render(
        "admin/sign_in.html", status=status, page_title="Sign in", error=error, email=email, next=local_path(target, "")
    )
