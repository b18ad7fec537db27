"""The staff: who may sign in, as what, since when; and what an owner does about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts import staffing
from shop.accounts.audit_models import AuditEntry
from shop.accounts.models import StaffMember
from shop.accounts.sessions import count_sessions, end_session, end_sessions, list_sessions
from shop.accounts.staff_models import StaffInvitation
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.staff.roles import ROLE_WORDS, role_word
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput
from shop.extensions import db
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings
from shop.workflows.tell_staff import tell_of_change

PER_PAGE, MOST_INVITATIONS, LATEST = 50, 100, 8
YOURSELF = "This is your own account. Another owner has to do that."


@bp.get("/staff")
@staff_only(May.STAFF)
def staff() -> Response:
    return staff_page()


def staff_page(
    status: int = 200, errors: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> Response:
    session = db.session()
    page = page_number(request.args.get("page"))
    rows = (
        session.execute(
            select(StaffMember)
            .order_by(StaffMember.is_enabled.desc(), StaffMember.email)
            .offset((page - 1) * PER_PAGE)
            .limit(PER_PAGE + 1)
        )
        .scalars()
        .all()
    )
    invitations = (
        session.execute(select(StaffInvitation).order_by(StaffInvitation.created_at.desc()).limit(MOST_INVITATIONS))
        .scalars()
        .all()
    )
    is_required = session.execute(select(StoreProfile.staff_totp_required).limit(1)).scalar_one()
    return render(
        "admin/staff.html",
        status=status,
        page_title="Staff",
        members=Page(rows[:PER_PAGE], 0, page, PER_PAGE),
        is_more=len(rows) > PER_PAGE,
        open_sessions=count_sessions(session),
        invitations=invitations,
        now=clock.now(),
        roles=ROLE_WORDS,
        role_word=role_word,
        is_required=is_required,
        errors=errors or {},
        typed=typed or {"email": "", "role": "support"},
    )


@bp.get("/staff/<int:member_id>", endpoint="staff_member")
@staff_only(May.STAFF)
def member(member_id: int) -> Response:
    return _member_page(staffing.get_member(db.session(), member_id))


def _member_page(found: StaffMember) -> Response:
    session = db.session()
    latest = (
        session.execute(
            select(AuditEntry)
            .where(AuditEntry.who == found.email)
            .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
            .limit(LATEST)
        )
        .scalars()
        .all()
    )
    return render(
        "admin/staff_member.html",
        page_title=found.name or found.email,
        member=found,
        is_self=found.id == current_user.id,
        sessions=list_sessions(session, found.id),
        latest=latest,
        roles=ROLE_WORDS,
        role_word=role_word,
    )


@bp.post("/staff/<int:member_id>/role")
@staff_only(May.STAFF)
def change_role(member_id: int) -> BaseResponse:
    role = request.form.get("role", "")[:20]

    def work(session: Session) -> str:
        changed = staffing.change_role(session, member_id, role)
        return f"The role is {role_word(role)} now." if changed else f"The role was {role_word(role)} already."

    return _press(member_id, work)


@bp.post("/staff/<int:member_id>/switch-off")
@staff_only(May.STAFF)
def switch_staff_off(member_id: int) -> BaseResponse:
    def work(session: Session) -> str:
        done = staffing.switch_off(session, member_id)
        _not_oneself(member_id)
        return "Signed out everywhere, and cannot sign in any more." if done else "The account was off already."

    return _press(member_id, work)


@bp.post("/staff/<int:member_id>/switch-on")
@staff_only(May.STAFF)
def switch_staff_on(member_id: int) -> BaseResponse:
    return _press(
        member_id,
        lambda session: (
            "This person can sign in again."
            if staffing.switch_on(session, member_id)
            else "The account was on already."
        ),
    )


@bp.post("/staff/<int:member_id>/remove")
@staff_only(May.STAFF)
def remove_staff(member_id: int) -> BaseResponse:
    """Asks once; what the person changed stays in the audit log."""

    def work(session: Session) -> str:
        if request.form.get("sure") != "1":
            raise InvalidInput(fields={"sure": "Tick the box to say that this person is to be removed."})
        email = staffing.remove(session, member_id)
        _not_oneself(member_id)
        return f"{email} is removed from the staff."

    return _press(member_id, work, back=url_for("admin.staff") if request.form.get("sure") == "1" else None)


@bp.post("/staff/<int:member_id>/reset-two-step")
@staff_only(May.STAFF)
def reset_two_step(member_id: int) -> BaseResponse:
    """For a lost phone: the person signs in with the password, and is told by letter."""

    def work(session: Session) -> str:
        _not_oneself(member_id)
        if not staffing.reset_two_step(session, member_id):
            return "Two-step sign-in was off already."
        tell_of_change(session, staffing.get_member(session, member_id), "two_step_reset")
        return "Two-step sign-in is reset, and the person is signed out everywhere."

    return _press(member_id, work)


@bp.post("/staff/<int:member_id>/sign-out")
@staff_only(May.STAFF)
def sign_staff_out(member_id: int) -> BaseResponse:
    def work(session: Session) -> str:
        count = end_sessions(session, staffing.get_member(session, member_id))
        return f"Signed out of {count} {'browser' if count == 1 else 'browsers'}."

    return _press(member_id, work)


@bp.post("/staff/<int:member_id>/sessions/<int:session_id>/end")
@staff_only(May.STAFF)
def end_staff_session(member_id: int, session_id: int) -> BaseResponse:
    def work(session: Session) -> str:
        ended = end_session(session, staffing.get_member(session, member_id), min(session_id, 2**62))
        return "That browser is signed out." if ended else "That browser was signed out already."

    return _press(member_id, work)


@bp.post("/staff/two-step-for-all")
@staff_only(May.STAFF)
def require_two_step() -> BaseResponse:
    """Whoever has not set it up is led there at the next request, and nowhere else."""
    wanted = request.form.get("required") == "1"
    with transaction() as session:
        profile = session.execute(select(StoreProfile).limit(1).with_for_update()).scalar_one()
        if profile.staff_totp_required != wanted:
            profile.staff_totp_required = wanted
            touch_settings(session)
    flash("Everybody needs two-step sign-in now." if wanted else "Two-step sign-in is up to each person now.", "good")
    return redirect(url_for("admin.staff"), 303)


def _not_oneself(member_id: int) -> None:
    """Asked last, so that the only owner is told why nobody could."""
    if member_id == current_user.id:
        raise Conflict(YOURSELF)


def _press(member_id: int, work: Callable[[Session], str], *, back: str | None = None) -> BaseResponse:
    def run() -> str:
        with transaction() as session:
            return work(session)

    target: Any = back or url_for("admin.staff_member", member_id=member_id)
    if back is None and db.session.get(StaffMember, min(member_id, 2**62)) is None:
        target = url_for("admin.staff")
    db.session.rollback()
    return press(run, done="", back=target)
