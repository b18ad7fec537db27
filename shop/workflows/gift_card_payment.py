"""How gift cards pay beside the payment page: what it is asked for, what its answer means, and what is written down.

The page knows no second means of payment: what the cards pay is taken off there by the one coupon that carries the
discounts too, under a name that says so. Here it never becomes a discount: the order's total is what it costs.
"""

from __future__ import annotations

from dataclasses import replace

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.checkout.models import Checkout
from shop.core.money import format_minor
from shop.orders.draft import OrderDraft
from shop.orders.models import Order
from shop.orders.statuses import tell
from shop.payments.gateway import PayLine, PayRequest, SessionFacts
from shop.payments.models import Payment
from shop.payments.summing import GIFT_CARD
from shop.promotions.gift_cards.models import GiftCard, GiftCardUse
from shop.promotions.gift_cards.reserving import Captured, capture
from shop.workflows.channel_cards import ask_to_debit

COVERED = "covered:"


def as_paid_with_cards(session: Session, checkout: Checkout, request: PayRequest) -> PayRequest:
    """The request for the rest. A coupon takes nothing off shipping (contracts/stripe.md §4): where it is more than
    the goods cost, shipping stands among the lines."""
    if not checkout.gift_minor:
        return request
    with force_locale(checkout.locale):
        cards = ", ".join(f"•••• {last_four}" for last_four in _last_fours(session, checkout.id))
        label = _("Gift card %(cards)s", cards=cards)
    off = request.discount_minor + checkout.gift_minor
    lines, shipping = request.lines, request.shipping
    if off > sum(line.unit_minor * line.quantity for line in lines):
        lines += tuple(PayLine(option.label, option.amount_minor, 1) for option in shipping if option.amount_minor)
        shipping = ()
    names = [name for name in (request.discount_label, label) if name]
    return replace(
        request,
        lines=lines,
        shipping=shipping,
        discount_minor=off,
        discount_label=" + ".join(names),
        is_recoverable=False,  # opened again later, it would spend what the card may not have any more
    )


def _last_fours(session: Session, checkout_id: int) -> list[str]:
    asked = (
        select(GiftCard.last_four)
        .join(GiftCardUse, GiftCardUse.card_id == GiftCard.id)
        .where(GiftCardUse.checkout_id == checkout_id)
        .order_by(GiftCardUse.id)
    )
    return list(session.execute(asked).scalars())


def as_if_all_was_charged(checkout: Checkout, facts: SessionFacts) -> SessionFacts:
    """What the page would have told without gift cards: the whole total, the discounts alone, shipping as shipping."""
    if not checkout.gift_minor:
        return facts
    draft = OrderDraft.from_json(checkout.draft)
    return replace(
        facts,
        amount_total=facts.amount_total + checkout.gift_minor,
        discount_minor=max(0, facts.discount_minor - checkout.gift_minor),
        shipping_minor=facts.shipping_minor or draft.sum_of("shipping"),
        shipping_label=facts.shipping_label or draft.shipping_label,
        shipping_method=facts.shipping_method or draft.shipping_method,
    )


def facts_of_covered(checkout: Checkout, typed: dict[str, str], ship_to: dict[str, str], is_test: bool) -> SessionFacts:
    """What a payment page would have told of an order that needs none. `typed`: {"email", "phone"}."""
    draft = OrderDraft.from_json(checkout.draft)
    return SessionFacts(
        session_id=f"{COVERED}{checkout.reference}",
        reference=checkout.reference,
        status="complete",
        payment="paid",
        amount_total=0,
        currency=checkout.currency,
        shipping_minor=draft.sum_of("shipping"),
        tax_minor=0,  # as the draft has it
        discount_minor=-draft.sum_of("discount") + checkout.gift_minor,
        shipping_label=draft.shipping_label,
        shipping_method=draft.shipping_method,
        payment_id=None,
        email=typed["email"],
        name=ship_to["name"],
        phone=typed["phone"],
        ship_to=dict(ship_to),
        bill_to=dict(ship_to),
        method_text="",
        problem="",
        recovery_url=None,
        wants_mail=False,
        url=None,
        is_test=is_test,
    )


def source_of(facts: SessionFacts) -> str:
    """The order's source key."""
    return facts.session_id if facts.session_id.startswith(COVERED) else f"stripe:{facts.session_id}"


def pay_with_cards(session: Session, checkout: Checkout, order: Order) -> str:
    """A payment for each card that was set aside. Returns a sentence for staff when a card had less than was set aside
    (a page paid after its time), else "". The caller holds the cart and the discounts, and commits."""
    if not checkout.gift_minor:
        return ""
    missing = 0
    captured = capture(session, checkout.id, order.id, order.number)
    ask_to_debit(session, order, captured)
    for one in captured:
        missing += one.missing_minor
        if one.minor:
            session.add(_payment(order, one))
            why = f"Gift card •••• {one.last_four} pays {format_minor(one.minor, order.currency, order.locale)}"
            tell(session, order, "gift_card", why=why, gift_card_id=one.card_id)
    session.flush()
    if not missing:
        return ""
    return (
        f"This was paid after its time, and {format_minor(missing, order.currency)} that a gift card was to pay is no "
        "longer on it. Ask the buyer for it, then release the order, or cancel it."
    )


def _payment(order: Order, one: Captured) -> Payment:
    return Payment(
        order_id=order.id,
        gateway=GIFT_CARD,
        external_id=f"gift_card_use:{one.use_id}",
        status="paid",
        amount_minor=one.minor,
        currency=order.currency,
        method=f"Gift card •••• {one.last_four}",
    )
