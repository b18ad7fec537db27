"""The second step of signing in: a code from the phone (RFC 6238), or one of ten backup codes.

A code counts once: the time step it was made for is remembered, and no step up to it is taken again.
"""

from __future__ import annotations

import secrets

import pyotp
import segno
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from shop.accounts.auditing import note_change
from shop.accounts.models import StaffMember
from shop.accounts.staff_models import StaffBackupCode
from shop.core import clock
from shop.core.secrets import hash_token, same
from shop.errors import Conflict, InvalidInput

STEP_SECONDS = 30
DRIFT = (0, -1, 1)  # a clock may be half a minute off
CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else; 12 signs hold 59 bits
WRONG_CODE = "This code is not right, or it was used already. Codes change every 30 seconds."


def begin(session: Session, member: StaffMember) -> None:
    """A new secret, not in force before `confirm`. Raises Conflict when two-step sign-in is on. The caller commits."""
    member = _locked(session, member)
    if member.totp_on_at is not None:
        raise Conflict("Two-step sign-in is on already.")
    member.totp_secret = new_secret()


def confirm(session: Session, member: StaffMember, typed: str) -> list[str]:
    """Turn it on with a first code from the phone; returns the backup codes, which nobody sees again.

    Raises InvalidInput (field "code"); Conflict when it is on already. The caller commits.
    """
    member = _locked(session, member)
    if member.totp_on_at is not None:
        raise Conflict("Two-step sign-in is on already.")
    step = matching_step(member.totp_secret or "", typed)
    if step is None:
        raise InvalidInput(fields={"code": WRONG_CODE})
    member.totp_on_at, member.totp_last_step = clock.now(), step
    return new_backup_codes(session, member)


def turn_off(session: Session, member: StaffMember) -> bool:
    """False when it was off: a repeat does nothing. The caller commits."""
    member = _locked(session, member)
    was_on = member.totp_on_at is not None
    member.totp_secret, member.totp_on_at = None, None
    session.execute(delete(StaffBackupCode).where(StaffBackupCode.staff_id == member.id))
    return was_on


def use_code(session: Session, member: StaffMember, typed: str) -> str | None:
    """Use up a code: "code", "backup code", or None when it is wrong or was used. The caller commits."""
    member = _locked(session, member)
    if member.totp_on_at is None or not member.totp_secret:
        return None
    step = matching_step(member.totp_secret, typed)
    if step is not None:
        if step <= member.totp_last_step:
            return None
        member.totp_last_step = step
        return "code"
    used = session.execute(
        update(StaffBackupCode)
        .where(
            StaffBackupCode.staff_id == member.id,
            StaffBackupCode.code_hash == hash_code(member.id, typed),
            StaffBackupCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(StaffBackupCode.id)
        .execution_options(synchronize_session=False)
    ).first()
    return "backup code" if used is not None else None


def matching_step(secret: str, typed: str) -> int | None:
    """The time step that `typed` ("123 456") is the code of, now or half a minute around; else None."""
    digits = "".join(typed.split())
    if not secret or len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    now = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    fitting = [now + by for by in DRIFT if same(totp.at((now + by) * STEP_SECONDS), digits)]
    return max(fitting, default=None)


def new_backup_codes(session: Session, member: StaffMember) -> list[str]:
    """Ten codes, like "k7qm-4t2x-9abd"; those from before are worth nothing now. The caller commits."""
    codes = draw_codes()
    session.execute(delete(StaffBackupCode).where(StaffBackupCode.staff_id == member.id))
    session.add_all(StaffBackupCode(staff_id=member.id, code_hash=hash_code(member.id, code)) for code in codes)
    note_change(session, "", f"staff {member.email}", {}, {"new backup codes": CODES})
    return codes


def draw_codes() -> list[str]:
    """Ten codes, as they are shown."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(12)) for _ in range(CODES)]
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def hash_code(owner_id: int, typed: str) -> str:
    """What is kept of a backup code, however it is spelt."""
    plain = "".join(sign for sign in typed.casefold()[:100] if sign.isalnum())
    return hash_token(f"{owner_id}:{plain}")


def count_backup_codes(session: Session, member: StaffMember) -> int:
    """How many are left."""
    left = select(func.count()).where(StaffBackupCode.staff_id == member.id, StaffBackupCode.used_at.is_(None))
    return int(session.execute(left).scalar_one())


def setup_address(member: StaffMember, shop_name: str) -> str:
    """What the phone reads: otpauth://totp/…"""
    return phone_address(member.totp_secret or "", member.email, shop_name)


def phone_address(secret: str, email: str, shop_name: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=shop_name[:60])


def new_secret() -> str:
    return pyotp.random_base32()


def draw_qr(text: str) -> str:
    """The text as an SVG, drawn here: black on white in either theme, sized by its viewBox, without any style."""
    return segno.make(text, error="m").svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None, title="QR code"
    )


def _locked(session: Session, member: StaffMember) -> StaffMember:
    """As it is now, and nobody else's until the commit: two browsers cannot use one code."""
    return session.execute(
        select(StaffMember)
        .where(StaffMember.id == member.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
