"""What somebody has looked at, newest first: at most MOST, on their account or on a cart that is there anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.catalog.models import Product
from shop.core import clock
from shop.recommending.models import ViewedProduct

MOST = 12


@dataclass(frozen=True)
class Viewer:
    """Whose list it is: an account's, else a cart's."""

    shopper_id: int | None = None
    cart_id: int | None = None

    @property
    def key(self) -> str:
        return "shopper_id" if self.shopper_id is not None else "cart_id"


def list_viewed(session: Session, viewer: Viewer) -> list[int]:
    """Ids of products, what was seen last first."""
    mine = getattr(ViewedProduct, viewer.key) == getattr(viewer, viewer.key)
    newest = (ViewedProduct.seen_at.desc(), ViewedProduct.id.desc())
    return list(session.execute(select(ViewedProduct.product_id).where(mine).order_by(*newest).limit(MOST)).scalars())


def note_viewed(session: Session, viewer: Viewer, product_id: int, known: Sequence[int]) -> None:
    """Seen now; what is beyond the bound goes. `known`: the list as it was. The caller commits."""
    values = {viewer.key: getattr(viewer, viewer.key), "seen_at": clock.now()}
    given = (literal(value, getattr(ViewedProduct, name).type) for name, value in values.items())
    exists = select(*given, Product.id).where(Product.id == product_id, Product.status == "active")
    session.execute(
        insert(ViewedProduct)
        .from_select([*values, "product_id"], exists)
        .on_conflict_do_update(index_elements=[viewer.key, "product_id"], set_={"seen_at": values["seen_at"]})
    )
    if len(known) >= MOST and product_id not in known:
        mine = getattr(ViewedProduct, viewer.key) == getattr(viewer, viewer.key)
        kept = [product_id, *known[: MOST - 1]]
        session.execute(
            delete(ViewedProduct).where(mine, ViewedProduct.product_id.not_in(kept)),
            execution_options={"synchronize_session": False},
        )


def forget_viewed(session: Session, viewer: Viewer) -> None:
    """The list is emptied. The caller commits."""
    mine = getattr(ViewedProduct, viewer.key) == getattr(viewer, viewer.key)
    session.execute(delete(ViewedProduct).where(mine), execution_options={"synchronize_session": False})
