"""Sign in: the password, then a code where two-step sign-in is on. Sign out."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask import session as cookie
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from shop.accounts import two_step
from shop.accounts.models import StaffMember
from shop.accounts.sessions import end_session
from shop.accounts.signing_in import check_sign_in, may_try, may_try_code, session_here
from shop.admin.blueprint import bp
from shop.admin.permissions import local_path
from shop.admin.staff.letting_in import arrive, begin_session, device_of, let_in
from shop.core import clock, log
from shop.core.pages import render
from shop.core.secrets import hash_token, same
from shop.core.transaction import transaction
from shop.extensions import db

logger = log.get_logger("admin")
WRONG = "The e-mail address or the password is not right."
TOO_MANY = "Too many tries. Wait an hour, then try again."
HALF_WAY = "half_way"  # in the cookie: who has given the right password and owes the code
HALF_WAY_SECONDS = 600


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
    if not may_try(email, request.remote_addr or "", device_of(email)):
        logger.warning("sign-in throttled")
        return _form(429, error=TOO_MANY, email=email)
    with transaction() as session:
        member = check_sign_in(session, email, password)
    if member is None:
        logger.warning("sign-in refused")
        return _form(401, error=WRONG, email=email)
    target = local_path(request.form.get("next"))
    if member.totp_on_at is None:
        return let_in(member, "password", target)
    cookie.clear()
    cookie[HALF_WAY] = {"id": member.id, "at": int(clock.now().timestamp()), "mark": _mark(member), "next": target}
    return redirect(url_for("admin.sign_in_code"), 303)


@bp.get("/sign-in/code")
def sign_in_code() -> Response:
    """The second step's form."""
    if _half_way() is None:
        return redirect(url_for("admin.sign_in"), 303)
    return _code_form()


@bp.post("/sign-in/code", endpoint="sign_in_code_now")
def sign_in_code_now() -> Response:
    """A code from the phone, or a backup code; each counts once, and tries are few."""
    member = _half_way()
    if member is None:
        flash("That took too long. Please sign in again.", "bad")
        return redirect(url_for("admin.sign_in"), 303)
    if not may_try_code(member, device_of(member.email)):
        logger.warning("sign-in code throttled", staff_id=member.id)
        return _code_form(429, error=TOO_MANY)
    typed = request.form.get("code", "")[:100]
    target = local_path(cookie[HALF_WAY].get("next"))
    with transaction() as session:
        used = two_step.use_code(session, member, typed)
        if used is not None:
            cookie_id = begin_session(session, member, f"password and {used}")
    if used is None:
        logger.warning("sign-in code refused", staff_id=member.id)
        return _code_form(401, error=two_step.WRONG_CODE)
    if used == "backup code":
        left = two_step.count_backup_codes(db.session(), member)
        response = arrive(member, cookie_id, target)
        flash(f"That backup code is used up: {left} left. You can make new ones on your account’s page.", "good")
        return response
    return arrive(member, cookie_id, target)


@bp.post("/sign-out")
def sign_out() -> Response:
    if current_user.is_authenticated:
        here = session_here()
        with transaction() as session:
            if here is not None:
                end_session(session, current_user._get_current_object(), here.id)
    logout_user()
    cookie.clear()
    flash("You are signed out.", "good")
    return redirect(url_for("admin.sign_in"), 303)


def _half_way() -> StaffMember | None:
    """Who gave the right password in this browser within ten minutes; None when it was changed since."""
    held = cookie.get(HALF_WAY)
    if not isinstance(held, dict) or not isinstance(held.get("id"), int):
        return None
    if not 0 <= clock.now().timestamp() - held.get("at", 0) <= HALF_WAY_SECONDS:
        return None
    member = db.session.get(StaffMember, held["id"])
    if member is None or not member.is_enabled or not same(str(held.get("mark")), _mark(member)):
        return None
    return member


def _mark(member: StaffMember) -> str:
    return hash_token(f"{member.password_hash}:{member.totp_on_at}")[:16]


def _code_form(status: int = 200, *, error: str = "") -> Response:
    return render("admin/sign_in_code.html", status=status, page_title="Sign in: second step", error=error)


def _form(status: int = 200, *, error: str = "", email: str = "") -> Response:
    target = request.values.get("next", "")
    return render(
        "admin/sign_in.html", status=status, page_title="Sign in", error=error, email=email, next=local_path(target, "")
    )
