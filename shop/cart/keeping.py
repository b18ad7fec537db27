"""Carts put aside under a name: saved, taken up again, removed. None of these commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from shop.accounts.shopper_models import Shopper
from shop.cart.changing import MAX_LINES, MAX_QUANTITY, accept_new_prices, empty_cart
from shop.cart.kept_models import SavedCart, SavedCartLine
from shop.cart.models import Cart, CartLine
from shop.cart.pricing import price_lines
from shop.catalog.models import Product, Variant
from shop.core import clock
from shop.errors import Conflict, InvalidInput, NotFound
from shop.tenancy.currencies import pricing_for
from shop.tenancy.profile import current_profile
from shop.words import mark

MOST, LONGEST_NAME = 20, 60
GONE = mark("This cart is not in your account any more.")
TOO_MANY = mark("There can be 20 saved carts. Remove one first.")
EMPTY = mark("There is nothing in your cart to save.")


@dataclass(frozen=True)
class ShownLine:
    title: str
    quantity: int
    is_sold: bool


@dataclass(frozen=True)
class ShownCart:
    id: int
    name: str
    saved_at: datetime
    lines: list[ShownLine]


_SOLD = Variant.is_available & (Product.status == "active")
#: the higher of both quantities: taking up twice doubles nothing
_TAKE_UP = text(
    """
    INSERT INTO cart_lines (cart_id, variant_id, quantity, seen_price_minor, added_at)
    SELECT :cart, v.id, least(l.quantity, :most), v.price_minor, :now
    FROM saved_cart_lines l JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id
    WHERE l.saved_cart_id = :saved AND v.is_available AND p.status = 'active'
    ORDER BY l.id
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = greatest(cart_lines.quantity, excluded.quantity)
    """
)


def save_cart(session: Session, shopper_id: int, cart_id: int, name: str) -> None:
    """What is in the cart goes under this name, and the cart is empty. Raises InvalidInput, Conflict."""
    session.execute(select(Shopper.id).where(Shopper.id == shopper_id).with_for_update())
    session.execute(select(Cart.id).where(Cart.id == cart_id).with_for_update())
    if session.execute(select(func.count()).where(SavedCart.shopper_id == shopper_id)).scalar_one() >= MOST:
        raise Conflict(TOO_MANY)
    lines = session.execute(
        select(CartLine.variant_id, CartLine.quantity, Product.title, Variant.title)
        .join(Variant, Variant.id == CartLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(CartLine.cart_id == cart_id)
        .order_by(CartLine.added_at, CartLine.id)
    ).all()
    if not lines:
        raise InvalidInput(fields={"name": EMPTY})
    saved = SavedCart(shopper_id=shopper_id, name=name[:LONGEST_NAME], saved_at=clock.now())
    session.add(saved)
    session.flush()
    session.add_all(
        SavedCartLine(
            saved_cart_id=saved.id, variant_id=row[0], quantity=row[1], title=" · ".join(filter(None, row[2:4]))[:400]
        )
        for row in lines
    )
    empty_cart(session, cart_id)


def list_saved(session: Session, shopper_id: int) -> list[ShownCart]:
    """Newest first; two statements."""
    mine = select(SavedCart).where(SavedCart.shopper_id == shopper_id).order_by(SavedCart.id.desc()).limit(MOST)
    carts = session.execute(mine).scalars().all()
    lines: dict[int, list[ShownLine]] = {}
    for cart_id, title, quantity, is_sold in session.execute(
        select(SavedCartLine.saved_cart_id, SavedCartLine.title, SavedCartLine.quantity, _SOLD)
        .outerjoin(Variant, Variant.id == SavedCartLine.variant_id)
        .outerjoin(Product, Product.id == Variant.product_id)
        .where(SavedCartLine.saved_cart_id.in_([cart.id for cart in carts]))
        .order_by(SavedCartLine.id)
    ):
        lines.setdefault(cart_id, []).append(ShownLine(title, quantity, bool(is_sold)))
    return [ShownCart(cart.id, cart.name, cart.saved_at, lines.get(cart.id, [])) for cart in carts]


def take_up(session: Session, shopper_id: int, saved_id: int, cart_id: int) -> list[str]:
    """Its things are in the cart again; the saved one stays. Returns what is not sold any more. Raises NotFound, and
    Conflict when the cart would hold too many different things (then nothing is added)."""
    session.execute(select(Cart.id).where(Cart.id == cart_id).with_for_update())
    _get(session, shopper_id, saved_id)
    now = clock.now()
    session.execute(_TAKE_UP, {"cart": cart_id, "saved": saved_id, "most": MAX_QUANTITY, "now": now})
    held = session.execute(select(func.count()).select_from(CartLine).where(CartLine.cart_id == cart_id)).scalar_one()
    if held > MAX_LINES:
        said = mark("Your cart is full: it holds %(n)s different things. Please order these first.", n=MAX_LINES)
        raise Conflict(said)
    cart = session.get_one(Cart, cart_id)
    cart.updated_at = now
    if cart.currency:
        accept_new_prices(session, price_lines(session, cart_id, pricing_for(current_profile(), cart.currency)))
    return list(
        session.execute(
            select(SavedCartLine.title)
            .outerjoin(Variant, Variant.id == SavedCartLine.variant_id)
            .outerjoin(Product, Product.id == Variant.product_id)
            .where(SavedCartLine.saved_cart_id == saved_id, func.coalesce(_SOLD, False).is_(False))
            .order_by(SavedCartLine.id)
        ).scalars()
    )


def remove_saved(session: Session, shopper_id: int, saved_id: int) -> str:
    """Its name. Raises NotFound."""
    saved = _get(session, shopper_id, saved_id)
    session.delete(saved)
    return saved.name


def _get(session: Session, shopper_id: int, saved_id: int) -> SavedCart:
    mine = select(SavedCart).where(SavedCart.id == saved_id, SavedCart.shopper_id == shopper_id)
    found = session.execute(mine).scalar_one_or_none()
    if found is None:
        raise NotFound(GONE)
    return found
