"""A payment page ran out unpaid: letters on the merchant's schedule, until the buyer buys, comes back, or says no.

One row for each payment page that was left; its steps are due one after the other. Every step is decided in one
transaction that holds the cart and then the row. A purchase takes the same two in the same order, so that either it is
seen here, or the letter's row is seen there and taken back before it is sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.cart.models import Cart
from shop.cart.pricing import PricedLine, price_lines
from shop.checkout.models import Checkout
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.money import format_minor
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.signing import sign
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.email.sealing import seal
from shop.orders.draft import OrderDraft
from shop.orders.models import Order
from shop.promotions.changing import state_of
from shop.promotions.codes import fold_code
from shop.promotions.models import Discount, DiscountCode
from shop.subscribers.choosing import LETTERS_OF, may_write, take_back
from shop.subscribers.kinds import CART
from shop.subscribers.models import CartReminder
from shop.tenancy.currencies import pricing_for
from shop.tenancy.profile import current_profile
from shop.tenancy.reminder_rules import ReminderRules, reminder_rules
from shop.workflows.letter_choices import stop_links
from shop.workflows.letter_facts import absolute, day, public_url

LETTERS = LETTERS_OF[CART]  # one for each step
RESTORE = "cart-restore"
LINK_DAYS = 30
#: a purchase this long after the cart was left still counts as won back
WON_BACK_WITHIN = timedelta(days=14)
LOOK_AGAIN = timedelta(minutes=30)
#: here advertising by e-mail needs a yes, but for what is like what the person bought before (EU 2002/58, art. 13)
ASKS_FIRST = frozenset(
    {
        "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV",
        "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO", "GB", "CH", "CA",
    }
)  # fmt: skip


def begin(session: Session, checkout: Checkout, email: str, *, consents: bool, recovery_url: str | None) -> bool:
    """The page ran out. False where nobody is to be reminded: no address, no basis, nothing switched on. The caller
    holds the checkout; a repeat is no second row."""
    email = email.lower()
    rules = reminder_rules(current_profile().reminders)
    if not email or checkout.draft_order_id is not None or checkout.cart_id is None:
        return False
    if not consents and not (rules.soft_opt_in and _may_softly(session, checkout, email)):
        return False
    earlier = _take_over(session, checkout)
    step = rules.next_step(earlier.step if earlier else 0)
    if step is None or not may_write(session, email, CART):
        return False
    made = session.execute(
        insert(CartReminder)
        .values(
            checkout_id=checkout.id,
            cart_id=checkout.cart_id,
            cart_generation=checkout.cart_generation,
            email=email,
            locale=checkout.locale,
            left_at=checkout.created_at,
            step=step,
            letters=earlier.letters if earlier else 0,
            work_state="due",
            due_at=max(clock.now(), checkout.created_at + timedelta(hours=rules.steps[step].hours)),
        )
        .on_conflict_do_nothing(index_elements=["checkout_id"])
        .returning(CartReminder.id)
    ).first()
    if recovery_url:
        checkout.recovery_url = recovery_url
    if made is not None:
        enqueue_after_commit(session, JobName.REMIND_OF_CARTS)
    return made is not None


def _take_over(session: Session, checkout: Checkout) -> CartReminder | None:
    """The rows of earlier pages of the same cart end; the one that got furthest says where to go on."""
    rows = session.execute(
        select(CartReminder)
        .where(
            CartReminder.cart_id == checkout.cart_id,
            CartReminder.cart_generation == checkout.cart_generation,
            CartReminder.checkout_id != checkout.id,
        )
        .order_by(CartReminder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    furthest = None
    for row in rows:
        if row.status == "waiting":
            row.status, row.why, row.ended_at = "stopped", "came_back", clock.now()
            row.work_state, row.fence = "done", row.fence + 1
        if furthest is None or row.step >= furthest.step:
            furthest = row
    session.flush()
    return furthest


def remind(held: Claim) -> None:
    """One step of one row: a letter, or the end."""
    rules = reminder_rules(current_profile().reminders)
    with transaction() as session:
        cart_id = session.execute(select(CartReminder.cart_id).where(CartReminder.id == held.id)).scalar()
        cart = session.execute(
            select(Cart).where(Cart.id == cart_id).with_for_update().execution_options(populate_existing=True)
        ).scalar_one_or_none()
        durable.hold(session, CartReminder, held)
        row = session.get_one(CartReminder, held.id, populate_existing=True)
        step = rules.next_step(row.step)
        lines = price_lines(session, cart.id, pricing_for(current_profile(), cart.currency)) if cart else []
        why = "off" if step is None else _why_stop(session, row, cart, lines)
        if why or step is None or cart is None:
            _end(session, held, row, why)
            return
        if _is_paying(session, row):
            durable.postpone(session, CartReminder, held, why="A payment is under way", until=clock.now() + LOOK_AGAIN)
            return
        _write(session, row, cart, lines, rules, step)
        row.letters += 1
        session.flush()
        following = rules.next_step(step + 1)
        if following is None:
            row.step = step + 1
            _end(session, held, row, "")
            return
        due = max(row.left_at + timedelta(hours=rules.steps[following].hours), clock.now() + timedelta(hours=1))
        durable.step_on(session, CartReminder, held, due_at=due, step=following)


def stop_for_order(session: Session, order: Order, cart_id: int | None) -> None:
    """Somebody bought: by the address or the cart, their rows end, and letters that nobody has begun to send are taken
    back. The newest row with a letter counts as won back, once. The caller holds the cart."""
    email = order.email.lower()
    theirs = [CartReminder.email == email] if email else []
    if cart_id is not None:
        theirs += [CartReminder.cart_id == cart_id, CartReminder.restored_cart_id == cart_id]
    if not theirs:
        return
    rows = session.execute(
        select(CartReminder)
        .where(or_(*theirs), CartReminder.order_id.is_(None), CartReminder.status.in_(("waiting", "ended")))
        .where(CartReminder.left_at > order.placed_at - WON_BACK_WITHIN)
        .order_by(CartReminder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    won = False
    for row in sorted(rows, key=lambda r: r.id, reverse=True):
        row.status, row.why, row.order_id, row.ended_at = "bought", "bought", order.id, clock.now()
        row.work_state, row.fence = "done", row.fence + 1
        take_back(session, row.email, LETTERS)
        if row.letters and not won:
            won = True
            row.is_recovered, row.amount_minor, row.currency = True, order.total_minor, order.currency


def _may_softly(session: Session, checkout: Checkout, email: str) -> bool:
    """Where a yes is needed first, only who bought here before: of what is like it, we may write."""
    draft = OrderDraft.from_json(checkout.draft)
    country = next((a.source.partition("/")[0] for a in draft.adjustments if a.kind == "shipping"), "")
    if country and country not in ASKS_FIRST:
        return True
    return session.execute(select(Order.id).where(Order.email == email).limit(1)).first() is not None


def _why_stop(session: Session, row: CartReminder, cart: Cart | None, lines: list[PricedLine]) -> str:
    """A word for the panel; "" when the letter may go."""
    if row.status != "waiting":
        return row.why or "ended"
    if cart is None or cart.generation != row.cart_generation:
        return "gone"
    if not lines:
        return "empty"
    if not any(line.available for line in lines):
        return "unavailable"
    if not may_write(session, row.email, CART):
        return "refused"
    bought = select(Order.id).where(Order.email == row.email, Order.placed_at > row.left_at).limit(1)
    if session.execute(bought).first() is not None:
        return "bought"
    newer = select(Checkout.id).where(
        Checkout.cart_id == cart.id, Checkout.id > row.checkout_id, Checkout.status.in_(("creating", "open"))
    )
    return "came_back" if session.execute(newer.limit(1)).first() is not None else ""


def _is_paying(session: Session, row: CartReminder) -> bool:
    """A bank transfer on its way: it may still fail."""
    waiting = select(Checkout.id).where(
        Checkout.cart_id == row.cart_id, Checkout.cart_generation == row.cart_generation,
        Checkout.status == "processing",
    )  # fmt: skip
    return session.execute(waiting.limit(1)).first() is not None


def _end(session: Session, held: Claim, row: CartReminder, why: str) -> None:
    if row.status == "waiting":
        row.status, row.why, row.ended_at = ("stopped" if why else "ended"), why, clock.now()
    session.flush()
    durable.finish(session, CartReminder, held)


def _write(
    session: Session, row: CartReminder, cart: Cart, lines: list[PricedLine], rules: ReminderRules, step: int
) -> None:
    currency = pricing_for(current_profile(), cart.currency).code
    until = clock.now() + timedelta(days=LINK_DAYS)
    code = usable_code(session, rules.steps[step].code, clock.now())
    checkout = session.get_one(Checkout, row.checkout_id)
    same_price = checkout.currency == currency and step == 0 and not code and not any(r.problem for r in lines)
    pay_url = checkout.recovery_url if same_price else None
    facts: dict[str, Any] = {
        "lines": [_line(line, currency, row.locale) for line in lines if line.available],
        "restore_url": seal(public_url(f"/cart/restore/{sign(RESTORE, f'{row.id}:{step}')}")),
        "expires": day(until, row.locale),
        "code": code,
        **({"pay_url": seal(pay_url)} if pay_url else {}),
        **stop_links(session, row.email, row.locale, CART),
    }
    request_letter(
        session,
        letter=LETTERS[step],
        subject_key=f"reminder:{row.id}",
        to_email=row.email,
        locale=row.locale,
        facts=facts,
    )


def usable_code(session: Session, typed: str, now: datetime) -> str:
    """The code as it is written, while its discount can be used; else "": a letter must not promise what ended."""
    if not typed:
        return ""
    found = session.execute(
        select(DiscountCode.code, Discount)
        .join(Discount, Discount.id == DiscountCode.discount_id)
        .where(DiscountCode.key == fold_code(typed))
    ).first()
    return str(found[0]) if found is not None and state_of(found[1], now) == "active" else ""


def _line(line: PricedLine, currency: str, locale: str) -> dict[str, Any]:
    return {
        "title": line.title,
        "variant_title": line.variant_title,
        "quantity": line.quantity,
        "total": format_minor(line.total_minor, currency, locale),
        "image_url": absolute(str(line.image.get("src") or "")),
    }
