"""Find orders: by number, e-mail address or name, in a tab, with filters; one page, a bounded count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal, literal_column, or_, select
from sqlalchemy.orm import Session

from shop.core.paging import Page, page_number
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderLine
from shop.orders.numbers import ALPHABET

PER_PAGE = 50
COUNTED_AT_MOST = 5_000
TABS = {
    "all": "All",
    "open": "To do",
    "production": "In production",
    "shipped": "Shipped",
    "held": "On hold",
    "disputed": "Disputed",
    "cancelled": "Cancelled",
}
PAYMENT = ("paid", "partly_refunded", "refunded", "disputed", "unpaid", "failed")
FULFILMENT = ("requested", "submitted", "in_production", "partly_shipped", "shipped", "delivered", "cancelled")


@dataclass(frozen=True)
class Asked:
    """What the address bar asks for; anything unknown is left out."""

    tab: str
    query: str
    payment: str
    fulfilment: str
    page: int

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.payment or self.fulfilment)

    def parameters(self, **changes: object) -> dict[str, Any]:
        """For links: only what is set."""
        values: dict[str, object] = {
            "tab": self.tab if self.tab != "all" else "",
            "q": self.query,
            "payment": self.payment,
            "fulfilment": self.fulfilment,
            "page": self.page if self.page > 1 else "",
            **changes,
        }
        return {k: str(v) for k, v in values.items() if v}


def read_asked(args: Mapping[str, str]) -> Asked:
    tab, payment, fulfilment = args.get("tab", ""), args.get("payment", ""), args.get("fulfilment", "")
    return Asked(
        tab=tab if tab in TABS else "all",
        query=re.sub(r"[\x00-\x1f\x7f]", " ", args.get("q", ""))[:100].strip(),
        payment=payment if payment in PAYMENT else "",
        fulfilment=fulfilment if fulfilment in FULFILMENT else "",
        page=min(page_number(args.get("page")), COUNTED_AT_MOST // PER_PAGE),
    )


@dataclass(frozen=True)
class OrderRow:
    """One line of the list."""

    number: str
    placed_at: datetime
    customer: str
    email: str
    country: str
    total_minor: int
    currency: str
    status: str
    payment_status: str
    fulfilment_status: str
    items: int
    is_test: bool


@dataclass(frozen=True)
class Found:
    page: Page[OrderRow]
    is_more_than_counted: bool


def search_orders(session: Session, asked: Asked) -> Found:
    """Newest first; two statements, whatever is found. The count stops at COUNTED_AT_MOST."""
    matching = _matching(asked)
    counted = matching.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED_AT_MOST + 1).subquery()
    total = int(session.execute(select(func.count()).select_from(counted)).scalar_one())
    lines = (
        select(func.coalesce(func.sum(OrderLine.quantity), 0)).where(OrderLine.order_id == Order.id).scalar_subquery()
    )
    rows = session.execute(
        matching.with_only_columns(
            Order.number,
            Order.placed_at,
            Order.customer_name,
            Order.email,
            Order.ship_to["country"].astext,
            Order.total_minor,
            Order.currency,
            Order.status,
            Order.payment_status,
            Order.fulfilment_status,
            lines,
            Order.is_test,
        )
        .order_by(Order.placed_at.desc(), Order.id.desc())
        .offset((asked.page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    items = [OrderRow(*row) for row in rows]
    page = Page(items, min(total, COUNTED_AT_MOST), asked.page, PER_PAGE)
    return Found(page, total > COUNTED_AT_MOST)


def _sql(text: str) -> ColumnElement[str]:
    return literal_column(text)


#: the words of an order: its buyer's name and address, and its number; in the terms of the index ix_orders_words
WORDS = func.to_tsvector(
    _sql("'simple'::regconfig"),
    Order.customer_name
    + _sql("' '")
    + func.replace(Order.email, _sql("'@'"), _sql("' '"))
    + _sql("' '")
    + func.replace(Order.number, _sql("'-'"), _sql("' '")),
)


def _matching(asked: Asked) -> Select[Any]:
    query: Select[Any] = select(Order)
    if asked.tab == "open":
        query = query.where(Order.fulfilment_status.in_(["requested", "submitted"]), Order.status == "placed")
    elif asked.tab == "production":
        query = query.where(Order.fulfilment_status.in_(["in_production", "partly_shipped"]), Order.status == "placed")
    elif asked.tab == "shipped":
        query = query.where(Order.fulfilment_status.in_(["shipped", "delivered"]))
    elif asked.tab == "disputed":
        query = query.where(Order.payment_status == "disputed")
    elif asked.tab == "cancelled":
        query = query.where(Order.status == "cancelled")
    elif asked.tab == "held":
        held = select(FulfilmentOrder.order_id).where(
            FulfilmentOrder.is_held.is_(True), FulfilmentOrder.work_state == "parked"
        )
        query = query.where(Order.id.in_(held))
    if asked.payment:
        query = query.where(Order.payment_status == asked.payment)
    if asked.fulfilment:
        query = query.where(Order.fulfilment_status == asked.fulfilment)
    return query.where(_fits(asked.query)) if asked.query else query


def _fits(typed: str) -> ColumnElement[bool]:
    """The beginning of every word of a name, an address or a number; a number also without its hyphen."""
    signs = re.sub(r"[\s-]", "", typed).upper()
    if 2 <= len(signs) <= 8 and all(c in ALPHABET for c in signs):
        return or_(_words_fit(typed), _words_fit(f"{signs[:4]} {signs[4:]}"))
    return _words_fit(typed.replace("@", " "))


def _words_fit(typed: str) -> ColumnElement[bool]:
    words = re.findall(r"[\w.+-]*\w", typed)[:6]
    if not words:
        return false()
    quoted = " & ".join(f"'{word}':*" for word in words)
    found: ColumnElement[bool] = WORDS.op("@@")(func.to_tsquery(_sql("'simple'::regconfig"), quoted))
    return found
