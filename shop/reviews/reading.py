"""Reviews as a product's pages show them: one statement a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.catalog.cards import picture_from
from shop.catalog.reading import read

PER_PAGE = 10
SORTS = {"new": "created_at DESC, id DESC", "high": "rating DESC, created_at DESC, id DESC",
         "low": "rating, created_at DESC, id DESC"}  # fmt: skip
_PAGE = """
    SELECT id, rating, title, body, name, locale, variant_title, pictures, created_at, reply FROM reviews
     WHERE product_id = %(product)s AND status = 'shown' AND (%(stars)s = 0 OR rating = %(stars)s)
     ORDER BY {order} LIMIT %(many)s OFFSET %(after)s"""


@dataclass(slots=True)
class ShownReview:
    """`name` is empty where its writer gave none; `is_cut`: there is more of it on the page of reviews."""

    id: int
    rating: int
    title: str
    body: str
    is_cut: bool
    name: str
    locale: str
    variant: str
    pictures: list[dict[str, Any]]
    at: datetime
    reply: str


@dataclass(slots=True)
class Rating:
    """What a product's reviews come to. `rows`: [(stars, how many, their hundredths)], five stars first."""

    count: int
    average: float
    rows: list[tuple[int, int, int]]
    first: list[ShownReview]

    @property
    def more(self) -> int:
        return self.count - len(self.first)


def rating_of(shown: Mapping[str, Any] | None, media_url: str) -> Rating | None:
    """From products.reviews_shown; None while nobody has reviewed it."""
    stars = (shown or {}).get("stars")
    if not shown or not stars or not sum(stars):
        return None
    count = sum(stars)
    rows = [(n, stars[n - 1], round(100 * stars[n - 1] / count)) for n in range(5, 0, -1)]
    first = [_from_facts(facts, media_url) for facts in shown.get("first") or ()]
    return Rating(count, average_of(count, sum(n * (at + 1) for at, n in enumerate(stars))), rows, first)


def average_of(count: int, total: int) -> float:
    """To a tenth, as it is shown."""
    return round(total / count, 1) if count else 0.0


def list_shown(product_id: int, *, stars: int, sort: str, page: int, media_url: str) -> Sequence[ShownReview]:
    """A page of a product's reviews; `stars` 0: all of them."""
    rows = read(
        _PAGE.format(order=SORTS.get(sort, SORTS["new"])),
        {"product": product_id, "stars": stars, "many": PER_PAGE, "after": (page - 1) * PER_PAGE},
    )
    return [
        ShownReview(
            r.id, r.rating, r.title, r.body, False, r.name, r.locale, r.variant_title,
            shown_pictures(r.pictures, media_url), r.created_at, r.reply,
        )
        for r in rows
    ]  # fmt: skip


def shown_pictures(pictures: Sequence[Mapping[str, Any]], media_url: str) -> list[dict[str, Any]]:
    return [shown for shown in (picture_from(p, media_url) for p in pictures) if shown]


def _from_facts(facts: Mapping[str, Any], media_url: str) -> ShownReview:
    return ShownReview(
        facts["id"], facts["rating"], facts["title"], facts["body"], facts["cut"], facts["name"], facts["locale"],
        facts["variant"], shown_pictures(facts["pictures"], media_url), datetime.fromisoformat(facts["at"]),
        facts["reply"],
    )  # fmt: skip
