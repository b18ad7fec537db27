"""Addresses a shopper keeps. The first one is the default; when the default goes, the newest takes its place."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shop.accounts.shopper_models import Shopper, ShopperAddress
from shop.errors import Conflict, NotFound
from shop.words import mark

MOST = 20
FIELDS = ("name", "line1", "line2", "city", "state", "postal_code", "country")
GONE = mark("This address is not in your account any more.")


def list_addresses(session: Session, shopper_id: int) -> list[ShopperAddress]:
    """The default first; at most 20."""
    mine = select(ShopperAddress).where(ShopperAddress.shopper_id == shopper_id)
    return list(
        session.execute(mine.order_by(ShopperAddress.is_default.desc(), ShopperAddress.id.desc()).limit(MOST)).scalars()
    )


def get_address(session: Session, shopper_id: int, address_id: int) -> ShopperAddress:
    """Raises NotFound, also for somebody else's."""
    mine = select(ShopperAddress).where(ShopperAddress.id == address_id, ShopperAddress.shopper_id == shopper_id)
    found = session.execute(mine).scalar_one_or_none()
    if found is None:
        raise NotFound(GONE)
    return found


def save_address(
    session: Session, shopper_id: int, values: Mapping[str, str], *, address_id: int | None, default: bool
) -> None:
    """A new one, or the one with this id. Raises NotFound, Conflict when there are too many. The caller commits."""
    _hold(session, shopper_id)
    if address_id is not None:
        row = get_address(session, shopper_id, address_id)
    else:
        count = select(func.count()).select_from(ShopperAddress).where(ShopperAddress.shopper_id == shopper_id)
        held = session.execute(count).scalar_one()
        if held >= MOST:
            raise Conflict(mark("There can be %(n)s addresses. Remove one first.", n=MOST))
        row = ShopperAddress(shopper_id=shopper_id)
        default = default or not held
        session.add(row)
    for name in FIELDS:
        setattr(row, name, values.get(name, ""))
    session.flush()
    if default:
        _make_default(session, shopper_id, row.id)


def remove_address(session: Session, shopper_id: int, address_id: int) -> None:
    """Raises NotFound. The caller commits."""
    _hold(session, shopper_id)
    row = get_address(session, shopper_id, address_id)
    was_default = row.is_default
    session.delete(row)
    session.flush()
    left = list_addresses(session, shopper_id)
    if was_default and left:
        _make_default(session, shopper_id, left[0].id)


def make_default(session: Session, shopper_id: int, address_id: int) -> None:
    """Raises NotFound. The caller commits."""
    _hold(session, shopper_id)
    _make_default(session, shopper_id, get_address(session, shopper_id, address_id).id)


def _make_default(session: Session, shopper_id: int, address_id: int) -> None:
    session.execute(
        update(ShopperAddress)
        .where(ShopperAddress.shopper_id == shopper_id)
        .values(is_default=ShopperAddress.id == address_id)
        .execution_options(synchronize_session=False)
    )


def _hold(session: Session, shopper_id: int) -> None:
    """Two browsers of one shopper take turns."""
    session.execute(select(Shopper.id).where(Shopper.id == shopper_id).with_for_update())
