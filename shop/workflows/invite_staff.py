"""Somebody is asked to join the staff: the invitation and its letter, in one transaction."""

from __future__ import annotations

from flask import current_app, url_for
from sqlalchemy.orm import Session

from shop.accounts import inviting
from shop.accounts.staff_models import StaffInvitation
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.email.sealing import seal
from shop.tenancy.profile import current_profile


def invite_staff(email: str, role: str, *, invited_by: str) -> str:
    """Returns the address. Raises InvalidInput for one that is staff or invited already."""
    with transaction() as session:
        row, token = inviting.invite(session, email, role, invited_by)
        _write(session, row, token)
        return row.email


def invite_again(invitation_id: int) -> str:
    """A letter with a new link; the link before stops working. Raises NotFound."""
    with transaction() as session:
        row, token = inviting.renew(session, invitation_id)
        _write(session, row, token)
        return row.email


def _write(session: Session, row: StaffInvitation, token: str) -> None:
    public_url = current_app.config["IMPRINT"].public_url.rstrip("/")
    request_letter(
        session,
        letter="staff_invitation",
        subject_key=f"invitation:{row.id}#{row.round}",
        to_email=row.email,
        facts={
            "invited_by": row.invited_by,
            "role": row.role,
            "accept_url": seal(public_url + url_for("admin.invitation", token=token)),
        },
        locale=current_profile().locale,
    )
