"""What a buyer may still do to an order: cancel it, or send it elsewhere. The same moves as the panel's, with the
buyer's limits; every refusal is a sentence for the buyer, and the shop is told of what was done.

Submitting and taking back meet at the order's lock and the fence of its rows: exactly one of them wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import transaction
from shop.core.words import N_
from shop.email.requesting import request_letter
from shop.errors import Conflict, IllegalMove, NotFound, OutsideError
from shop.fulfilment.changing import is_over
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.payments.models import Dispute
from shop.payments.summing import OPEN_DISPUTES
from shop.tenancy.checkout_rules import CheckoutRules, rules_of
from shop.tenancy.profile import current_profile
from shop.workflows.cancel_order import cancel_order
from shop.workflows.correct_address import correct_address, reach_of
from shop.workflows.letter_facts import address_lines, public_url
from shop.workflows.order_again import PAID

WHO = "the buyer"
TOO_LATE = N_("Your order is being made already, so it cannot be cancelled any more. Please write to us.")
WINDOW_OVER = N_("The time in which this order could be cancelled is over. Please write to us.")
NOT_HERE = N_("This order cannot be cancelled here. Please write to us.")
ADDRESS_TOO_LATE = N_(
    "Your order is being made already, so its address cannot be changed any more. Please write to us."
)
ADDRESS_CHANGED = N_("The address was changed meanwhile. Please look at it and try again.")
OTHER_COUNTRY = N_(
    "In another country shipping and tax differ, so the country cannot be changed here. Cancel the order and place it "
    "again, or write to us."
)
OTHER_STATE = N_(
    "Tax was worked out for this state, so the state cannot be changed here. Please write to us."
)
BUSY = N_("Your order is being handed to the print shop this very moment. Please try again in a minute.")
UNREACHABLE = N_(
    "The print shop cannot be reached right now, so nothing was changed. Please try again in a few minutes."
)


@dataclass(frozen=True)
class May:
    """`cancel_until`: where a window of minutes says so."""

    cancel: bool = False
    change_address: bool = False
    cancel_until: datetime | None = None


def may_of(order: Order, rows: Sequence[FulfilmentOrder], rules: CheckoutRules) -> May:
    """What is offered. What happens when it is asked for is decided under locks."""
    if order.status != "placed" or order.payment_status not in PAID or not rows:
        return May()
    reach = reach_of(rows)
    is_open = bool(reach.free or reach.waiting)
    until = _until(order, rules)
    in_time = rules.buyers_cancel != "never" and (until is None or clock.now() < until)
    return May(
        cancel=is_open and in_time and not reach.made,
        change_address=is_open and bool(order.ship_to.get("country")),
        cancel_until=until if in_time else None,
    )


def _until(order: Order, rules: CheckoutRules) -> datetime | None:
    if rules.buyers_cancel != "minutes":
        return None
    return order.placed_at + timedelta(minutes=rules.cancel_minutes)


def rows_of(session: Session, order_id: int) -> Sequence[FulfilmentOrder]:
    """What is made for the order; nothing is locked."""
    found = select(FulfilmentOrder).where(FulfilmentOrder.order_id == order_id).order_by(FulfilmentOrder.id)
    return [work for work in session.execute(found).scalars() if not is_over(work)]


def cancel_as_buyer(order_id: int) -> bool:
    """Cancelled, and what was paid goes back. False when it was cancelled before.

    Raises IllegalMove, Conflict or OutsideError kinds' words as IllegalMove, each with a sentence for the buyer.
    """
    with transaction() as session:
        order = _get(session, order_id)
        if order.status == "cancelled":
            return False
        rules = rules_of(current_profile().checkout)
        until = _until(order, rules)
        disputed = select(Dispute.id).where(Dispute.order_id == order_id, Dispute.status.in_(OPEN_DISPUTES)).limit(1)
        if rules.buyers_cancel == "never" or order.payment_status not in PAID or session.execute(disputed).first():
            raise IllegalMove(NOT_HERE)
        if until is not None and clock.now() >= until:
            raise IllegalMove(WINDOW_OVER)
        locale = order.locale
    with force_locale(locale):
        why = _("You asked us to cancel it.")
    try:
        cancel_order(order_id, who=WHO, why=why)
    except IllegalMove as error:
        raise IllegalMove(TOO_LATE) from error
    except Conflict as error:
        raise Conflict(BUSY) from error
    except OutsideError as error:
        raise IllegalMove(UNREACHABLE) from error
    with transaction() as session:
        order = _get(session, order_id)
        _tell_shop(
            session,
            order,
            key="cancelled",
            title=lambda: _("Order %(number)s was cancelled by its buyer", number=order.number),
            text=lambda: _("Nothing of it will be made. What was paid goes back."),
        )
    return True


def change_address_as_buyer(
    order_id: int, ship_to: dict[str, Any], phone: str, shown: tuple[dict[str, Any], str]
) -> None:
    """`shown`: what the form was compared with. What waits at the print provider is withdrawn and ordered again.

    Raises IllegalMove or Conflict with a sentence for the buyer. A repeat changes nothing.
    """
    with transaction() as session:
        order = _get(session, order_id)
        check_same_place(order, ship_to)
        new = {**order.ship_to, **ship_to}
        was = ", ".join(address_lines(order.ship_to))
        if (order.ship_to, order.phone) == (new, phone):
            return
    try:
        correct_address(order_id, new, phone, shown=shown, withdraw_waiting=True, who=WHO)
    except IllegalMove as error:
        raise IllegalMove(ADDRESS_TOO_LATE) from error
    except Conflict as error:
        with transaction() as session:
            now = _get(session, order_id)
            is_other = (now.ship_to, now.phone) != shown
        raise Conflict(ADDRESS_CHANGED if is_other else BUSY) from error
    except OutsideError as error:
        raise IllegalMove(UNREACHABLE) from error
    with transaction() as session:
        order = _get(session, order_id)
        _tell_shop(
            session,
            order,
            key=f"address:{clock.now():%Y%m%d%H%M%S}",
            title=lambda: _("The buyer of order %(number)s changed its address", number=order.number),
            text=lambda: _(
                "From %(was)s to %(now)s.", was=was or "–", now=", ".join(address_lines(order.ship_to))
            ),
        )


def check_same_place(order: Order, ship_to: dict[str, Any]) -> None:
    """Shipping and tax were worked out for the country, added tax for its state too. Raises IllegalMove."""
    if ship_to.get("country") != order.ship_to.get("country"):
        raise IllegalMove(OTHER_COUNTRY)
    if order.tax_minor and not order.tax_included and ship_to.get("state", "") != (order.ship_to.get("state") or ""):
        raise IllegalMove(OTHER_STATE)


def _get(session: Session, order_id: int) -> Order:
    order = session.get(Order, order_id, populate_existing=True)
    if order is None:
        raise NotFound("This order does not exist.")
    return order


def _tell_shop(session: Session, order: Order, *, key: str, title: Any, text: Any) -> None:
    profile = current_profile()
    with force_locale(profile.locale):
        facts = {"title": title(), "text": text(), "url": public_url(f"/admin/orders/{order.number}")}
    request_letter(
        session,
        letter="merchant_notice",
        subject_key=f"order:{order.id}:{key}",
        to_email=profile.merchant_email,
        facts=facts,
        locale=profile.locale,
        order_id=order.id,
    )
