"""Letters to staff about their own accounts: a way back in, and what was changed."""

from __future__ import annotations

from flask import current_app, has_request_context, request, url_for
from sqlalchemy.orm import Session

from shop.accounts.browsers import name_browser
from shop.accounts.models import StaffMember
from shop.accounts.resetting import request_reset
from shop.core import clock
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.email.sealing import seal
from shop.tenancy.profile import current_profile


def send_password_link(email: str) -> bool:
    """A link by letter, when the address belongs to somebody who may sign in. The asker is told the same either way."""
    with transaction() as session:
        found = request_reset(session, email)
        if found is None:
            return False
        row, member, token = found
        request_letter(
            session,
            letter="staff_password_reset",
            subject_key=f"staff-reset:{row.id}",
            to_email=member.email,
            facts={"reset_url": seal(_public(url_for("admin.new_password", token=token)))},
            locale=current_profile().locale,
        )
    return True


def tell_of_change(session: Session, member: StaffMember, change: str) -> None:
    """`change`: password | two_step_on | two_step_off | two_step_reset. The caller commits."""
    where = "–"
    if has_request_context():
        where = f"{request.remote_addr or '–'}, {name_browser(request.user_agent.string)}"
    request_letter(
        session,
        letter="staff_security",
        subject_key=f"staff:{member.id}:{change}:{new_token(9)}"[:80],
        to_email=member.email,
        facts={
            "change": change,
            "at": f"{clock.now():%Y-%m-%d %H:%M} UTC",
            "where": where,
            "account_url": _public("/admin/account"),
        },
        locale=current_profile().locale,
    )


def _public(path: str) -> str:
    return str(current_app.config["IMPRINT"].public_url).rstrip("/") + path
