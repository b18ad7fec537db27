"""One's own account: name, password, where one is signed in."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask import session as cookie
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts import staff, two_step
from shop.accounts.models import StaffMember
from shop.accounts.passwords import SHORTEST, strength, verify_password
from shop.accounts.sessions import end_session, end_sessions, list_sessions
from shop.accounts.signing_in import may_try, session_here
from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import staff_only
from shop.admin.signing_in import TOO_MANY
from shop.admin.staff.letting_in import arrive, begin_session, device_of
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.workflows.tell_staff import tell_of_change


def me() -> StaffMember:
    member: StaffMember = current_user._get_current_object()
    return member


@bp.get("/account")
@staff_only()
def account() -> Response:
    return account_page()


def account_page(status: int = 200, errors: dict[str, str] | None = None, name: str | None = None) -> Response:
    here = session_here()
    member = me()
    return render(
        "admin/account.html",
        status=status,
        page_title="Your account",
        errors=errors or {},
        name=member.name if name is None else name,
        sessions=list_sessions(db.session(), member.id),
        here_id=here.id if here else 0,
        codes_left=two_step.count_backup_codes(db.session(), member) if member.totp_on_at else 0,
        shortest=SHORTEST,
    )


@bp.post("/account/name")
@staff_only()
def set_name() -> Response | BaseResponse:
    try:
        name = read.text(request.form, "name", "The name", 120)
    except InvalidInput as error:
        return account_page(422, error.fields, request.form.get("name", "")[:200])
    with transaction() as session:
        me().name = name
        session.add(me())
    flash("Your name is saved.", "good")
    return redirect(url_for("admin.account"), 303)


@bp.post("/account/password")
@staff_only()
def set_password() -> Response | BaseResponse:
    """A new password signs every other session out, and this browser gets a new session."""
    form, member = request.form, me()
    password = form.get("password", "")[:1000]
    try:
        check_own_password(form.get("current", ""), "current")
        if password != form.get("again", ""):
            raise InvalidInput(fields={"again": "The two new passwords differ."})
        with transaction() as session:
            staff.change_password(session, member, password)
            cookie_id = begin_session(session, member, "a new password")
            tell_of_change(session, member, "password")
    except InvalidInput as error:
        db.session.rollback()
        return account_page(422, error.fields)
    response = arrive(member, cookie_id, url_for("admin.account"))
    flash(f"Your password is changed; it is {strength(password)}. Every other session is signed out.", "good")
    return response


def check_own_password(typed: str, field: str) -> None:
    """The member at the keyboard, again. Raises InvalidInput (field `field`)."""
    member = me()
    if not may_try(member.email, request.remote_addr or "", device_of(member.email)):
        raise InvalidInput(fields={field: TOO_MANY})
    if not verify_password(member.password_hash, typed[:1000]):
        raise InvalidInput(fields={field: "This is not your current password."})


@bp.post("/account/sessions/<int:session_id>/end")
@staff_only()
def end_own_session(session_id: int) -> BaseResponse:
    """Sign one browser out; this one too, if that is the one."""
    here = session_here()
    with transaction() as session:
        ended = end_session(session, me(), min(session_id, 2**62))
    if here is not None and here.id == session_id:
        return _out("You are signed out.")
    flash("That browser is signed out." if ended else "That browser was signed out already.", "good")
    return redirect(url_for("admin.account") + "#sessions", 303)


@bp.post("/account/sign-out-others")
@staff_only()
def sign_out_others() -> BaseResponse:
    here = session_here()

    def work() -> str:
        with transaction() as session:
            count = end_sessions(session, me(), but=here.id if here else None)
        return f"Signed out: {count} other {'browser' if count == 1 else 'browsers'}."

    return press(work, done="", back=url_for("admin.account") + "#sessions")


@bp.post("/account/sign-out-everywhere")
@staff_only()
def sign_out_everywhere() -> BaseResponse:
    with transaction() as session:
        end_sessions(session, me())
    return _out("Every session is signed out, this one too.")


def _out(said: str) -> BaseResponse:
    logout_user()
    cookie.clear()
    flash(said, "good")
    return redirect(url_for("admin.sign_in"), 303)
