"""The list of gift cards, its CSV file, and what is owed on all of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from flask import Response, request, url_for
from sqlalchemy import select

from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.reading_forms import plain_amount
from shop.admin.streaming import stream_csv
from shop.admin.words import money
from shop.core.pages import render
from shop.core.paging import page_number
from shop.extensions import db
from shop.promotions.gift_cards.listing import TABS, owed, search_cards
from shop.promotions.gift_cards.models import GiftCard

AT_ONCE = 500
COLUMNS = (
    "Number", "Last four", "State", "Currency", "Issued for", "Balance", "Came about", "Order", "Recipient",
    "Recipient's e-mail", "Buyer's e-mail", "Made", "Last day", "Letter sent",
)  # fmt: skip


@bp.get("/gift-cards")
@staff_only()
def gift_cards() -> Response:
    args = request.args
    tab = args.get("tab", "") if args.get("tab") in TABS else "all"
    query = re.sub(r"[\x00-\x1f\x7f]", " ", args.get("q", ""))[:100].strip()
    session = db.session()
    listed, is_more = search_cards(session, tab, query, page_number(args.get("page")))

    def link(n: int = 1, to: str = "") -> str:
        to = to or tab
        return url_for(
            "admin.gift_cards", tab=to if to != "all" else None, q=query or None, page=n if n > 1 else None
        )

    return render(
        "admin/gift_cards.html",
        fragment="results",
        page_title="Gift cards",
        listed=listed,
        is_more=is_more,
        query=query,
        tab=tab,
        tabs=[(key, name, link(to=key)) for key, name in TABS.items()],
        urls=page_links(listed, link),
        owed=[money(minor, currency) for currency, minor in owed(session)],
    )


@bp.get("/gift-cards.csv")
@staff_only(May.REFUND)
def gift_cards_csv() -> Response:
    """Every card, without codes."""
    return stream_csv(_parts(), "gift-cards.csv")


def _parts() -> Iterator[str]:
    yield _rows([COLUMNS])
    after = 0
    while True:
        rows = list(
            db.session.execute(
                select(GiftCard)
                .where(GiftCard.id > after, GiftCard.status != "waiting", GiftCard.source != "channel")
                .order_by(GiftCard.id)
                .limit(AT_ONCE)
            ).scalars()
        )
        if not rows:
            return
        after = rows[-1].id
        yield _rows([_cells(card) for card in rows])


def _cells(card: GiftCard) -> tuple[str, ...]:
    return (
        str(card.id), card.last_four, card.status, card.currency, plain_amount(card.initial_minor, card.currency),
        plain_amount(card.balance_minor, card.currency), card.source, str(card.order_id or ""),
        _safe(card.recipient_name), _safe(card.recipient_email), _safe(card.buyer_email),
        card.created_at.isoformat(timespec="seconds"), card.expires_on.isoformat() if card.expires_on else "",
        card.delivered_at.isoformat(timespec="seconds") if card.delivered_at else "",
    )  # fmt: skip


def _safe(text: str) -> str:
    """A spreadsheet must not take it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _rows(rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
