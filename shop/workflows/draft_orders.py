"""A draft's way: composed, then paid by a link or at the counter. Whatever is paid becomes an order once.

The customer's link is ours (/pay/<token>) and lives for days; each press on "Pay" there opens, or finds, one payment
page. A draft whose link is out has frozen prices; to change it the link is taken back, and its pages are closed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.customers import remember_customer
from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.money import format_minor
from shop.core.secrets import new_token
from shop.core.transaction import release_connection, run_in_transaction
from shop.drafts.models import DraftOrder
from shop.drafts.pricing import PricedDraft, order_draft, price_draft, reasons
from shop.email.requesting import request_letter
from shop.errors import Conflict, InvalidInput, NotFound
from shop.fulfilment.requesting import request_goods
from shop.orders.draft import OrderDraft
from shop.orders.models import Order
from shop.orders.placing import Buyer, place_order
from shop.orders.statuses import move_fulfilment, move_order, set_payment_status, tell
from shop.payments.models import Payment
from shop.payments.stripe_gateway import gateway
from shop.payments.summing import sum_payments
from shop.promotions.gift_cards.reserving import set_aside
from shop.promotions.reserving import lock_discounts, redeem, reserve
from shop.tenancy.profile import current_profile
from shop.workflows.announcements import announce_order
from shop.workflows.draft_codes import cards_of_draft, freshen_draft, promotions_of
from shop.workflows.gift_card_payment import pay_with_cards
from shop.workflows.issue_invoice import issue_when_paid
from shop.workflows.letter_facts import day, draft_facts, draft_totals, order_facts, public_url
from shop.workflows.start_checkout import forget_page, uses_of, uses_tax_table

METHODS = {"cash": "Cash", "terminal": "Card terminal"}
PAID = "This draft is paid already."


def find_draft(session: Session, draft_id: int, *, to_change: bool = False) -> DraftOrder:
    """Raises NotFound. `to_change` holds it until the commit."""
    query = select(DraftOrder).where(DraftOrder.id == draft_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such draft.")
    return found


def priced(session: Session, draft: DraftOrder) -> PricedDraft:
    now = price_draft(
        session,
        draft,
        current_profile(),
        table_tax=uses_tax_table(),
        find=lambda lines: promotions_of(session, draft, lines),
    )
    return replace(now, paid_by_cards=cards_of_draft(session, draft, now.quote.total_minor, now.quote.currency))


def link_of(draft: DraftOrder) -> str:
    return public_url(f"/pay/{draft.token}")


def send_link(draft_id: int, *, days: int, who: str) -> bool:
    """Freeze the prices and write to the customer. False when the link is out already; Conflict once it is paid."""
    freshen_draft(draft_id)

    def work(session: Session) -> bool:
        draft = find_draft(session, draft_id, to_change=True)
        if draft.status == "sent":
            return False
        _must_be_open(draft)
        if not draft.email:
            raise InvalidInput(fields={"email": "Write the customer’s e-mail address: the link goes there."})
        now = _payable(session, draft)
        if any(item.item.handed_over for item in now.items):
            raise Conflict("What is taken away is paid at the counter: record the payment here, or untick it.")
        if draft.gift_card_ids:
            raise Conflict("Gift cards pay at the counter: record the payment here, or take them out.")
        frozen = order_draft(draft, now, channel="draft")
        if frozen.total_minor <= 0:
            raise Conflict("There is nothing to pay. Record it at the counter instead.")
        draft.frozen, draft.total_minor = frozen.to_json(), frozen.total_minor
        draft.status, draft.sent_at, draft.updated_at = "sent", clock.now(), clock.now()
        draft.times_sent += 1
        draft.link_expires_at = clock.now() + timedelta(days=days)
        request_letter(
            session,
            letter="payment_link",
            subject_key=f"draft:{draft.id}#{draft.times_sent}",
            to_email=draft.email,
            locale=draft.locale,
            facts={
                "lines": draft_facts(frozen),
                "totals": draft_totals(frozen),
                "pay_url": link_of(draft),
                "expires": day(draft.link_expires_at, draft.locale),
                "name": draft.customer_name,
                "note": draft.note,
            },
        )
        return True

    return run_in_transaction(work)


def take_link_back(draft_id: int, *, delete: bool = False) -> bool:
    """Open again (or deleted): the old link leads nowhere and no page of it can be paid. False when there is nothing
    to do. Raises Conflict when it was paid meanwhile, OutsideError kinds when the gateway cannot be asked."""
    _close_pages(draft_id)

    def work(session: Session) -> bool:
        draft = find_draft(session, draft_id, to_change=True)
        if draft.status == "paid":
            raise Conflict(PAID)
        wanted = "deleted" if delete else "open"
        if draft.status == wanted:
            return False
        draft.status, draft.updated_at = wanted, clock.now()
        draft.token, draft.frozen, draft.link_expires_at = new_token(), None, None
        return True

    return run_in_transaction(work)


def take_payment(draft_id: int, *, method: str, received_minor: int | None, who: str) -> tuple[str, int]:
    """Sold at the counter: an order at once. Returns (its number, the change to give). A repeat returns the first
    order's number. Raises InvalidInput when less was received than is due, or an address is missing."""
    _close_pages(draft_id)
    freshen_draft(draft_id)

    def work(session: Session) -> tuple[str, int]:
        draft = find_draft(session, draft_id, to_change=True)
        if draft.status == "paid" and draft.order_id:
            return session.get_one(Order, draft.order_id).number, 0
        if draft.status == "deleted":
            raise Conflict("This draft was deleted. Bring it back first.")
        now = _payable(session, draft)
        frozen = order_draft(draft, now, channel="counter")
        received = now.payable_minor if received_minor is None else received_minor
        change = received - now.payable_minor
        if change < 0:
            due = format_minor(-change, frozen.currency)
            raise InvalidInput(fields={"received": f"{due} is missing."})
        if not now.is_all_handed and not (draft.ship_to.get("line1") and draft.ship_to.get("city")):
            raise InvalidInput(fields={"line1": "Where shall it be sent? Write the address, or tick “taken away”."})
        order = _place(session, draft, now, frozen, method, received, change, who)
        return order.number, change

    return run_in_transaction(work)


