"""Write a review down, or change it. Who may do so is for workflows/write_review.py to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from shop.core import clock
from shop.reviews.models import Review
from shop.reviews.rules import ReviewRules, is_shown_at_once

MOST_TITLE, MOST_BODY, MOST_NAME, MOST_PICTURES = 120, 4000, 60, 4


@dataclass(frozen=True)
class Written:
    """What its writer says: clean texts, within the limits above."""

    rating: int
    title: str
    body: str
    name: str
    locale: str
    pictures: Sequence[dict[str, Any]] = field(default_factory=list)


def write(
    session: Session,
    rules: ReviewRules,
    found: Review | None,
    said: Written,
    *,
    order_id: int,
    product_id: int,
    variant_title: str,
) -> tuple[Review, bool]:
    """(the review, whether something is new). The same again changes nothing; a change is decided about afresh.

    The caller holds the order's row, recounts the product, and commits.
    """
    facts = {
        "rating": said.rating,
        "title": said.title,
        "body": said.body,
        "name": said.name,
        "pictures": list(said.pictures)[:MOST_PICTURES],
    }
    if found is not None and all(getattr(found, name) == value for name, value in facts.items()):
        return found, False
    review = found or Review(order_id=order_id, product_id=product_id, variant_title=variant_title[:200], revision=0)
    for name, value in facts.items():
        setattr(review, name, value)
    review.locale = said.locale
    review.has_pictures = bool(facts["pictures"])
    review.revision += 1
    review.changed_at = clock.now()
    shown = is_shown_at_once(rules, said.rating, f"{said.title} {said.body} {said.name}", review.has_pictures)
    review.status, review.hidden_why = "shown" if shown else "waiting", ""
    review.decided_at = clock.now() if shown else None
    session.add(review)
    session.flush()
    return review, True


def keys_of(pictures: Sequence[dict[str, Any]]) -> set[str]:
    """The files behind these pictures."""
    return {str(key) for p in pictures for sizes in (p.get("renditions") or {}).values() for _width, key in sizes}
