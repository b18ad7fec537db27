"""Somebody has proved who they are: a session of its own, a cookie that holds nothing from before, an entry."""

from __future__ import annotations

from flask import current_app, redirect, request
from flask import session as cookie
from flask_login import login_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.accounts.auditing import act_for_this_request, note_change
from shop.accounts.devices import REMEMBERED_SECONDS, device_token, known_device
from shop.accounts.models import StaffMember
from shop.accounts.sessions import start_session
from shop.core import clock, log
from shop.core.transaction import transaction

logger = log.get_logger("admin")


def let_in(member: StaffMember, how: str, target: str) -> Response:
    """A new session, and off to `target`. `how`: "password", "password and code", "invitation" …"""
    act_for_this_request(member.email, staff_id=member.id)
    with transaction() as session:
        cookie_id = begin_session(session, member, how)
    return arrive(member, cookie_id, target)


def begin_session(session: Session, member: StaffMember, how: str) -> str:
    """The session's row and its entry; returns what `arrive` puts into the cookie. The caller commits."""
    note_change(session, "sign in", f"staff {member.email}", {}, {"signed in with": how})
    member.last_seen_at = clock.now()
    session.add(member)
    return start_session(session, member, request.remote_addr or "", request.user_agent.string)


def arrive(member: StaffMember, cookie_id: str, target: str) -> Response:
    """The cookie, once the session's row is committed."""
    cookie.clear()  # nothing of the session before carries over
    cookie.permanent = True
    login_user(member)
    cookie["_user_id"] = cookie_id
    logger.info("signed in", staff_id=member.id)
    response = redirect(target, 303)
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(
        device_cookie(),
        device_token(member.email),
        max_age=REMEMBERED_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=secure,
    )
    return response


def device_cookie() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def device_of(email: str) -> str | None:
    """This browser's id, when it has signed in to this account before."""
    return known_device(request.cookies.get(device_cookie()), email)
