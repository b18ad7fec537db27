"""Somebody buys a gift card: a checkout of its own, for the card alone.

It is a voucher for many purposes: no tax when it is sold (the tax falls due when it pays for goods), nothing to send,
no discount, and no gift card pays for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from shop.checkout.models import Checkout
from shop.checkout.quoting import content_hash
from shop.core import clock
from shop.core.settings import current_settings
from shop.core.transaction import run_in_transaction
from shop.errors import InvalidInput, NotFound
from shop.orders.draft import DraftLine, OrderDraft
from shop.promotions.gift_cards.issuing import last_day
from shop.promotions.gift_cards.models import GiftCard
from shop.tenancy.gift_card_rules import gift_card_rules
from shop.tenancy.profile import Profile, current_profile
from shop.words import mark
from shop.workflows.start_checkout import StartedCheckout, open_page


@dataclass(frozen=True)
class GiftWish:
    """What the buyer filled in. Without `recipient_email` the card is the buyer's to print and hand over."""

    amount_minor: int
    recipient_name: str = ""
    recipient_email: str = ""
    sender_name: str = ""
    message: str = ""
    deliver_at: datetime | None = None


def buy_gift_card(wish: GiftWish, *, locale: str) -> StartedCheckout:
    """To the payment page. Raises NotFound while the shop sells none, InvalidInput for an amount it does not sell,
    OutsideError kinds when the gateway cannot be asked."""
    profile = current_profile()
    rules = gift_card_rules(profile.gift_cards)
    if not rules.on:
        raise NotFound(mark("This shop sells no gift cards at the moment."))
    if not rules.allows(wish.amount_minor):
        raise InvalidInput(fields={"amount": mark("Please choose one of the amounts.")})
    checkout_id = run_in_transaction(lambda session: _freeze(session, wish, profile, rules.months, locale))
    return open_page(checkout_id, profile)


def _freeze(session: Session, wish: GiftWish, profile: Profile, months: int, locale: str) -> int:
    with force_locale(locale):
        title = _("Gift card")
        to = _("For %(name)s", name=wish.recipient_name) if wish.recipient_name else ""
    line = DraftLine(
        product_id=None,
        variant_id=None,
        title=title,
        variant_title=to,
        sku="",
        quantity=1,
        unit_minor=wish.amount_minor,
        printable={"gift_card": True, "handed_over": True},  # nothing of it is printed on anything
    )
    draft = OrderDraft(currency=profile.currency, lines=(line,), adjustments=(), shipping_method="", locale=locale)
    checkout = Checkout(
        content_hash=content_hash(draft, clock.now()),
        draft=draft.to_json(),
        currency=draft.currency,
        total_minor=draft.total_minor,
        locale=locale,
        expires_at=clock.now() + timedelta(minutes=current_settings().checkout_expires_minutes, seconds=60),
        polled_at=clock.now(),
    )
    session.add(checkout)
    session.flush()
    at_once = clock.now() if wish.recipient_email else None
    card = GiftCard(
        currency=draft.currency,
        initial_minor=wish.amount_minor,
        source="bought",
        expires_on=last_day(months),
        checkout_id=checkout.id,
        recipient_name=wish.recipient_name,
        recipient_email=wish.recipient_email,
        sender_name=wish.sender_name,
        message=wish.message,
        locale=locale,
        deliver_at=wish.deliver_at if wish.recipient_email and wish.deliver_at else at_once,
    )
    session.add(card)
    session.flush()
    return checkout.id
