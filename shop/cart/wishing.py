"""What a shopper wishes for, and the link others may read it by. None of these commits."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.shopper_models import Shopper
from shop.cart.kept_models import Wish
from shop.catalog.models import Product, Variant
from shop.core import clock
from shop.core.secrets import new_token
from shop.errors import Conflict, NotFound
from shop.words import mark

MOST, LONGEST_NOTE = 200, 300
FULL = mark("Your wishlist is full: it holds 200 things. Remove one first.")
NOT_THERE = mark("This is not on your wishlist any more.")
NOT_SOLD = mark("This product is not in the shop any more.")
NOT_SHARED = mark("This wishlist is not shared any more.")
_QUIET = {"synchronize_session": False}


def find_wanted(session: Session, variant: str, slug: str, picked: Mapping[str, str]) -> tuple[int, bool]:
    """(variant, whether it was chosen): the one with this number, or the one these options lead to; otherwise the one
    that stands for its product. Sold out may be wished for. Raises NotFound."""
    numbers = [value for value in picked.values() if value.isascii() and value.isdigit() and len(value) <= 9][:10]
    wanted = select(Variant.id, Product.options).join(Product, Product.id == Variant.product_id)
    wanted = wanted.where(Product.status == "active")
    if variant.isascii() and variant.isdigit() and len(variant) <= 18:
        row = session.execute(wanted.where(Variant.id == int(variant))).first()
        if row is not None:
            return int(row[0]), True
    mine = wanted.where(Product.slug == slug[:160].replace("\x00", "")).order_by(
        Variant.is_available.desc(), Variant.is_default.desc(), Variant.position
    )
    fitting = session.execute(mine.where(Variant.option_value_ids.contains([int(n) for n in numbers])).limit(2)).all()
    found = fitting or session.execute(mine.limit(1)).all()
    if not found:
        raise NotFound(NOT_SOLD)
    is_chosen = bool(fitting) and (len(fitting) == 1 or len(numbers) == len(found[0][1] or []))
    return int(found[0][0]), is_chosen


def add_wish(session: Session, shopper_id: int, variant_id: int, is_chosen: bool) -> None:
    """A repeat changes nothing. Raises Conflict when there are too many."""
    session.execute(select(Shopper.id).where(Shopper.id == shopper_id).with_for_update())
    if not session.execute(select(Variant.id).where(Variant.id == variant_id)).first():
        return
    others = select(func.count()).where(Wish.shopper_id == shopper_id, Wish.variant_id != variant_id)
    if session.execute(others).scalar_one() >= MOST:
        raise Conflict(FULL)
    wish = insert(Wish).values(
        shopper_id=shopper_id, variant_id=variant_id, is_chosen=is_chosen, note="", added_at=clock.now()
    )
    chosen = {"is_chosen": Wish.is_chosen | wish.excluded.is_chosen}
    session.execute(wish.on_conflict_do_update(index_elements=["shopper_id", "variant_id"], set_=chosen))


def list_wishes(session: Session, shopper_id: int) -> list[Wish]:
    """Newest first; at most 200."""
    mine = select(Wish).where(Wish.shopper_id == shopper_id).order_by(Wish.added_at.desc(), Wish.id.desc())
    return list(session.execute(mine.limit(MOST)).scalars())


def get_wish(session: Session, shopper_id: int, wish_id: int) -> Wish:
    """Raises NotFound, also for somebody else's."""
    found = session.execute(select(Wish).where(Wish.id == wish_id, Wish.shopper_id == shopper_id)).scalar_one_or_none()
    if found is None:
        raise NotFound(NOT_THERE)
    return found


def remove_wish(session: Session, shopper_id: int, wish_id: int) -> None:
    """A repeat does nothing."""
    gone = delete(Wish).where(Wish.id == wish_id, Wish.shopper_id == shopper_id)
    session.execute(gone, execution_options=_QUIET)


def share(session: Session, shopper_id: int, on: bool) -> None:
    """A new link, or none: the one before opens nothing any more."""
    mine = update(Shopper).where(Shopper.id == shopper_id).values(wishlist_token=new_token() if on else None)
    session.execute(mine.execution_options(synchronize_session="fetch"))


def find_shared(session: Session, token: str) -> int:
    """Whose list this link shows. Raises NotFound."""
    is_token = 20 <= len(token) <= 64 and token.isascii() and token.isprintable()
    found = session.execute(select(Shopper.id).where(Shopper.wishlist_token == token)).scalar() if is_token else None
    if found is None:
        raise NotFound(NOT_SHARED)
    return int(found)
