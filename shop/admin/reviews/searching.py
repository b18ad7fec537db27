"""Find reviews for the panel's list and file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, func, select, text
from sqlalchemy.orm import Session

from shop.catalog.models import Product
from shop.core.paging import Page
from shop.orders.models import Order
from shop.reviews.models import WORDS, Review

PER_PAGE = 30
TABS = {"waiting": "Waiting", "shown": "Shown", "hidden": "Hidden", "all": "All"}


@dataclass(frozen=True)
class Wanted:
    """`stars` 0: any; `product_id` None: any; `pictures`: only those with some."""

    tab: str = "waiting"
    query: str = ""
    stars: int = 0
    product_id: int | None = None
    pictures: bool = False
    page: int = 1


def search_reviews(session: Session, wanted: Wanted) -> Page[Row[Any]]:
    """Rows (Review, product's title, its address, order's number), what changed last first. Two statements."""
    matching = _matching(wanted)
    total = int(session.execute(select(func.count()).select_from(Review).where(*matching)).scalar_one())
    rows = session.execute(
        _rows()
        .where(*matching)
        .order_by(Review.changed_at.desc(), Review.id.desc())
        .offset((wanted.page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    return Page(rows, total, wanted.page, PER_PAGE)


def reviews_after(session: Session, wanted: Wanted, last: int, many: int) -> Sequence[Row[Any]]:
    """The same by id, for the file."""
    rows = _rows().where(*_matching(wanted), Review.id > last).order_by(Review.id).limit(many)
    found: Sequence[Row[Any]] = session.execute(rows).all()
    return found


def find_row(session: Session, review_id: int) -> Row[Any] | None:
    found: Row[Any] | None = session.execute(_rows().where(Review.id == review_id)).first()
    return found


def waiting_reviews() -> ScalarSelect[int]:
    """How many are to be read, for one statement with others: an index holds the answer."""
    return select(func.count()).where(Review.status == "waiting").scalar_subquery()


def count_waiting(session: Session) -> int:
    return int(session.execute(select(waiting_reviews())).scalar_one())


def _rows() -> Any:
    return (
        select(Review, Product.title, Product.slug, Product.status, Order.number)
        .join(Product, Product.id == Review.product_id)
        .join(Order, Order.id == Review.order_id)
    )


def _matching(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.tab != "all":
        found.append(Review.status == wanted.tab)
    if wanted.stars:
        found.append(Review.rating == wanted.stars)
    if wanted.product_id is not None:
        found.append(Review.product_id == wanted.product_id)
    if wanted.pictures:
        found.append(Review.has_pictures.is_(True))
    if wanted.query:
        words = " & ".join(f"{word}:*" for word in _words(wanted.query))
        clause = text(f"{WORDS.replace('title::', 'reviews.title::')} @@ to_tsquery('simple', :words)")
        found.append(clause.bindparams(words=words) if words else text("false"))  # type: ignore[arg-type]
    return found


def _words(query: str) -> list[str]:
    kept = "".join(c if c.isalnum() else " " for c in query)
    return kept.split()[:8]
