"""What staff may do with a review: show it, hide it for a reason, answer it. Its words are its writer's alone."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.core import clock
from shop.reviews.models import Review

MOST_AT_ONCE = 200
MOST_REPLY = 2000
#: a bad opinion is none of them: whoever hides what is bad misleads (Directive 2005/29/EC, annex I, 23c)
REASONS = {
    "spam": "Advertising, or not written by a buyer",
    "offensive": "Insulting, hateful or obscene",
    "personal": "Names or shows somebody else",
    "unlawful": "Breaks the law or somebody’s rights",
    "off_topic": "Not about this product",
    "asked": "Its writer asked for it",
}


def decide(session: Session, chosen: Mapping[int, int], status: str, why: str = "") -> list[tuple[int, int]]:
    """Show or hide reviews {id: the revision that was read}. [(id, product)] of those that changed: not those that
    stand so already, nor those their writers changed meanwhile. The caller recounts the products and commits."""
    changed: list[tuple[int, int]] = []
    for review_id, revision in sorted(chosen.items()):
        found = session.execute(
            update(Review)
            .where(
                Review.id == review_id,
                Review.revision == revision,
                (Review.status != status) | (Review.hidden_why != why),
            )
            .values(status=status, hidden_why=why, decided_at=clock.now())
            .returning(Review.product_id)
            .execution_options(synchronize_session=False)
        ).scalar()
        if found is not None:
            changed.append((review_id, int(found)))
    return changed


def answer(session: Session, review: Review, reply: str) -> None:
    """The shop's public answer; empty takes it back. The caller recounts the product and commits."""
    review.reply = reply
    review.replied_at = clock.now() if reply else None
