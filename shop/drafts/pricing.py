"""What a draft costs now: the same prices, shipping and taxes as a cart with the same things in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.cart.pricing import PricedLine, Wanted, price_wanted
from shop.checkout.quoting import Quote, draft_of, quote_cart
from shop.checkout.shipping import read_rates
from shop.core.money import payable, share_of
from shop.drafts.models import DraftItem, DraftOrder
from shop.orders.draft import OrderDraft
from shop.promotions.gift_cards.splitting import PaidByCards
from shop.promotions.reading import Promotions
from shop.tenancy.currencies import pricing_for
from shop.tenancy.profile import Profile


@dataclass(frozen=True)
class PricedItem:
    """`list_minor`: the catalogue's price now; `line` has the price for this customer."""

    item: DraftItem
    line: PricedLine
    list_minor: int

    @property
    def has_moved(self) -> bool:
        return self.list_minor != self.item.seen_minor


@dataclass(frozen=True)
class PricedDraft:
    items: tuple[PricedItem, ...]
    quote: Quote
    is_all_handed: bool
    paid_by_cards: PaidByCards = field(default_factory=PaidByCards)
    not_offered: str = ""  # its currency, where the shop does not sell in it any more

    @property
    def problem(self) -> str | None:
        """A sentence for staff when it cannot be sent or paid."""
        if not self.items:
            return "Add something first."
        if self.not_offered:
            return f"The shop does not sell in {self.not_offered} any more. Make a new draft, or offer it again."
        if any(not item.line.available for item in self.items):
            return "Something in it cannot be bought any more. Take it out."
        return "It cannot be sent to this country." if self.quote.chosen is None else None

    @property
    def payable_minor(self) -> int:
        """What is left for cash or the terminal."""
        return self.quote.total_minor - self.paid_by_cards.minor

    @property
    def moved(self) -> tuple[PricedItem, ...]:
        return tuple(item for item in self.items if item.has_moved)


def read_items(session: Session, draft_id: int) -> Sequence[DraftItem]:
    rows = session.execute(select(DraftItem).where(DraftItem.draft_id == draft_id).order_by(DraftItem.id))
    return rows.scalars().all()


#: finds the discounts of a draft's codes for its lines
Finder = Callable[[Sequence[PricedLine]], Promotions | None]


def price_draft(
    session: Session, draft: DraftOrder, profile: Profile, *, table_tax: bool, find: Finder | None = None
) -> PricedDraft:
    """Three statements, however many things are in it, and those of `find`."""
    pricing = pricing_for(profile, draft.currency)
    items = {item.id: item for item in read_items(session, draft.id)}
    wanted = [Wanted(i.id, i.variant_id, i.quantity, i.seen_minor) for i in items.values()]
    listed = price_wanted(session, wanted, pricing)
    lines = [replace(line, unit_minor=_unit(draft, items[line.id], line.unit_minor, pricing.code)) for line in listed]
    handed = frozenset(item.id for item in items.values() if item.handed_over)
    all_handed = bool(items) and len(handed) == len(items)
    country = profile.country if all_handed else str(draft.ship_to.get("country") or profile.country)
    quote = quote_cart(
        lines,
        read_rates(session, lines, country, profile.currency),
        profile,
        country=country,
        method=draft.shipping_method,
        table_tax=table_tax,
        handed_over=handed,
        promotions=find(lines) if find is not None else None,
        pricing=pricing,
    )
    priced = tuple(
        PricedItem(items[line.id], line, before.unit_minor) for line, before in zip(lines, listed, strict=True)
    )
    not_offered = "" if pricing.code == draft.currency else draft.currency
    return PricedDraft(priced, quote, all_handed, not_offered=not_offered)


def order_draft(draft: DraftOrder, priced: PricedDraft, *, channel: str) -> OrderDraft:
    """Frozen, as `place_order` takes it. `priced` has no problem."""
    return draft_of(priced.quote, note=draft.note, locale=draft.locale, channel=channel)


def reasons(draft: DraftOrder, priced: PricedDraft) -> list[str]:
    """Why somebody pays less (or more) than the catalogue says, for the order's story."""
    told = []
    for item in priced.items:
        if item.line.unit_minor != item.list_minor:
            why = item.item.reason or draft.reason
            told.append(f"{item.line.title} ({item.line.variant_title}): a price of its own{f': {why}' if why else ''}")
    return told


def _unit(draft: DraftOrder, item: DraftItem, listed: int, currency: str) -> int:
    if item.own_minor is not None:
        return item.own_minor
    percent = item.percent_off or draft.percent_off
    return payable(listed - share_of(listed, Decimal(percent)), currency) if percent else listed
