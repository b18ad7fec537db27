"""Change a cart. Every quantity is bounded; every variant must be for sale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import case, delete, func, select, text, update
from sqlalchemy.orm import Session

from shop.cart.models import Cart, CartLine
from shop.cart.pricing import PricedLine, price_lines
from shop.catalog.models import Variant
from shop.core import clock
from shop.errors import InvalidInput, NotFound
from shop.tenancy.currencies import Pricing, pricing_for
from shop.tenancy.profile import current_profile
from shop.words import mark

MAX_QUANTITY = 20
MAX_LINES = 50


def read_quantity(raw: object, *, least: int = 1) -> int:
    """A quantity from outside. Raises InvalidInput for 0, -1, 10^9, text …"""
    text = str(raw).strip() if raw is not None else ""
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not least <= int(text) <= MAX_QUANTITY:
        raise InvalidInput(
            fields={
                "quantity": mark(
                    "Please choose a quantity between %(least)s and %(most)s.", least=least, most=MAX_QUANTITY
                )
            }
        )
    return int(text)


def find_cart(session: Session, token: str | None) -> Cart | None:
    """The cart of this cookie, or None."""
    if not token or len(token) > 64 or not (token.isascii() and token.isprintable()):
        return None
    return session.execute(select(Cart).where(Cart.token == token)).scalar_one_or_none()


_ADD = text(
    """
    WITH mine AS (
        UPDATE carts SET updated_at = :now
        WHERE token = :token AND (shopper_id IS NULL OR shopper_id = :shopper) RETURNING id
    ), wanted AS (
        SELECT v.id, v.price_minor FROM variants v JOIN products p ON p.id = v.product_id
        WHERE v.id = :variant AND v.is_available AND p.status = 'active'
    ), line AS (
        INSERT INTO cart_lines (cart_id, variant_id, quantity, seen_price_minor, added_at)
        SELECT mine.id, wanted.id, :quantity, coalesce(CAST(:seen AS integer), wanted.price_minor), :now
        FROM mine, wanted
        WHERE (SELECT count(*) FROM cart_lines WHERE cart_id = mine.id AND variant_id <> :variant) < :lines
        ON CONFLICT (cart_id, variant_id) DO UPDATE
        SET quantity = least(cart_lines.quantity + excluded.quantity, :most),
            seen_price_minor = excluded.seen_price_minor
        RETURNING cart_id, quantity
    )
    SELECT mine.id,
           (SELECT quantity FROM line),
           (SELECT coalesce(sum(quantity), 0) FROM cart_lines WHERE cart_id = mine.id AND variant_id <> :variant),
           (SELECT id FROM wanted)
    FROM mine
    """
)


@dataclass(frozen=True)
class Added:
    cart_id: int
    line_quantity: int
    cart_count: int


def add_line(
    session: Session,
    token: str,
    variant_id: int,
    quantity: int,
    pricing: Pricing | None = None,
    shopper_id: int | None = None,
) -> Added | None:
    """Add to what is there already, at most MAX_QUANTITY of one thing. None when there is no such cart, or it is
    the account's of somebody else than `shopper_id`.

    One statement (two more for another currency than the store's; `pricing` of the cart, where the caller has it, saves
    one): two clicks at once add up. Raises NotFound for a variant that is not sold (any more), InvalidInput for one
    thing more than MAX_LINES.
    """
    row = session.execute(
        _ADD,
        {
            "token": token,
            "shopper": shopper_id,
            "variant": variant_id,
            "quantity": quantity,
            "most": MAX_QUANTITY,
            "lines": MAX_LINES,
            "now": clock.now(),
            "seen": _price_now(session, variant_id, pricing or _pricing_of(session, token)),
        },
    ).first()
    if row is None:
        return None
    if row[1] is None and row[3] is not None:
        raise InvalidInput(
            mark("Your cart is full: it holds %(n)s different things. Please order these first.", n=MAX_LINES)
        )
    if row[1] is None:
        raise NotFound(mark("This item is not available any more. Please choose another one."))
    return Added(int(row[0]), int(row[1]), int(row[1]) + int(row[2]))


def _pricing_of(session: Session, token: str) -> Pricing:
    """In a shop of one currency no statement."""
    profile = current_profile()
    if not profile.currencies:
        return pricing_for(profile, None)
    return pricing_for(profile, session.execute(select(Cart.currency).where(Cart.token == token)).scalar())


def _price_now(session: Session, variant_id: int, pricing: Pricing) -> int | None:
    """In another currency than the store's; None: as the variant has it."""
    if pricing.is_base:
        return None
    row = session.execute(select(Variant.price_minor, Variant.fixed_prices).where(Variant.id == variant_id)).first()
    return None if row is None else pricing.of(row[0], row[1])


