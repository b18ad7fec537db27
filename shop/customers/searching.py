"""Find customers: by name, address or telephone, in a view, with filters, in an order; a page and a bounded count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, false, func, literal, literal_column, or_, select
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.core.paging import Page

PER_PAGE = 50
COUNTED_AT_MOST = 10_000
MOST_CHOICES = 200
MOST_TAGGED = 1_000
TABS = {
    "all": "All",
    "bought": "Bought",
    "returning": "Came back",
    "never": "Never bought",
    "mail": "Want mail",
    "erased": "Erased",
}
#: sort → (column, whether the first press sorts downwards)
SORTS: dict[str, tuple[Any, bool]] = {
    "name": (Customer.name, False),
    "orders": (Customer.orders_count, True),
    "spent": (Customer.spent_minor, True),
    "last": (Customer.last_order_at, True),
    "since": (Customer.created_at, True),
}
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Wanted:
    """What is looked for. Amounts in minor units of the customer's own currency; None or "" leaves a filter out."""

    tab: str = "all"
    query: str = ""
    country: str = ""
    consent: str = ""  # yes | no
    tag: str = ""
    orders_from: int | None = None
    orders_to: int | None = None
    spent_from: int | None = None
    spent_to: int | None = None
    last_from: date | None = None
    last_to: date | None = None
    sort: str = "since"
    down: bool = True
    page: int = 1


@dataclass(frozen=True)
class CustomerRow:
    """One line of the list, and of the CSV file."""

    id: int
    name: str
    email: str
    phone: str
    country: str
    locale: str
    tags: list[str]
    accepts_marketing: bool
    orders_count: int
    spent_minor: int
    spent_currency: str
    first_order_at: datetime | None
    last_order_at: datetime | None
    created_at: datetime
    erased_at: datetime | None


_COLUMNS = tuple(getattr(Customer, name) for name in CustomerRow.__dataclass_fields__)


@dataclass(frozen=True)
class Found:
    page: Page[CustomerRow]
    is_more_than_counted: bool


