"""Change a cart. Every quantity is bounded; every variant must be for sale."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.cart.models import Cart, CartLine
from shop.catalog.models import Product, Variant
from shop.core import clock
from shop.errors import InvalidInput, NotFound

MAX_QUANTITY = 20
MAX_LINES = 50


def read_quantity(raw: object, *, least: int = 1) -> int:
    """A quantity from outside. Raises InvalidInput for 0, -1, 10^9, text …"""
    text = str(raw).strip() if raw is not None else ""
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not least <= int(text) <= MAX_QUANTITY:
        raise InvalidInput(fields={"quantity": f"Please choose a quantity between {least} and {MAX_QUANTITY}."})
    return int(text)


def find_cart(session: Session, token: str | None) -> Cart | None:
    """The cart of this cookie, or None."""
    if not token or len(token) > 64 or not token.isascii():
        return None
    return session.execute(select(Cart).where(Cart.token == token)).scalar_one_or_none()


def add_line(session: Session, cart_id: int, variant_id: int, quantity: int) -> int:
    """Add to what is there already, at most MAX_QUANTITY of one thing. Returns the line's new quantity.

    One upsert: two clicks at once add up. Raises NotFound for a variant that is not sold (any more).
    """
    price = session.execute(
        select(Variant.price_minor)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id == variant_id, Variant.is_available, Product.status == "active")
    ).scalar()
    if price is None:
        raise NotFound("This item is not available any more. Please choose another one.")
    line = insert(CartLine).values(
        cart_id=cart_id, variant_id=variant_id, quantity=quantity, seen_price_minor=price, added_at=clock.now()
    )
    total = session.execute(
        line.on_conflict_do_update(
            index_elements=["cart_id", "variant_id"],
            set_={
                "quantity": func.least(CartLine.quantity + quantity, MAX_QUANTITY),
                "seen_price_minor": line.excluded.seen_price_minor,
            },
        ).returning(CartLine.quantity)
    ).scalar_one()
    _touch(session, cart_id)
    return int(total)


def set_quantity(session: Session, cart_id: int, line_id: int, quantity: int) -> None:
    """Set one line; 0 removes it. Raises NotFound for a line of another cart."""
    if quantity == 0:
        remove_line(session, cart_id, line_id)
        return
    found = session.execute(
        update(CartLine)
        .where(CartLine.id == line_id, CartLine.cart_id == cart_id)
        .values(quantity=quantity)
        .returning(CartLine.id)
        .execution_options(synchronize_session=False)
    ).first()
    if found is None:
        raise NotFound("This line is not in your cart any more.")
    _touch(session, cart_id)


def remove_line(session: Session, cart_id: int, line_id: int) -> None:
    """Take one line out; a repeat does nothing."""
    session.execute(delete(CartLine).where(CartLine.id == line_id, CartLine.cart_id == cart_id))
    _touch(session, cart_id)


def count_items(session: Session, cart_id: int) -> int:
    return int(
        session.execute(select(func.coalesce(func.sum(CartLine.quantity), 0)).where(CartLine.cart_id == cart_id)).scalar_one()
    )


def accept_new_prices(session: Session, cart_id: int) -> None:
    """The visitor has been told about changed prices."""
    session.execute(
        update(CartLine)
        .where(CartLine.cart_id == cart_id, CartLine.variant_id == Variant.id)
        .values(seen_price_minor=Variant.price_minor)
        .execution_options(synchronize_session=False)
    )


def empty_cart(session: Session, cart_id: int) -> None:
    """The cart became an order: the same cookie starts the next one."""
    session.execute(delete(CartLine).where(CartLine.cart_id == cart_id))
    session.execute(
        update(Cart)
        .where(Cart.id == cart_id)
        .values(generation=Cart.generation + 1, note="", updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _touch(session: Session, cart_id: int) -> None:
    session.execute(
        update(Cart)
        .where(Cart.id == cart_id)
        .values(updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
