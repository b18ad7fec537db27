"""A signed-in shopper's cart is one cart on every device. It answers only where its shopper is signed in, so a browser
that was signed out from afar has nothing of it. None of these commits."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from shop.accounts.shopper_models import Shopper
from shop.cart.changing import MAX_LINES, MAX_QUANTITY, accept_new_prices, count_items, empty_cart, find_cart
from shop.cart.models import Cart, CartLine
from shop.cart.pricing import price_lines
from shop.core.secrets import new_token
from shop.promotions.codes import MOST_CODES
from shop.tenancy.currencies import pricing_for
from shop.tenancy.profile import current_profile

MOST_GIFT_CARDS = 10  # of one order
#: what is in both adds up, within the limits of a cart; what does not fit any more stays out, the newest first
_POUR = text(
    """
    INSERT INTO cart_lines (cart_id, variant_id, quantity, seen_price_minor, added_at)
    SELECT :into, old.variant_id, old.quantity, old.seen_price_minor, old.added_at
    FROM cart_lines old LEFT JOIN cart_lines known ON known.cart_id = :into AND known.variant_id = old.variant_id
    WHERE old.cart_id = :out
    ORDER BY (known.id IS NULL), old.added_at, old.id
    LIMIT (SELECT count(*) + :room
           FROM cart_lines old JOIN cart_lines known ON known.variant_id = old.variant_id AND known.cart_id = :into
           WHERE old.cart_id = :out)
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = least(cart_lines.quantity + excluded.quantity, :most)
    """
)


def find_account_cart(session: Session, shopper_id: int) -> Cart | None:
    return session.execute(select(Cart).where(Cart.shopper_id == shopper_id)).scalar_one_or_none()


def account_cart(session: Session, shopper_id: int) -> Cart:
    """The one there is, or a new one: of two devices at once, both get the same."""
    _hold(session, shopper_id)
    found = find_account_cart(session, shopper_id)
    if found is None:
        found = Cart(shopper_id=shopper_id)
        session.add(found)
        session.flush()
    return found


def join_carts(session: Session, shopper_id: int, token: str | None) -> Cart | None:
    """Somebody signs in with this cart in the browser's cookie: it becomes the account's, with what the account's held
    before. None when neither has any. A repeat changes nothing, and somebody else's cart stays theirs."""
    _hold(session, shopper_id)
    known = find_account_cart(session, shopper_id)
    brought = find_cart(session, token)
    if brought is None or brought.shopper_id is not None:
        return known
    ids = [cart.id for cart in (known, brought) if cart is not None]
    query = select(Cart).where(Cart.id.in_(ids)).order_by(Cart.id).with_for_update()
    held = {row.id: row for row in session.execute(query.execution_options(populate_existing=True)).scalars()}
    if brought.id not in held or held[brought.id].shopper_id is not None:
        return known
    if known is None:
        brought.shopper_id = shopper_id
        session.flush()
        return brought
    if not count_items(session, brought.id):
        return known
    _pour(session, known, brought)
    known.shopper_id, known.token = None, new_token()  # other devices' cookies lead to the account's cart again
    session.flush()
    brought.shopper_id = shopper_id
    session.flush()
    return brought


def _pour(session: Session, known: Cart, brought: Cart) -> None:
    """What the account's cart held goes into the one the shopper is just filling."""
    lines = select(func.count()).select_from(CartLine).where(CartLine.cart_id == brought.id)
    room = max(0, MAX_LINES - int(session.execute(lines).scalar_one()))
    session.execute(_POUR, {"into": brought.id, "out": known.id, "room": room, "most": MAX_QUANTITY})
    brought.codes = list(dict.fromkeys([*brought.codes, *known.codes]))[:MOST_CODES]
    brought.gift_card_ids = list(dict.fromkeys([*brought.gift_card_ids, *known.gift_card_ids]))[:MOST_GIFT_CARDS]
    brought.note, brought.email = brought.note or known.note, brought.email or known.email
    brought.country = brought.country or known.country
    if brought.currency != known.currency:
        pricing = pricing_for(current_profile(), brought.currency)
        accept_new_prices(session, price_lines(session, brought.id, pricing))
    empty_cart(session, known.id)
    session.refresh(known)


def _hold(session: Session, shopper_id: int) -> None:
    """Two devices of one shopper take turns."""
    session.execute(select(Shopper.id).where(Shopper.id == shopper_id).with_for_update())
