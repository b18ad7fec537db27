"""Gift cards as staff look for them: by the last four signs, an address, a name; page by page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.paging import Page
from shop.promotions.gift_cards.codes import hashes_of, read_code
from shop.promotions.gift_cards.models import GiftCard, GiftCardEntry

PER_PAGE = 50
COUNTED_AT_MOST = 5_000
TABS = {
    "all": "All", "active": "With money", "waiting": "To be sent", "disabled": "Switched off", "over": "Over",
    "channel": "Of other platforms",
}  # fmt: skip


def search_cards(session: Session, tab: str, query: str, page: int) -> tuple[Page[GiftCard], bool]:
    """(a page, whether more than COUNTED_AT_MOST fit); two statements."""
    is_theirs = GiftCard.source == "channel" if tab == "channel" else GiftCard.source != "channel"
    where = [GiftCard.status != "waiting", is_theirs, *_tab(tab), *_query(query)]
    counted = select(GiftCard.id).where(*where).limit(COUNTED_AT_MOST + 1).subquery()
    total = int(session.execute(select(func.count()).select_from(counted)).scalar_one())
    pages = max(1, -(-min(total, COUNTED_AT_MOST) // PER_PAGE))
    page = min(max(1, page), pages)
    rows = session.execute(
        select(GiftCard).where(*where).order_by(GiftCard.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    ).scalars()
    return Page(list(rows), min(total, COUNTED_AT_MOST), page, PER_PAGE), total > COUNTED_AT_MOST


def _tab(tab: str) -> list[ColumnElement[bool]]:
    if tab == "active":
        return [GiftCard.status == "active", GiftCard.balance_minor > 0]
    if tab == "waiting":
        return [GiftCard.status == "active", GiftCard.delivered_at.is_(None), GiftCard.deliver_at.is_not(None)]
    if tab == "disabled":
        return [GiftCard.status == "disabled"]
    if tab == "over":
        return [or_(GiftCard.status == "expired", (GiftCard.status == "active") & (GiftCard.balance_minor == 0))]
    return []


def _query(query: str) -> list[ColumnElement[bool]]:
    """A whole code finds its card; four signs those that end so; anything else is an address or a name."""
    if not query:
        return []
    code = read_code(query)
    if code:
        return [GiftCard.code_hash.in_(hashes_of(code))]
    short = query.strip("•·. -").upper()
    if len(short) == 4 and short.isalnum():
        return [or_(GiftCard.last_four == short, GiftCard.recipient_name.icontains(query, autoescape=True))]
    columns = (GiftCard.recipient_email, GiftCard.buyer_email, GiftCard.recipient_name, GiftCard.sender_name)
    return [or_(*(column.icontains(query, autoescape=True) for column in columns))]


def entries_of(session: Session, card_id: int, page: int) -> Page[Any]:
    """The card's book, newest first: one row a movement, as the balance saw it; two statements."""
    own = (GiftCardEntry.card_id == card_id, GiftCardEntry.account.in_(["free", "spent"]))
    # a capture moves what was held already: it is shown with its "spent" side
    shown = (*own, (GiftCardEntry.account == "free") | (GiftCardEntry.kind == "capture"))
    total = int(session.execute(select(func.count(GiftCardEntry.id)).where(*shown)).scalar_one())
    page = min(max(1, page), max(1, -(-total // PER_PAGE)))
    rows = session.execute(
        select(GiftCardEntry)
        .where(*shown)
        .order_by(GiftCardEntry.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).scalars()
    return Page(list(rows), total, page, PER_PAGE)


def owed(session: Session) -> list[tuple[str, int]]:
    """[(currency, what is on all cards that may still pay)]: what the shop owes their holders."""
    today = clock.now().date()
    asked = (
        select(GiftCard.currency, func.sum(GiftCard.balance_minor))
        .where(
            GiftCard.status.in_(["active", "disabled"]),
            GiftCard.source != "channel",  # their shop owes that
            func.coalesce(GiftCard.expires_on, today) >= today,
        )
        .group_by(GiftCard.currency)
        .order_by(GiftCard.currency)
    )
    return [(currency, int(total)) for currency, total in session.execute(asked) if total]
