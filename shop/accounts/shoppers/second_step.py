"""A shopper's second step: the same codes as the staff's (accounts/two_step.py), on rows of their own.

None of these commits. Each holds the account's row, so two browsers cannot use one code.
"""

from __future__ import annotations

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from shop.accounts import two_step
from shop.accounts.shopper_models import Shopper, ShopperBackupCode
from shop.core import clock
from shop.errors import Conflict, InvalidInput
from shop.words import mark

WRONG_CODE = mark("This code is not right, or it was used already. Codes change every 30 seconds.")
ON_ALREADY = mark("Two-step sign-in is on already.")
_QUIET = {"synchronize_session": False}


def begin(session: Session, shopper_id: int) -> None:
    """A new secret, not in force before `confirm`. Raises Conflict when it is on."""
    shopper = hold(session, shopper_id)
    if shopper.totp_on_at is not None:
        raise Conflict(ON_ALREADY)
    shopper.totp_secret = two_step.new_secret()


def confirm(session: Session, shopper_id: int, typed: str) -> list[str]:
    """On, with a first code from the phone; returns the backup codes, which nobody sees again. Raises InvalidInput
    (field "code"), Conflict when it is on already."""
    shopper = hold(session, shopper_id)
    if shopper.totp_on_at is not None:
        raise Conflict(ON_ALREADY)
    step = two_step.matching_step(shopper.totp_secret or "", typed)
    if step is None:
        raise InvalidInput(fields={"code": WRONG_CODE})
    shopper.totp_on_at, shopper.totp_last_step = clock.now(), step
    return new_backup_codes(session, shopper_id)


def turn_off(session: Session, shopper_id: int) -> bool:
    """False when it was off: a repeat does nothing. The last step is kept: a code seen before stays worthless."""
    shopper = hold(session, shopper_id)
    was_on = shopper.totp_on_at is not None
    shopper.totp_secret, shopper.totp_on_at = None, None
    _drop_codes(session, shopper_id)
    return was_on


def use_code(session: Session, shopper_id: int, typed: str) -> str | None:
    """Use up a code: "code", "backup code", or None when it is wrong or was used."""
    shopper = hold(session, shopper_id)
    if shopper.totp_on_at is None or not shopper.totp_secret:
        return None
    step = two_step.matching_step(shopper.totp_secret, typed)
    if step is not None:
        if step <= shopper.totp_last_step:
            return None
        shopper.totp_last_step = step
        return "code"
    mine = ShopperBackupCode
    used = (
        update(mine)
        .where(
            mine.shopper_id == shopper_id,
            mine.code_hash == two_step.hash_code(shopper_id, typed),
            mine.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
    found = session.execute(used.returning(mine.id), execution_options=_QUIET).first()
    return "backup code" if found is not None else None


def new_backup_codes(session: Session, shopper_id: int) -> list[str]:
    """Ten; those from before are worth nothing."""
    codes = two_step.draw_codes()
    _drop_codes(session, shopper_id)
    session.add_all(
        ShopperBackupCode(shopper_id=shopper_id, code_hash=two_step.hash_code(shopper_id, code)) for code in codes
    )
    return codes


def count_backup_codes(session: Session, shopper_id: int) -> int:
    left = select(func.count()).where(ShopperBackupCode.shopper_id == shopper_id, ShopperBackupCode.used_at.is_(None))
    return int(session.execute(left).scalar_one())


def hold(session: Session, shopper_id: int) -> Shopper:
    """As it is now, and nobody else's until the commit. The secret is decrypted only where it is used: a lost key must
    not keep staff from resetting it."""
    query = select(Shopper).where(Shopper.id == shopper_id).with_for_update()
    shopper = session.execute(query.execution_options(populate_existing=True)).scalar_one()
    session.expire(shopper, ["totp_secret"])
    return shopper


def _drop_codes(session: Session, shopper_id: int) -> None:
    mine = delete(ShopperBackupCode).where(ShopperBackupCode.shopper_id == shopper_id)
    session.execute(mine, execution_options=_QUIET)
