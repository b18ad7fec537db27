"""What discounts may hold for a cart: its codes, the automatic ones, and what is known of the buyer."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.cart.models import Cart
from shop.cart.pricing import PricedLine
from shop.checkout.models import Checkout
from shop.core import clock
from shop.orders.models import Order
from shop.promotions.evaluating import Facts, Offer
from shop.promotions.models import Discount, Redemption
from shop.promotions.reading import Promotions, read_codes, read_collections, read_offers


def promotions_for(session: Session, cart: Cart, lines: list[PricedLine]) -> Promotions:
    """One statement for a cart without codes in a shop without automatic discounts; at most six."""
    held = _held(session, cart) if cart.codes else []
    codes = read_codes(session, cart.codes, held)
    offers = read_offers(session, codes, held)
    collections = read_collections(session, offers, [line.product_id for line in lines])
    return Promotions(offers, codes, _facts(session, cart, offers), collections)


def _held(session: Session, cart: Cart) -> list[Redemption]:
    """What this cart's own payment pages have reserved already."""
    mine = select(Checkout.id).where(Checkout.cart_id == cart.id, Checkout.cart_generation == cart.generation)
    rows = session.execute(select(Redemption).where(Redemption.checkout_id.in_(mine), Redemption.state == "reserved"))
    return list(rows.scalars())


def _facts(session: Session, cart: Cart, offers: tuple[Offer, ...]) -> Facts:
    asks = any(offer.first_order_only or offer.per_customer is not None for offer in offers)
    customer_id = _customer_of(session, cart) if asks else None
    if customer_id is None:
        return Facts(now=clock.now())
    return Facts(
        now=clock.now(),
        orders_before=count_orders(session, customer_id),
        used=count_uses(session, customer_id),
    )


def _customer_of(session: Session, cart: Cart) -> int | None:
    if cart.customer_id is not None or not cart.email:
        return cart.customer_id
    return session.execute(select(Customer.id).where(Customer.email == cart.email.lower())).scalars().first()


def count_orders(session: Session, customer_id: int, but: int | None = None) -> int:
    """Orders that stand, without the order `but`."""
    found = select(func.count(Order.id)).where(
        Order.customer_id == customer_id, Order.status != "cancelled", Order.id != (but or 0)
    )
    return int(session.execute(found).scalar_one())


def count_uses(session: Session, customer_id: int, but: int | None = None) -> dict[int, int]:
    """{discount: how often this customer has paid with it}, without the order `but`."""
    rows = session.execute(
        select(Redemption.discount_id, func.count())
        .join(Order, Order.id == Redemption.order_id)
        .where(
            Order.customer_id == customer_id,
            Order.status != "cancelled",
            Redemption.state == "redeemed",
            Order.id != (but or 0),
        )
        .group_by(Redemption.discount_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def why_not_theirs(session: Session, order: Order, discount_ids: list[int]) -> str:
    """Who the buyer is, is known for certain only once they have paid: a sentence for staff when a discount was not
    meant for them, else ""."""
    if order.customer_id is None or not discount_ids:
        return ""
    used = count_uses(session, order.customer_id, but=order.id)
    for row in session.execute(select(Discount).where(Discount.id.in_(discount_ids)).order_by(Discount.id)).scalars():
        if row.first_order_only and count_orders(session, order.customer_id, but=order.id):
            return f"“{row.title}” is for first orders, and this customer has ordered before. Release it, or refund it."
        if row.per_customer is not None and used.get(row.id, 0) >= row.per_customer:
            return f"This customer has used “{row.title}” as often as it allows. Release the order, or refund it."
    return ""
