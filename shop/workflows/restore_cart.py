"""The link of a reminder: what was in the cart comes back into the visitor's own, at today's prices."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.cart.changing import add_code, add_line, set_quantity
from shop.cart.models import Cart, CartLine
from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.secrets import new_token
from shop.core.signing import read_signed
from shop.errors import InvalidInput, NotFound
from shop.orders.draft import OrderDraft
from shop.promotions.codes import MOST_CODES, fold_code
from shop.subscribers.models import CartReminder
from shop.tenancy.currencies import pricing_for
from shop.tenancy.profile import current_profile
from shop.tenancy.reminder_rules import reminder_rules
from shop.workflows.remind_of_carts import LINK_DAYS, RESTORE, usable_code


@dataclass(frozen=True)
class Restored:
    """`token`: the cart to remember in the visitor's cookie. `missing`: goods that cannot be bought any more."""

    token: str
    cart_id: int
    missing: int
    is_bought: bool = False


def restore_cart(session: Session, token: str, own: str | None) -> Restored:
    """`own`: the token of the cart the visitor has; theirs is added to, never emptied. A repeat adds nothing. Raises
    NotFound for a link that is not ours, or older than its thirty days. The caller commits."""
    value = read_signed(RESTORE, token, LINK_DAYS * 86400)
    row_id, _, step = (value or "").partition(":")
    row = session.get(CartReminder, int(row_id)) if row_id.isdigit() else None
    checkout = session.get(Checkout, row.checkout_id) if row is not None else None
    if row is None or checkout is None:
        raise NotFound("This link is too old. What you chose is still in the shop.")
    cart = session.execute(select(Cart).where(Cart.token == (own or "")).with_for_update()).scalar_one_or_none()
    if row.status == "bought":
        return Restored(cart.token if cart else "", cart.id if cart else 0, 0, is_bought=True)
    if cart is None:
        cart = Cart(token=new_token(), locale=row.locale, currency=_currency(checkout))
        session.add(cart)
        session.flush()
    missing = 0 if cart.id == row.cart_id else _put_back(session, cart, OrderDraft.from_json(checkout.draft))
    rules = reminder_rules(current_profile().reminders)
    code = usable_code(session, rules.steps[int(step)].code, clock.now()) if step.isdigit() and int(step) < 3 else ""
    if code:
        add_code(session, cart.id, fold_code(code), MOST_CODES)
    row.restored_cart_id = cart.id
    return Restored(cart.token, cart.id, missing)


def _currency(checkout: Checkout) -> str:
    return "" if checkout.currency == current_profile().currency else checkout.currency


def _put_back(session: Session, cart: Cart, draft: OrderDraft) -> int:
    """As many of each as there were, not more than that; prices are those of now. Returns how many are missing."""
    pricing = pricing_for(current_profile(), cart.currency)
    held = {
        line.variant_id: line
        for line in session.execute(select(CartLine).where(CartLine.cart_id == cart.id)).scalars()
    }
    missing = 0
    for line in draft.lines:
        there = held.get(line.variant_id or 0)
        if there is not None:
            if there.quantity < line.quantity:
                set_quantity(session, cart.id, there.id, line.quantity)
            continue
        try:
            if line.variant_id is None:
                raise NotFound
            add_line(session, cart.token, line.variant_id, line.quantity, pricing, shopper_id=cart.shopper_id)
        except (NotFound, InvalidInput):
            missing += 1
    return missing
