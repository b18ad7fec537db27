"""What ends: accounts of people who are erased, and rows whose time is over. The caller commits."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete
from sqlalchemy.orm import Session

from shop.accounts.shopper_models import (
    Shopper,
    ShopperChallenge,
    ShopperEmailChange,
    ShopperLink,
    ShopperRegistration,
    ShopperSession,
)
from shop.accounts.shoppers.sessions import IDLE
from shop.core import clock

_QUIET = {"synchronize_session": False}


def close_accounts(session: Session, customer_ids: Collection[int], emails: Collection[str]) -> None:
    """Every account of these customers, with all that hangs on it, and every form filled in with an address."""
    session.execute(delete(Shopper).where(Shopper.customer_id.in_(customer_ids)), execution_options=_QUIET)
    session.execute(delete(ShopperRegistration).where(ShopperRegistration.email.in_(emails)), execution_options=_QUIET)


def let_old_rows_go(session: Session) -> None:
    """Sessions nobody came back to, and links that are over."""
    now = clock.now()
    for table in (ShopperRegistration, ShopperLink, ShopperEmailChange, ShopperChallenge):
        session.execute(delete(table).where(table.expires_at < now), execution_options=_QUIET)
    session.execute(delete(ShopperSession).where(ShopperSession.last_seen_at < now - IDLE), execution_options=_QUIET)
