"""What a product's page and card show of its reviews, written with each change of what is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shop.catalog.models import Product
from shop.reviews.models import Review
from shop.tenancy.profile import touch_catalog

FIRST = 4  # on the product's own page; the others are a page away
LONGEST = 600  # characters of each there


def recount(session: Session, product_ids: Iterable[int]) -> None:
    """Count again what is shown of these products. Whoever does so holds the product's row, so no count is lost. A
    repeat writes the same. The caller commits."""
    ids = sorted(set(product_ids))
    if not ids:
        return
    session.flush()
    session.execute(select(Product.id).where(Product.id.in_(ids)).order_by(Product.id).with_for_update())
    stars: dict[int, list[int]] = defaultdict(lambda: [0] * 5)
    counted = (
        select(Review.product_id, Review.rating, func.count())
        .where(Review.product_id.in_(ids), Review.status == "shown")
        .group_by(Review.product_id, Review.rating)
    )
    for product_id, rating, count in session.execute(counted):
        stars[product_id][rating - 1] = count
    for product_id in ids:
        mine = stars.get(product_id)
        shown: dict[str, Any] = {"stars": mine, "first": _first(session, product_id)} if mine else {}
        session.execute(
            update(Product)
            .where(Product.id == product_id)
            .values(
                rating_count=sum(mine or ()),
                rating_sum=sum(n * (at + 1) for at, n in enumerate(mine or ())),
                reviews_shown=shown,
            )
            .execution_options(synchronize_session=False)
        )
    touch_catalog(session)


def _first(session: Session, product_id: int) -> list[dict[str, Any]]:
    newest = (
        select(Review)
        .where(Review.product_id == product_id, Review.status == "shown")
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(FIRST)
        .execution_options(populate_existing=True)
    )
    return [facts_of(review, LONGEST) for review in session.execute(newest).scalars()]


def facts_of(review: Review, longest: int = 0) -> dict[str, Any]:
    """A review as pages read it; `longest` cuts its text at a word."""
    body = review.body
    is_cut = bool(longest) and len(body) > longest
    return {
        "id": review.id,
        "rating": review.rating,
        "title": review.title,
        "body": body[:longest].rsplit(" ", 1)[0] + " …" if is_cut else body,
        "cut": is_cut,
        "name": review.name,
        "locale": review.locale,
        "variant": review.variant_title,
        "pictures": review.pictures,
        "at": review.created_at.isoformat(),
        "reply": review.reply,
    }
