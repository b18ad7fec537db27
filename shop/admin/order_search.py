"""Find orders: by number, e-mail address or name, in a tab, with filters, in an order; one page, a bounded count."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal, literal_column, or_, select
from sqlalchemy.orm import Session

from shop.checkout.countries import known_codes
from shop.core import reading_forms as read
from shop.core.paging import Page, page_number
from shop.core.reading_forms import plain_amount
from shop.errors import InvalidInput
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderLine
from shop.orders.numbers import ALPHABET
from shop.tenancy.profile import current_profile

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
    "archived": "Archived",
}
SORTS = {"placed": "Placed", "customer": "Customer", "total": "Total"}
PAYMENT = ("paid", "partly_refunded", "refunded", "disputed", "unpaid", "failed")
FULFILMENT = ("requested", "submitted", "in_production", "partly_shipped", "shipped", "delivered", "cancelled")


@dataclass(frozen=True)
class Asked:
    """What the address bar asks for; anything unknown is left out. `low` and `high`: amounts in the shop's currency."""

    tab: str = "all"
    query: str = ""
    payment: str = ""
    fulfilment: str = ""
    since: str = ""
    until: str = ""
    channel: str = ""
    country: str = ""
    tag: str = ""
    low: str = ""
    high: str = ""
    sort: str = "placed"
    direction: str = "desc"
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.filters())

    def filters(self) -> dict[str, str]:
        """What is set of the filters, by the name of their field."""
        return {name: value for name in FILTERS if (value := str(getattr(self, name)))}

    def parameters(self, **changes: object) -> dict[str, Any]:
        """For links: only what is set."""
        values: dict[str, object] = {
            "tab": self.tab if self.tab != "all" else "",
            "q": self.query,
            **self.filters(),
            "sort": self.sort if (self.sort, self.direction) != ("placed", "desc") else "",
            "dir": self.direction if self.direction != FIRST_DIRECTION[self.sort] else "",
            "page": self.page if self.page > 1 else "",
            **changes,
        }
        return {k: str(v) for k, v in values.items() if v}


FILTERS = ("payment", "fulfilment", "since", "until", "channel", "country", "tag", "low", "high")
FIRST_DIRECTION = {"placed": "desc", "total": "desc", "customer": "asc"}


def read_asked(args: Mapping[str, str]) -> Asked:
    def one_of(name: str, known: Container[str], otherwise: str = "") -> str:
        value = args.get(name, "")
        return value if value in known else otherwise

    sort = one_of("sort", SORTS, "placed")
    country = args.get("country", "").upper()
    return Asked(
        tab=one_of("tab", TABS, "all"),
        query=_line(args.get("q", ""), 100),
        payment=one_of("payment", PAYMENT),
        fulfilment=one_of("fulfilment", FULFILMENT),
        since=_day(args.get("since", "")),
        until=_day(args.get("until", "")),
        channel=_line(args.get("channel", ""), 40),
        country=country if country in known_codes() else "",
        tag=_line(args.get("tag", ""), 40),
        low=_typed_amount(args, "low"),
        high=_typed_amount(args, "high"),
        sort=sort,
        direction=one_of("dir", ("asc", "desc"), FIRST_DIRECTION[sort]),
        page=min(page_number(args.get("page")), COUNTED_AT_MOST // PER_PAGE),
    )


def _line(raw: str, most: int) -> str:
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", raw)[:most].strip()


def _day(raw: str) -> str:
    try:
        found = date.fromisoformat(raw) if len(raw) == 10 and raw.isascii() else None
    except ValueError:
        return ""
    return found.isoformat() if found and 1970 <= found.year < 2200 else ""


def _typed_amount(args: Mapping[str, str], name: str) -> str:
    """As typed, when it is an amount of money."""
    try:
        found = read.amount(args, name, name, current_profile().currency, required=False)
    except InvalidInput:
        return ""
    return plain_amount(found, current_profile().currency) if args.get(name, "").strip() else ""


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
    id: int
    tags: list[str]
    is_archived: bool


@dataclass(frozen=True)
class Found:
    page: Page[OrderRow]
    is_more_than_counted: bool


def search_orders(session: Session, asked: Asked) -> Found:
    """Two statements, whatever is found. The count stops at COUNTED_AT_MOST."""
    matching = matching_orders(asked)
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
            Order.id,
            Order.tags,
            Order.archived_at.is_not(None),
        )
        .order_by(*_in_order(asked))
        .offset((asked.page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    items = [OrderRow(*row) for row in rows]
    page = Page(items, min(total, COUNTED_AT_MOST), asked.page, PER_PAGE)
    return Found(page, total > COUNTED_AT_MOST)


def _sql(words: str) -> ColumnElement[str]:
    return literal_column(words)


#: in the terms of the index ix_orders_country
COUNTRY: ColumnElement[str] = literal_column("(orders.ship_to ->> 'country'::text)")


#: the words of an order: its buyer's name and address, and its number; in the terms of the index ix_orders_words
WORDS = func.to_tsvector(
    _sql("'simple'::regconfig"),
    Order.customer_name
    + _sql("' '")
    + func.replace(Order.email, _sql("'@'"), _sql("' '"))
    + _sql("' '")
    + func.replace(Order.number, _sql("'-'"), _sql("' '")),
)


def _in_order(asked: Asked) -> list[Any]:
    """The id makes every order of the rows one order, so that no row is on two pages."""
    columns: Any = {"placed": Order.placed_at, "total": Order.store_total_minor, "customer": Order.customer_name}
    column = columns[asked.sort]
    return [column.asc(), Order.id.asc()] if asked.direction == "asc" else [column.desc(), Order.id.desc()]


def matching_orders(asked: Asked) -> Select[Any]:
    """Every order that fits, in no order. All leaves out what is archived, unless something is searched for."""
    query: Select[Any] = select(Order)
    if asked.tab == "archived":
        query = query.where(Order.archived_at.is_not(None))
    elif asked.tab != "all" or not asked.query:
        query = query.where(Order.archived_at.is_(None))
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
    query = _filtered(query, asked)
    if asked.query:
        query = query.where(_fits(asked.query))
    return _asked_alone(query) if asked.query or asked.tag else query


def _asked_alone(query: Select[Any]) -> Select[Any]:
    """The same orders, found before they are put in order: OFFSET 0 keeps the planner from walking the whole list by
    date and looking into each order on the way, when few fit or none."""
    ids = query.with_only_columns(Order.id, maintain_column_froms=True).offset(0).correlate(None)
    return select(Order).where(Order.id.in_(ids))


def _filtered(query: Select[Any], asked: Asked) -> Select[Any]:
    if asked.since:
        query = query.where(Order.placed_at >= _midnight(asked.since))
    if asked.until:
        query = query.where(Order.placed_at < _midnight(asked.until) + timedelta(days=1))
    if asked.channel:
        query = query.where(Order.channel == asked.channel)
    if asked.country:
        query = query.where(COUNTRY.in_([asked.country]))
    if asked.tag:
        query = query.where(Order.tags.contains([asked.tag]))
    currency = current_profile().currency
    if asked.low:
        query = query.where(Order.store_total_minor >= read.amount({"low": asked.low}, "low", "", currency))
    if asked.high:
        query = query.where(Order.store_total_minor <= read.amount({"high": asked.high}, "high", "", currency))
    return query


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


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
