"""What a shopper changes about the account: password, address. None of these commits."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from shop.accounts.passwords import check_new_password, hash_password, is_outdated, verify_password
from shop.accounts.shopper_models import Shopper, ShopperEmailChange, ShopperLink, ShopperMailbox, ShopperRegistration
from shop.accounts.shoppers.registering import add_mailbox, find_shopper
from shop.accounts.shoppers.sessions import end_sessions
from shop.core import clock
from shop.core.secrets import hash_token, new_token
from shop.errors import Conflict, NotFound
from shop.tenancy.profile import current_profile
from shop.words import mark

LINK_LASTS, CHANGE_LASTS = timedelta(hours=1), timedelta(hours=24)
NOT_ANY_MORE = mark("This link has been used, or it is too old. Ask for a new one.")
TAKEN = mark("This address cannot be used any more. Ask for another one on your account’s page.")
_QUIET = {"synchronize_session": False}


def check_sign_in(session: Session, email: str, password: str) -> Shopper | None:
    """The account, or None: unknown and wrong cost the same time. The caller commits."""
    shopper = find_shopper(session, email[:254])
    if not verify_password(shopper.password_hash if shopper else None, password) or shopper is None:
        return None
    if is_outdated(shopper.password_hash):
        shopper.password_hash = hash_password(password)
    return shopper


def set_password(session: Session, shopper: Shopper, password: str) -> None:
    """Set it, sign every session out, and let links that were on their way end. Raises InvalidInput."""
    check_new_password(password, shopper.email, "", current_profile().name)
    shopper.password_hash = hash_password(password)
    session.add(shopper)
    end_sessions(session, shopper.id)
    session.execute(delete(ShopperLink).where(ShopperLink.shopper_id == shopper.id), execution_options=_QUIET)
    stop_email_change(session, shopper)


def make_link(session: Session, shopper: Shopper, purpose: str) -> tuple[int, str]:
    """(row, token): works once, for an hour; those before stop working."""
    before = delete(ShopperLink).where(ShopperLink.shopper_id == shopper.id, ShopperLink.purpose == purpose)
    session.execute(before, execution_options=_QUIET)
    token = new_token()
    row = ShopperLink(
        shopper_id=shopper.id, purpose=purpose, token_hash=hash_token(token), expires_at=clock.now() + LINK_LASTS
    )
    session.add(row)
    session.flush()
    return row.id, token


def find_link(session: Session, token: str, purpose: str) -> Shopper | None:
    """Whose link this is; None when it is used or too old."""
    return session.execute(
        select(Shopper)
        .join(ShopperLink, ShopperLink.shopper_id == Shopper.id)
        .where(
            ShopperLink.token_hash == hash_token(token[:100]),
            ShopperLink.purpose == purpose,
            ShopperLink.expires_at > clock.now(),
        )
    ).scalar_one_or_none()


def use_link(session: Session, token: str, purpose: str) -> Shopper:
    """Use the link up. Raises NotFound; of two requests at once one gets it."""
    shopper = find_link(session, token, purpose)
    used = delete(ShopperLink).where(ShopperLink.token_hash == hash_token(token[:100]), ShopperLink.purpose == purpose)
    gone = session.execute(used.returning(ShopperLink.id), execution_options=_QUIET).first()
    if shopper is None or gone is None:
        raise NotFound(NOT_ANY_MORE)
    return shopper


# -- another address


def ask_for_email_change(session: Session, shopper: Shopper, new_email: str) -> tuple[ShopperEmailChange, str, str]:
    """(row, token for the present mailbox, token for the new one); a change asked for before is over."""
    stop_email_change(session, shopper)
    old, new = new_token(), new_token()
    row = ShopperEmailChange(
        shopper_id=shopper.id, new_email=new_email, old_hash=hash_token(old), new_hash=hash_token(new),
        expires_at=clock.now() + CHANGE_LASTS,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row, old, new


def stop_email_change(session: Session, shopper: Shopper) -> None:
    over = delete(ShopperEmailChange).where(ShopperEmailChange.shopper_id == shopper.id)
    session.execute(over, execution_options=_QUIET)


def open_email_change(session: Session, shopper: Shopper) -> ShopperEmailChange | None:
    return session.execute(
        select(ShopperEmailChange).where(
            ShopperEmailChange.shopper_id == shopper.id, ShopperEmailChange.expires_at > clock.now()
        )
    ).scalar_one_or_none()


def find_email_change(session: Session, token: str, *, lock: bool = False) -> tuple[ShopperEmailChange, Shopper] | None:
    digest = hash_token(token[:100])
    query = (
        select(ShopperEmailChange, Shopper)
        .join(Shopper, Shopper.id == ShopperEmailChange.shopper_id)
        .where(
            or_(ShopperEmailChange.old_hash == digest, ShopperEmailChange.new_hash == digest),
            ShopperEmailChange.expires_at > clock.now(),
        )
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.execute(query).first()
    return (found[0], found[1]) if found else None


def confirm_email_change(session: Session, token: str) -> tuple[Shopper, str, str, bool]:
    """(shopper, address before, new address, whether both mailboxes have confirmed, so that it is changed). A repeat
    from one mailbox changes nothing. Raises NotFound, Conflict when somebody else has the address now."""
    found = find_email_change(session, token, lock=True)
    if found is None:
        raise NotFound(NOT_ANY_MORE)
    row, shopper = found
    if row.old_hash == hash_token(token[:100]):
        row.old_at = row.old_at or clock.now()
    else:
        row.new_at = row.new_at or clock.now()
    before, after = shopper.email, row.new_email
    if row.old_at is None or row.new_at is None:
        return shopper, before, after, False
    if find_shopper(session, after) is not None:
        raise Conflict(TAKEN)
    shopper.email = after
    left = update(ShopperMailbox).where(ShopperMailbox.shopper_id == shopper.id, ShopperMailbox.left_at.is_(None))
    session.execute(left.values(left_at=clock.now()), execution_options=_QUIET)
    add_mailbox(session, shopper.id, after)
    others = delete(ShopperRegistration).where(ShopperRegistration.email == after)
    session.execute(others, execution_options=_QUIET)
    for link in (ShopperLink, ShopperEmailChange):
        session.execute(delete(link).where(link.shopper_id == shopper.id), execution_options=_QUIET)
    return shopper, before, after, True