def search_customers(session: Session, wanted: Wanted) -> Found:
    """Two statements, whatever is found."""
    matching = _matching(wanted)
    counted = matching.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED_AT_MOST + 1).subquery()
    total = int(session.execute(select(func.count()).select_from(counted)).scalar_one())
    rows = session.execute(
        matching.with_only_columns(*_COLUMNS)
        .order_by(*_in_order(wanted))
        .offset((wanted.page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    page = Page([CustomerRow(*row) for row in rows], min(total, COUNTED_AT_MOST), wanted.page, PER_PAGE)
    return Found(page, total > COUNTED_AT_MOST)


def customers_after(session: Session, wanted: Wanted, last_id: int, at_most: int) -> list[CustomerRow]:
    """The next rows that fit, in the order of their ids: for a file that is made piece by piece."""
    rows = _matching(wanted).with_only_columns(*_COLUMNS).where(Customer.id > last_id)
    return [CustomerRow(*row) for row in session.execute(rows.order_by(Customer.id).limit(at_most))]


def find_customers(session: Session, query: str, at_most: int) -> list[CustomerRow]:
    """The newest who fit what was typed, uncounted."""
    matching = _matching(Wanted(query=query)).with_only_columns(*_COLUMNS)
    return [CustomerRow(*row) for row in session.execute(matching.order_by(Customer.id.desc()).limit(at_most))]


def list_countries(session: Session) -> list[str]:
    """Codes of the countries that customers bought from: a jump from each to the next one in the index."""
    found = select(func.min(Customer.country).label("code")).where(Customer.country > "").cte("found", recursive=True)
    further = select(func.min(Customer.country)).where(Customer.country > found.c.code).scalar_subquery()
    found = found.union_all(select(further).where(found.c.code.is_not(None)))
    rows = session.execute(select(found.c.code).where(found.c.code.is_not(None)).limit(MOST_CHOICES))
    return sorted(rows.scalars())


def list_tags(session: Session) -> list[str]:
    """Tags of the customers that were tagged last, for the box that suggests them."""
    tagged = (
        select(Customer.tags).where(Customer.tags != []).order_by(Customer.id.desc()).limit(MOST_TAGGED).subquery()
    )
    each = select(func.unnest(tagged.c.tags).label("tag")).subquery()
    return sorted(session.execute(select(each.c.tag).distinct().limit(MOST_CHOICES)).scalars(), key=str.casefold)


def _matching(wanted: Wanted) -> Select[Any]:
    query: Select[Any] = select(Customer).where(Customer.merged_into_id.is_(None))
    query = query.where(Customer.erased_at.is_not(None) if wanted.tab == "erased" else Customer.erased_at.is_(None))
    if wanted.tab == "bought":
        query = query.where(Customer.orders_count > 0)
    elif wanted.tab == "returning":
        query = query.where(Customer.orders_count > 1)
    elif wanted.tab == "never":
        query = query.where(Customer.orders_count == 0)
    elif wanted.tab == "mail":
        query = query.where(Customer.accepts_marketing)
    for condition in _conditions(wanted):
        query = query.where(condition)
    return query.where(_fits(wanted.query)) if wanted.query else query


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.country:
        yield Customer.country == wanted.country
    if wanted.consent:
        yield Customer.accepts_marketing.is_(wanted.consent == "yes")
    if wanted.tag:
        yield Customer.tags.contains([wanted.tag])
    for column, low, high in (
        (Customer.orders_count, wanted.orders_from, wanted.orders_to),
        (Customer.spent_minor, wanted.spent_from, wanted.spent_to),
    ):
        if low is not None:
            yield column >= low
        if high is not None:
            yield column <= high
    if wanted.last_from:
        yield Customer.last_order_at >= datetime.combine(wanted.last_from, time.min, UTC)
    if wanted.last_to:
        yield Customer.last_order_at < datetime.combine(wanted.last_to, time.min, UTC) + timedelta(days=1)


def _in_order(wanted: Wanted) -> tuple[Any, ...]:
    column = SORTS[wanted.sort][0]
    first = column.desc() if wanted.down else column.asc()
    if wanted.sort == "last":
        first = first.nulls_last() if wanted.down else first.nulls_first()
    return first, Customer.id.desc() if wanted.down else Customer.id.asc()


def _sql(text: str) -> ColumnElement[str]:
    return literal_column(text)


_DIGITS = func.regexp_replace(Customer.phone, _sql("'[^0-9]'"), _sql("''"), _sql("'g'"))
#: in the terms of the index ix_customers_words
WORDS = func.to_tsvector(
    _sql("'simple'::regconfig"),
    Customer.name
    + _sql("' '")
    + func.replace(Customer.email, _sql("'@'"), _sql("' '"))
    + _sql("' '")
    + _DIGITS
    + _sql("' r'")
    + func.reverse(_DIGITS),
)


def _fits(typed: str) -> ColumnElement[bool]:
    """The beginning of every word of a name or an address; the beginning or the end of a telephone number."""
    words = re.findall(r"[\w.+-]*\w", typed.replace("@", " "))[:6]
    by_words = _words_fit(words)
    digits = re.sub(r"\D", "", typed) if re.fullmatch(r"[\d\s()+./-]+", typed) else ""
    if len(digits) < 4 or not digits.isascii():
        return by_words
    return or_(by_words, _words_fit([digits]), _words_fit(["r" + digits.lstrip("0")[::-1]]))


def _words_fit(words: list[str]) -> ColumnElement[bool]:
    if not words:
        return false()
    quoted = " & ".join(f"'{word}':*" for word in words)
    found: ColumnElement[bool] = WORDS.op("@@")(func.to_tsquery(_sql("'simple'::regconfig"), quoted))
    return found
