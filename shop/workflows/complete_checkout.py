"""A payment page came to an end: order, or no order.

Called by the webhook's job, by the buyer's return page and by the poller, many times and at once. Whoever comes
first places the order; the others find it. The gateway is asked for the truth; no payload is trusted.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from shop.accounts.customers import remember_customer
from shop.accounts.models import Customer
from shop.cart.changing import empty_cart
from shop.cart.models import Cart
from shop.checkout.models import Checkout
from shop.core import clock, log
from shop.core.transaction import release_connection, run_in_transaction
from shop.customers.changing import change_consent
from shop.email.requesting import request_letter
from shop.extensions import db
from shop.fulfilment.requesting import request_goods
from shop.orders.draft import DraftAdjustment, OrderDraft, is_sent
from shop.orders.models import Order
from shop.orders.placing import Buyer, place_order
from shop.orders.statuses import set_payment_status, tell
from shop.payments.gateway import SessionFacts
from shop.payments.models import Payment
from shop.payments.stripe_gateway import gateway
from shop.payments.summing import sum_payments
from shop.promotions.reserving import Use, redeem, release
from shop.tenancy.profile import current_profile
from shop.workflows.announcements import announce_order
from shop.workflows.bought_gift_cards import complete_gift_order, hand_out, waiting_for
from shop.workflows.draft_orders import mark_paid, reason_to_hold
from shop.workflows.find_discounts import why_not_theirs
from shop.workflows.gift_card_payment import as_if_all_was_charged, pay_with_cards, source_of
from shop.workflows.issue_invoice import issue_when_paid
from shop.workflows.letter_choices import follow_consent
from shop.workflows.letter_facts import draft_facts, money, order_facts, public_url
from shop.workflows.remind_of_carts import begin as begin_reminders
from shop.workflows.remind_of_carts import stop_for_order
from shop.workflows.start_checkout import uses_of, way_back

logger = log.get_logger("checkout")


def settle_session(session_id: str) -> str:
    """Ask the gateway about this payment page and write down what follows.

    Returns open | processing | completed | failed | expired | unknown (not one of ours). Raises OutsideError kinds
    when the gateway cannot be asked. A repeat changes nothing.
    """
    release_connection()
    facts = gateway().read_session(session_id)
    outcome = run_in_transaction(lambda session: _settle(session, facts))
    logger.info("checkout settled", session_id=session_id, outcome=outcome)
    return outcome


def _settle(session: Session, facts: SessionFacts) -> str:
    checkout = session.execute(
        select(Checkout)
        .where(or_(Checkout.session_id == facts.session_id, Checkout.reference == (facts.reference or "")))
        .order_by((Checkout.session_id == facts.session_id).desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if checkout is None:
        return "unknown"
    checkout.polled_at = clock.now()
    if facts.payment == "paid":
        place_paid(session, checkout, facts)
        return "completed"
    if checkout.session_id != facts.session_id or checkout.status == "completed":
        return checkout.status
    if facts.payment == "failed":
        return _fail(session, checkout, facts)
    if facts.status == "complete":
        checkout.status = "processing"
    elif facts.status == "expired":
        return _expire(session, checkout, facts)
    return checkout.status


def place_paid(session: Session, checkout: Checkout, facts: SessionFacts) -> Order:
    """One paid page, one order: unique on the page's id."""
    charged, facts = facts.amount_total, as_if_all_was_charged(checkout, facts)
    draft = as_charged(OrderDraft.from_json(checkout.draft), facts)
    email = facts.email or checkout.email or ""
    buyer = Buyer(
        email=email,
        name=facts.name,
        phone=facts.phone,
        ship_to=facts.ship_to if is_sent(draft) else {},
        bill_to=facts.bill_to,
        customer_id=remember_customer(session, email, facts.name, draft.locale, facts.phone),
    )
    order, is_new = place_order(session, draft, buyer, source_key=source_of(facts), is_test=facts.is_test)
    if not is_new:
        return order
    uses = uses_of(draft)
    _empty_its_cart(session, checkout)
    redeem(session, checkout.id, order.id, uses)  # after the cart's lock, as start_checkout takes them; then gift cards
    missing = pay_with_cards(session, checkout, order)
    if charged or not checkout.is_covered:
        session.add(
            Payment(
                order_id=order.id,
                external_id=facts.payment_id or facts.session_id,
                status="paid",
                amount_minor=charged,
                currency=facts.currency,
                method=facts.method_text,
            )
        )
    session.flush()
    status = sum_payments(session, order.id).status if facts.amount_total else "paid"  # there was nothing to pay
    is_paid = set_payment_status(session, order, status, why=facts.method_text)
    hold_reason = missing or _reason_to_hold(session, checkout, order, facts, uses)
    bought = waiting_for(session, checkout)
    if not bought:
        request_goods(session, order, hold_reason=hold_reason)
    elif not hold_reason:
        hand_out(session, order, bought)
    else:
        why = f"{hold_reason} The gift card was not made: refund the order, or issue a card by hand."
        tell(session, order, "trouble", why=why)
    announce_order(session, "order.placed", order)
    if is_paid and order.payment_status == "paid":
        announce_order(session, "order.paid", order)
    if bought and not hold_reason:
        complete_gift_order(session, order)
    if hold_reason:
        announce_order(session, "fulfilment.parked", order, why=hold_reason)
    _write_letters(session, order)
    if facts.wants_mail and order.customer_id is not None:
        _agree_to_mail(session, order)
    if checkout.draft_order_id is not None:
        mark_paid(session, checkout.draft_order_id, order)
    if checkout.order_id is None:
        checkout.order_id = order.id
    checkout.status, checkout.problem = "completed", ""
    stop_for_order(session, order, checkout.cart_id)  # after the cart's lock, as reminders take them
    issue_when_paid(session, order)
    return order


