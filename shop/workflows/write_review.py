"""A buyer says what they think of what they bought: who may, what happens when they do, and how it goes again.

The right comes with the parcel: each product of an order that arrived, or that left long ago, may be reviewed once by
its buyer, whatever became of the money. Nobody else may, and staff change no word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Text, cast, delete, func, select
from sqlalchemy.orm import Session

from shop.accounts.auditing import note_change
from shop.catalog.models import Product
from shop.core import clock
from shop.core.storage import storage
from shop.core.transaction import run_in_transaction, transaction
from shop.core.words import N_
from shop.errors import NotAllowed, NotFound
from shop.fulfilment.models import FulfilmentLine, Shipment
from shop.orders.models import Order, OrderLine
from shop.orders.statuses import lock_order
from shop.reviews.models import Review
from shop.reviews.recounting import recount
from shop.reviews.rules import review_rules
from shop.reviews.writing import Written, keys_of, write
from shop.tenancy.profile import current_profile
from shop.webhook_delivery.announcing import announce

#: a carrier that tells nothing must not take the right away
ARRIVED_AFTER = timedelta(days=21)


@dataclass
class Bought:
    """A product of an order, and what its buyer wrote about it. `may_review`: it has arrived."""

    product_id: int
    slug: str
    is_on_sale: bool
    title: str
    variant_title: str
    image: dict[str, Any]
    may_review: bool
    review: Review | None = None


def list_bought(session: Session, order: Order) -> list[Bought]:
    """What an order brought, each product once; a constant number of statements."""
    lines = session.execute(
        select(OrderLine, Product.slug, Product.status)
        .join(Product, Product.id == OrderLine.product_id)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.id)
    ).all()
    arrived = _arrived(session, order)
    found: dict[int, Bought] = {}
    for line, slug, status in lines:
        product_id = int(line.product_id or 0)
        bought = found.setdefault(
            product_id,
            Bought(product_id, slug, status == "active", line.title, line.variant_title, line.image or {}, False),
        )
        bought.may_review = bought.may_review or line.id in arrived
    for review in _reviews(session, order, list(found)):
        found[review.product_id].review = review
    return list(found.values())


def _arrived(session: Session, order: Order) -> set[int]:
    """Ids of the order's lines that its buyer has in hands."""
    if order.status == "cancelled":
        return set()
    rows = session.execute(
        select(FulfilmentLine.order_line_id, FulfilmentLine.sku, Shipment.skus)
        .join(Shipment, Shipment.fulfilment_order_id == FulfilmentLine.fulfilment_order_id)
        .where(
            Shipment.order_id == order.id,
            Shipment.delivered_at.is_not(None) | (Shipment.shipped_at < clock.now() - ARRIVED_AFTER),
        )
    )
    found = {line_id for line_id, sku, skus in rows if not skus or sku in skus}
    if not found and order.fulfilment_status == "delivered":  # told without a parcel
        found = set(session.execute(select(OrderLine.id).where(OrderLine.order_id == order.id)).scalars())
    return found


def _reviews(session: Session, order: Order, product_ids: Sequence[int]) -> Sequence[Review]:
    """This buyer's: of this order, or of an earlier one with the same product. This order's come last."""
    mine = Review.order_id == order.id
    if order.customer_id is not None:
        others = select(Order.id).where(Order.customer_id == order.customer_id)
        mine = mine | Review.order_id.in_(others)
    wanted = select(Review).where(mine, Review.product_id.in_(product_ids))
    return session.execute(wanted.order_by(Review.order_id == order.id, Review.id)).scalars().all()


def save_review(order_id: int, product_id: int, said: Written) -> Review:
    """Write it or change it; the same twice is once. Raises NotAllowed where the right is missing, NotFound."""
    rules = review_rules(current_profile().reviews)

    def work(session: Session) -> tuple[Review, set[str]]:
        bought = _allowed(session, order_id, product_id)
        was_shown = bought.review is not None and bought.review.status == "shown"
        before = keys_of(bought.review.pictures) if bought.review else set()
        is_first = bought.review is None
        review, is_new = write(
            session,
            rules,
            bought.review,
            said,
            order_id=order_id,
            product_id=product_id,
            variant_title=bought.variant_title,
        )
        if is_new and (was_shown or review.status == "shown"):
            recount(session, [product_id])
        if is_first:
            announce_review(session, review, bought.slug)
        return review, before - keys_of(review.pictures)

    review, gone = run_in_transaction(work)
    remove_files(gone)
    return review


def delete_own(order_id: int, product_id: int) -> bool:
    """Its writer takes it back. False when there is none."""
    with transaction() as session:
        review = _allowed(session, order_id, product_id).review
    return delete_review(review.id) if review is not None else False


def delete_review(review_id: int) -> bool:
    """It goes for good, its pictures first: when that fails, it is still there to try again. False: gone already."""
    with transaction() as session:
        pictures = session.execute(select(Review.pictures).where(Review.id == review_id)).scalar()
    if pictures is None:
        return False
    remove_files(keys_of(pictures), but_of=[review_id])

    def work(session: Session) -> bool:
        gone = delete(Review).where(Review.id == review_id).returning(Review.product_id)
        product_id = session.execute(gone, execution_options={"synchronize_session": False}).scalar()
        if product_id is None:
            return False
        recount(session, [product_id])
        note_change(session, f"delete review {review_id}", f"product {product_id}", {}, {})
        return True

    return run_in_transaction(work)


def remove_files(keys: Iterable[str], but_of: Sequence[int] = ()) -> None:
    """Let pictures go that no other review shows. No transaction may be open."""
    for key in sorted(keys):
        with transaction() as session:
            used = select(Review.id).where(
                Review.has_pictures, Review.id.not_in(but_of), func.strpos(cast(Review.pictures, Text), key) > 0
            )
            is_used = session.execute(used.limit(1)).first() is not None
        if not is_used:
            storage().remove(key)


def announce_review(session: Session, review: Review, slug: str) -> None:
    """review.created, once for each review: its stars and where it is, not its words."""
    told = {
        "id": review.id,
        "rating": review.rating,
        "status": review.status,
        "has_pictures": review.has_pictures,
        "product": {"id": review.product_id, "slug": slug},
    }
    announce(session, "review.created", {"review": told}, f"review:{review.id}")


def _allowed(session: Session, order_id: int, product_id: int) -> Bought:
    """The product of this order, with the order's row held: two forms sent at once come one after the other."""
    if session.get(Order, order_id) is None:
        raise NotFound
    order = lock_order(session, order_id)
    found = next((b for b in list_bought(session, order) if b.product_id == product_id), None)
    if found is None:
        raise NotFound(N_("This order did not bring that product."))
    if not found.may_review and found.review is None:
        raise NotAllowed(N_("You can review this once it has arrived."))
    return found
