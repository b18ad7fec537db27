"""Becoming a shopper: the form is a row, the letter's link and the password typed there make it an account.

The link alone is not enough: whoever registers somebody else's address knows the password but never sees the link, and
the mailbox's owner, who sees the link, does not know the password. So neither gets an account that both could open.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.customers import remember_customer
from shop.accounts.passwords import verify_password
from shop.accounts.shopper_models import Shopper, ShopperMailbox, ShopperRegistration
from shop.core import clock
from shop.core.secrets import hash_token, new_token
from shop.errors import InvalidInput, NotFound
from shop.words import mark

LASTS = timedelta(hours=24)
_QUIET = {"synchronize_session": False}
NOT_ANY_MORE = mark("This link has been used, or it is older than a day. Register again and we send a new one.")
DOES_NOT_FIT = mark("This is not the password you chose when you registered.")


def find_shopper(session: Session, email: str) -> Shopper | None:
    return session.execute(select(Shopper).where(Shopper.email == email.strip().lower())).scalar_one_or_none()


def note_registration(session: Session, email: str, password_hash: str, name: str, locale: str) -> tuple[int, str]:
    """(row, token). Made for known and unknown addresses alike; only the letter tells them apart."""
    token = new_token()
    row = ShopperRegistration(
        email=email, name=name[:200], password_hash=password_hash, locale=locale,
        token_hash=hash_token(token), expires_at=clock.now() + LASTS,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id, token


def renew_registration(session: Session, registration_id: int) -> tuple[ShopperRegistration, str] | None:
    """A new link in place of the one before; None when it is over."""
    row = session.execute(
        select(ShopperRegistration)
        .where(ShopperRegistration.id == registration_id, ShopperRegistration.expires_at > clock.now())
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return None
    token = new_token()
    row.token_hash, row.expires_at = hash_token(token), clock.now() + LASTS
    session.flush()
    return row, token


def find_registration(session: Session, token: str) -> ShopperRegistration | None:
    """What a link leads to; None when it is used or too old."""
    return session.execute(
        select(ShopperRegistration).where(
            ShopperRegistration.token_hash == hash_token(token[:100]), ShopperRegistration.expires_at > clock.now()
        )
    ).scalar_one_or_none()


def confirm_registration(session: Session, token: str, password: str) -> Shopper:
    """The account. Raises NotFound, InvalidInput (field "password"; then the link still works). The caller commits."""
    row = find_registration(session, token)
    if row is None:
        raise NotFound(NOT_ANY_MORE)
    if not verify_password(row.password_hash, password):
        raise InvalidInput(fields={"password": DOES_NOT_FIT})
    used = delete(ShopperRegistration).where(ShopperRegistration.email == row.email)
    ended = session.execute(used.returning(ShopperRegistration.id), execution_options=_QUIET).scalars().all()
    if row.id not in ended:  # another request was faster
        raise NotFound(NOT_ANY_MORE)
    customer_id = remember_customer(session, row.email, row.name, row.locale)
    new = session.execute(
        insert(Shopper)
        .values(
            email=row.email, customer_id=customer_id, password_hash=row.password_hash, locale=row.locale,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(Shopper.id)
    ).scalar_one_or_none()  # fmt: skip
    if new is None:
        raise NotFound(NOT_ANY_MORE)
    add_mailbox(session, new, row.email)
    return session.get_one(Shopper, new)


def add_mailbox(session: Session, shopper_id: int, email: str) -> None:
    """This mailbox is proven to be theirs. Orders of somebody who had it before stay that person's."""
    left = select(func.max(ShopperMailbox.left_at)).where(
        ShopperMailbox.email == email, ShopperMailbox.shopper_id != shopper_id
    )
    session.add(ShopperMailbox(shopper_id=shopper_id, email=email, since=session.execute(left).scalar()))
    session.flush()
