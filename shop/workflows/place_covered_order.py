"""Gift cards pay all of it: the shop itself asks who and where to, and places the order as it does every paid one."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.settings import current_settings
from shop.core.transaction import run_in_transaction
from shop.errors import Conflict, NotFound
from shop.extensions import db
from shop.orders.draft import OrderDraft
from shop.promotions.gift_cards.models import GiftCardUse
from shop.words import mark
from shop.workflows.complete_checkout import place_paid
from shop.workflows.gift_card_payment import facts_of_covered

GONE = mark(
    "This took too long, so your gift card is free again. Please check out again from your cart."
)


def find_covered(reference: str) -> Checkout:
    """The checkout behind the page that asks where to. Raises NotFound for one that is not known or has a payment page
    of its own, Conflict for one that is over."""
    checkout = db.session.execute(select(Checkout).where(Checkout.reference == reference)).scalar_one_or_none()
    if checkout is None or not checkout.is_covered:
        raise NotFound(mark("This checkout is not known. Please start again from your cart."))
    if checkout.order_id is None and not _is_held(db.session(), checkout):
        raise Conflict(GONE)
    return checkout


def place_covered(reference: str, typed: dict[str, str], ship_to: dict[str, str]) -> int:
    """The order's id. `typed`: {"email", "phone"}. A repeat, at once or later, returns the first order. Raises as
    `find_covered`, and Conflict for a country that the delivery was not priced for."""

    def work(session: Session) -> int:
        checkout = session.execute(
            select(Checkout)
            .where(Checkout.reference == reference)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalar_one_or_none()
        if checkout is None or not checkout.is_covered:
            raise NotFound(mark("This checkout is not known. Please start again from your cart."))
        if checkout.order_id is not None:
            return checkout.order_id
        if not _is_held(session, checkout):
            raise Conflict(GONE)
        if ship_to["country"] != country_of(checkout):
            raise Conflict(mark("Delivery was priced for another country. Please choose it in your cart first."))
        is_test = not current_settings().stripe_secret_key.startswith(("sk_live_", "rk_live_"))
        return place_paid(session, checkout, facts_of_covered(checkout, typed, ship_to, is_test)).id

    return int(run_in_transaction(work))


def country_of(checkout: Checkout) -> str:
    """Where delivery was priced for."""
    draft = OrderDraft.from_json(checkout.draft)
    return next((a.source.partition("/")[0] for a in draft.adjustments if a.kind == "shipping"), "")


def _is_held(session: Session, checkout: Checkout) -> bool:
    """Its time is not over, and the cards still hold all of it."""
    held = session.execute(
        select(func.coalesce(func.sum(GiftCardUse.amount_minor), 0)).where(
            GiftCardUse.checkout_id == checkout.id, GiftCardUse.state == "reserved"
        )
    ).scalar_one()
    return checkout.status == "creating" and checkout.expires_at > clock.now() and held == checkout.gift_minor
