"""A person is erased: what their reviews say of them goes, what they say of a product stays, without a name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from shop.cart.models import Cart
from shop.core.transaction import transaction
from shop.recommending.models import ViewedProduct
from shop.reviews.models import Review
from shop.reviews.recounting import recount
from shop.reviews.writing import keys_of
from shop.workflows.write_review import remove_files


def remove_pictures(order_ids: Sequence[int]) -> None:
    """The files first: a worker that dies between finds them again. No transaction may be open. A repeat is fine."""
    with transaction() as session:
        theirs = select(Review.id, Review.pictures).where(Review.order_id.in_(order_ids), Review.has_pictures)
        rows = session.execute(theirs).all()
    remove_files({key for row in rows for key in keys_of(row.pictures)}, but_of=[row.id for row in rows])


def forget_reviewer(session: Session, order_ids: Sequence[int], customer_ids: Sequence[int]) -> None:
    """Names and pictures, and what their carts had looked at. The caller commits."""
    quiet = {"synchronize_session": False}
    changed = session.execute(
        update(Review)
        .where(Review.order_id.in_(order_ids), (Review.name != "") | (func.jsonb_array_length(Review.pictures) > 0))
        .values(name="", pictures=[], has_pictures=False)
        .returning(Review.product_id),
        execution_options=quiet,
    ).scalars()
    recount(session, changed.all())
    carts = select(Cart.id).where(Cart.customer_id.in_(customer_ids))
    session.execute(delete(ViewedProduct).where(ViewedProduct.cart_id.in_(carts)), execution_options=quiet)