def mark_paid(session: Session, draft_id: int, order: Order) -> None:
    """Its payment page was paid: called in the transaction that places the order. The first order stays the draft's."""
    draft = find_draft(session, draft_id, to_change=True)
    if draft.order_id is None:
        draft.order_id, draft.status, draft.updated_at = order.id, "paid", clock.now()


def reason_to_hold(session: Session, draft_id: int) -> str:
    """Why an order from this draft's link must be looked at before it is printed; "" when all is well."""
    draft = find_draft(session, draft_id, to_change=True)
    if draft.order_id is not None:
        return "The same payment link was paid twice. Refund this order, or release it if the buyer wants both."
    if draft.status != "sent":
        return "This was paid through a link that had been taken back. Ask the buyer, then release or refund it."
    return ""


def _place(
    session: Session, draft: DraftOrder, now: PricedDraft, frozen: OrderDraft, method: str, received: int, change: int,
    who: str,
) -> Order:  # fmt: skip
    buyer = Buyer(
        email=draft.email,
        name=draft.customer_name,
        phone=draft.phone,
        ship_to={} if now.is_all_handed else draft.ship_to,
        bill_to=draft.ship_to,
        customer_id=remember_customer(session, draft.email, draft.customer_name, draft.locale, draft.phone),
    )
    order, is_new = place_order(session, frozen, buyer, source_key=f"draft:{draft.id}")
    if not is_new:
        return order
    if why := _use_codes(session, draft, now, frozen, order):
        raise Conflict(why)
    told = METHODS[method]
    if method == "cash":
        told += f" (received {format_minor(received, frozen.currency)}, change {format_minor(change, frozen.currency)})"
    if now.payable_minor or not now.paid_by_cards.minor:
        session.add(
            Payment(
                order_id=order.id,
                gateway=method,
                external_id=f"draft:{draft.id}",
                status="paid",
                amount_minor=now.payable_minor,
                currency=frozen.currency,
                method=told[:60],
            )
        )
    session.flush()
    for why in reasons(draft, now):
        tell(session, order, "note", who=who, why=why)
    set_payment_status(session, order, sum_payments(session, order.id).status, why=told, who=who)
    if now.is_all_handed:
        move_fulfilment(session, order, "delivered", why="Handed over at the counter", who=who)
        move_order(session, order, "completed", why="Sold at the counter", who=who)
    else:
        request_goods(session, order)
    draft.order_id, draft.status, draft.updated_at = order.id, "paid", clock.now()
    draft.total_minor = frozen.total_minor
    announce_order(session, "order.placed", order)
    announce_order(session, "order.paid", order)
    request_letter(
        session,
        letter="order_confirmation",
        subject_key=f"order:{order.id}",
        to_email=order.email,
        facts=order_facts(session, order),
        locale=order.locale,
        order_id=order.id,
    )
    issue_when_paid(session, order)
    return order


def _use_codes(session: Session, draft: DraftOrder, now: PricedDraft, frozen: OrderDraft, order: Order) -> str:
    """Its discounts are counted and its gift cards charged, as a checkout does. Raises UsedUp and CardChanged when
    somebody was faster; returns a sentence when a card had less after all."""
    uses, cards = uses_of(frozen), now.paid_by_cards.uses
    if not uses and not cards:
        return ""
    checkout = Checkout(
        draft_order_id=draft.id,
        content_hash=f"counter:{draft.id}",
        draft=frozen.to_json(),
        currency=frozen.currency,
        total_minor=frozen.total_minor,
        gift_minor=now.paid_by_cards.minor,
        email=draft.email,
        locale=draft.locale,
        status="completed",
        order_id=order.id,
        expires_at=clock.now(),
        polled_at=clock.now(),
    )
    session.add(checkout)
    session.flush()
    lock_discounts(session, [], uses, cards)
    reserve(session, checkout.id, uses)
    set_aside(session, checkout.id, cards)
    redeem(session, checkout.id, order.id, uses)
    return pay_with_cards(session, checkout, order)


def _payable(session: Session, draft: DraftOrder) -> PricedDraft:
    now = priced(session, draft)
    if now.problem:
        raise Conflict(now.problem)
    return now


def _must_be_open(draft: DraftOrder) -> None:
    if draft.status == "paid":
        raise Conflict(PAID)
    if draft.status == "deleted":
        raise Conflict("This draft was deleted. Bring it back first.")


def _close_pages(draft_id: int) -> None:
    """No page of this draft can be paid from now on. Raises Conflict when one was paid already."""

    def pages(session: Session) -> list[str]:
        rows = session.execute(
            select(Checkout.session_id).where(
                Checkout.draft_order_id == draft_id,
                Checkout.status.in_(["open", "processing"]),
                Checkout.session_id.is_not(None),
            )
        ).scalars()
        return [page for page in rows if page]

    found = run_in_transaction(pages)
    release_connection()
    for session_id in found:
        if gateway().close_page(session_id).status == "complete":
            raise Conflict("The customer has paid through the link. Look at the order in a moment.")
        forget_page(session_id)