def set_currency(session: Session, cart_id: int, pricing: Pricing) -> None:
    """The whole cart is priced anew; the new prices count as seen, since they were asked for. A repeat does nothing."""
    cart = session.execute(select(Cart).where(Cart.id == cart_id).with_for_update()).scalar_one()
    wanted = "" if pricing.is_base else pricing.code
    if cart.currency == wanted:
        return
    cart.currency = wanted
    session.flush()
    accept_new_prices(session, price_lines(session, cart_id, pricing))


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
        raise NotFound(mark("This line is not in your cart any more."))
    _touch(session, cart_id)


def remove_line(session: Session, cart_id: int, line_id: int) -> None:
    """Take one line out; a repeat does nothing."""
    session.execute(delete(CartLine).where(CartLine.id == line_id, CartLine.cart_id == cart_id))
    _touch(session, cart_id)


def count_items(session: Session, cart_id: int) -> int:
    return int(
        session.execute(
            select(func.coalesce(func.sum(CartLine.quantity), 0)).where(CartLine.cart_id == cart_id)
        ).scalar_one()
    )


def accept_new_prices(session: Session, lines: Iterable[PricedLine]) -> None:
    """The visitor has been told about these prices. One statement."""
    told = {line.id: line.unit_minor for line in lines if line.unit_minor != line.seen_minor}
    if told:
        session.execute(
            update(CartLine)
            .where(CartLine.id.in_(told))
            .values(seen_price_minor=case(told, value=CartLine.id))
            .execution_options(synchronize_session=False)
        )


def add_code(session: Session, cart_id: int, key: str, most: int) -> None:
    """`key`: folded. A repeat does nothing. Raises InvalidInput beyond `most` codes."""
    cart = session.execute(select(Cart).where(Cart.id == cart_id).with_for_update()).scalar_one()
    if key in cart.codes:
        return
    if len(cart.codes) >= most:
        raise InvalidInput(mark("At most %(n)s codes can be used for one order. Please remove one first.", n=most))
    cart.codes = [*cart.codes, key]


def remove_code(session: Session, cart_id: int, key: str) -> None:
    """A repeat does nothing."""
    cart = session.execute(select(Cart).where(Cart.id == cart_id).with_for_update()).scalar_one()
    cart.codes = [known for known in cart.codes if known != key]


def add_gift_card(session: Session, cart_id: int, card_id: int, most: int) -> None:
    """The caller has found the card by its code. A repeat does nothing. Raises InvalidInput beyond `most` cards."""
    cart = session.execute(select(Cart).where(Cart.id == cart_id).with_for_update()).scalar_one()
    if card_id in cart.gift_card_ids:
        return
    if len(cart.gift_card_ids) >= most:
        raise InvalidInput(
            mark("At most %(n)s gift cards can be used for one order. Please remove one first.", n=most)
        )
    cart.gift_card_ids = [*cart.gift_card_ids, card_id]


def remove_gift_card(session: Session, cart_id: int, card_id: int) -> None:
    """A repeat does nothing."""
    cart = session.execute(select(Cart).where(Cart.id == cart_id).with_for_update()).scalar_one()
    cart.gift_card_ids = [known for known in cart.gift_card_ids if known != card_id]


def empty_cart(session: Session, cart_id: int) -> None:
    """The cart became an order: the same cookie starts the next one."""
    session.execute(delete(CartLine).where(CartLine.cart_id == cart_id))
    session.execute(
        update(Cart)
        .where(Cart.id == cart_id)
        .values(generation=Cart.generation + 1, note="", codes=[], gift_card_ids=[], updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _touch(session: Session, cart_id: int) -> None:
    session.execute(
        update(Cart)
        .where(Cart.id == cart_id)
        .values(updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