def as_charged(draft: OrderDraft, facts: SessionFacts) -> OrderDraft:
    """The draft with shipping, tax and discount as the payment page charged them."""
    kept = [a for a in draft.adjustments if a.kind == "tax"]
    adjustments: list[DraftAdjustment] = []
    label = facts.shipping_label or draft.shipping_label
    method = facts.shipping_method or draft.shipping_method
    if is_sent(draft):
        adjustments.append(DraftAdjustment("shipping", label, facts.shipping_minor, source=method))
    if facts.tax_minor:
        gap = facts.amount_total - (draft.subtotal_minor + facts.shipping_minor - facts.discount_minor)
        kept = [DraftAdjustment("tax", "Tax", facts.tax_minor, included=gap == 0, source="stripe")]
    adjustments += kept
    frozen = [a for a in draft.adjustments if a.kind == "discount"]
    if facts.discount_minor == -sum(a.amount_minor for a in frozen):
        adjustments += frozen
    elif facts.discount_minor:
        adjustments.append(DraftAdjustment("discount", "Discount", -facts.discount_minor, source="stripe"))
    return replace(draft, adjustments=tuple(adjustments), shipping_method=method, shipping_label=label)


def _reason_to_hold(
    session: Session, checkout: Checkout, order: Order, facts: SessionFacts, uses: list[Use]
) -> str:
    """Money was taken, so the order stands; but a person looks before anything is printed."""
    if facts.amount_total != order.total_minor or facts.currency != order.currency:
        return (
            f"The payment ({money(order, facts.amount_total)}) differs from the order's total "
            f"({money(order, order.total_minor)}). Check it, then release the order."
        )
    if checkout.draft_order_id is not None and (why := reason_to_hold(session, checkout.draft_order_id)):
        return why
    if checkout.order_id is not None:
        return "The same cart was paid twice. Refund this order, or release it if the buyer wants both."
    if why := why_not_theirs(session, order, [discount_id for discount_id, _, _ in uses]):
        return why
    where = order.ship_to.get("line1") and order.ship_to.get("country")
    if not where and is_sent(OrderDraft.from_json(checkout.draft)):
        return "The payment came without a shipping address. Ask the buyer, then release the order."
    return ""


def _write_letters(session: Session, order: Order) -> None:
    request_letter(
        session,
        letter="order_confirmation",
        subject_key=f"order:{order.id}",
        to_email=order.email,
        facts=order_facts(session, order),
        locale=order.locale,
        order_id=order.id,
    )
    ours = current_profile()
    request_letter(
        session,
        letter="merchant_new_order",
        subject_key=f"order:{order.id}",
        to_email=ours.merchant_email,
        facts={
            **order_facts(session, order, ours.locale),
            "admin_url": public_url(f"/admin/orders/{order.number}"),
            "reply_to": order.email,
        },
        locale=ours.locale,
        order_id=order.id,
    )
    tell(session, order, "letter", why="Order confirmation queued")


def _agree_to_mail(session: Session, order: Order) -> None:
    """They ticked it on the payment page. Who did not tick it again has not withdrawn."""
    customer = session.get_one(Customer, order.customer_id)
    why = f"Ticked on the payment page of order {order.number}"
    change_consent(session, customer, True, source="checkout", who="the customer", why=why)
    follow_consent(session, customer.email, True, order.locale, source="checkout")


def _empty_its_cart(session: Session, checkout: Checkout) -> None:
    if checkout.cart_id is None:
        return
    cart = session.execute(select(Cart).where(Cart.id == checkout.cart_id).with_for_update()).scalar_one_or_none()
    if cart is not None and cart.generation == checkout.cart_generation:
        empty_cart(session, cart.id)


def _fail(session: Session, checkout: Checkout, facts: SessionFacts) -> str:
    """A delayed payment did not come. The cart is still there."""
    if checkout.status != "failed":
        checkout.status, checkout.problem = "failed", facts.problem
        release(session, [checkout.id])
        request_letter(
            session,
            letter="payment_failed",
            subject_key=f"checkout:{checkout.id}",
            to_email=facts.email or checkout.email or "",
            locale=checkout.locale,
            facts={
                "checkout": {
                    "lines": draft_facts(OrderDraft.from_json(checkout.draft)),
                    "retry_url": public_url(way_back(session, checkout)),
                    "problem": facts.problem,
                }
            },
        )
    return "failed"


def _expire(session: Session, checkout: Checkout, facts: SessionFacts) -> str:
    """Nobody paid in time. Whoever may be reminded is, on the merchant's schedule."""
    if checkout.status not in ("expired", "failed"):
        checkout.status = "expired"
        release(session, [checkout.id])
        email = facts.email or checkout.email or ""
        consents = facts.wants_mail or checkout.accepts_recovery
        if _cart_waits(session, checkout):
            begin_reminders(session, checkout, email, consents=consents, recovery_url=facts.recovery_url)
    return checkout.status


def _cart_waits(session: Session, checkout: Checkout) -> bool:
    """The same cart has not been bought in the meantime, and no newer payment page is open for it."""
    if checkout.cart_id is None:
        return True
    cart = session.get(Cart, checkout.cart_id)
    if cart is None or cart.generation != checkout.cart_generation:
        return False
    newer = session.execute(
        select(Checkout.id).where(Checkout.cart_id == checkout.cart_id, Checkout.id > checkout.id).limit(1)
    ).first()
    return newer is None


def order_of(checkout: Checkout) -> Order | None:
    """The order this checkout became."""
    return db.session.get(Order, checkout.order_id) if checkout.order_id else None
