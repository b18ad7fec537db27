"""Invitations: sent by an owner, accepted by whoever has the letter."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import act_for_this_request
from shop.accounts.inviting import NOT_ANY_MORE, accept, find_invitation, withdraw
from shop.accounts.passwords import SHORTEST, check_new_password, strength
from shop.accounts.staff import ROLES
from shop.accounts.staff_models import StaffInvitation
from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.staff.letting_in import arrive, begin_session
from shop.admin.staff.members import staff_page
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows.invite_staff import invite_again, invite_staff


@bp.post("/staff/invitations")
@staff_only(May.STAFF)
def invite() -> Response | BaseResponse:
    form = request.form
    try:
        email = read.email(form, "email", "The e-mail address")
        role = read.choice(form, "role", "The role", ROLES)
        invited = invite_staff(email, role, invited_by=current_user.name or current_user.email)
    except (InvalidInput, Conflict) as error:
        fields = error.fields if isinstance(error, InvalidInput) else {"email": error.user_message}
        typed = {"email": form.get("email", "")[:254], "role": form.get("role", "")[:20]}
        return staff_page(error.status, fields, typed)
    flash(f"An invitation is on its way to {invited}. It works for seven days.", "good")
    return redirect(url_for("admin.staff"), 303)


@bp.post("/staff/invitations/<int:invitation_id>/resend")
@staff_only(May.STAFF)
def resend_invitation(invitation_id: int) -> BaseResponse:
    return press(
        lambda: f"A new letter is on its way to {invite_again(invitation_id)}. The link in the one before has stopped.",
        done="",
        back=url_for("admin.staff"),
    )


@bp.post("/staff/invitations/<int:invitation_id>/withdraw")
@staff_only(May.STAFF)
def withdraw_invitation(invitation_id: int) -> BaseResponse:
    def work() -> str:
        with transaction() as session:
            return f"The invitation of {withdraw(session, invitation_id)} is withdrawn."

    return press(work, done="", back=url_for("admin.staff"))


@bp.get("/invitation/<token>")
def invitation(token: str) -> Response:
    return _page(_find(token), token)


@bp.post("/invitation/<token>", endpoint="accept_invitation")
def accept_invitation(token: str) -> Response | BaseResponse:
    """The account is made, the link is used up, and its owner is signed in."""
    row = _find(token)
    email = row.email
    password = request.form.get("password", "")[:1000]
    try:
        name = read.text(request.form, "name", "Your name", 120)
        if password != request.form.get("again", ""):
            raise InvalidInput(fields={"again": "The two passwords differ."})
        check_new_password(password, email, name, current_profile().name)
        act_for_this_request(email)
        with transaction() as session:
            member = accept(session, token, name, password)
            cookie_id = begin_session(session, member, "an invitation")
    except InvalidInput as error:
        db.session.rollback()
        return _page(row, token, 422, error.fields, request.form.get("name", "")[:200])
    response = arrive(member, cookie_id, url_for("admin.dashboard"))
    flash(f"Welcome, {name}. Your password is {strength(password)}.", "good")
    return response


def _find(token: str) -> StaffInvitation:
    row = find_invitation(db.session(), token)
    if row is None:
        raise NotFound(NOT_ANY_MORE)
    return row


def _page(
    row: StaffInvitation, token: str, status: int = 200, errors: dict[str, str] | None = None, name: str = ""
) -> Response:
    return render(
        "admin/invitation.html",
        status=status,
        page_title="You are invited",
        invitation=row,
        token=token,
        name=name,
        errors=errors or {},
        shortest=SHORTEST,
    )
