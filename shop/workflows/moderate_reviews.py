"""Staff decide about reviews, or answer one; the pages that show them follow within a second."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from shop.accounts.auditing import note_change
from shop.core.transaction import run_in_transaction
from shop.errors import NotFound
from shop.reviews.models import Review
from shop.reviews.moderating import answer, decide
from shop.reviews.recounting import recount


def moderate(chosen: Mapping[int, int], status: str, why: str = "") -> int:
    """Show or hide reviews {id: the revision that was read}; how many changed. A repeat changes none."""

    def work(session: Session) -> int:
        changed = decide(session, chosen, status, why)
        recount(session, {product_id for _review_id, product_id in changed})
        for review_id, product_id in changed:
            note_change(
                session, f"review {review_id} {status}", f"product {product_id}", {}, {"status": status, "why": why}
            )
        return len(changed)

    return run_in_transaction(work)


def reply_to_review(review_id: int, reply: str) -> None:
    """The shop's public answer; empty takes it back. Raises NotFound."""

    def work(session: Session) -> None:
        review = session.get(Review, review_id, with_for_update=True, populate_existing=True)
        if review is None:
            raise NotFound("This review is gone: its writer deleted it.")
        answer(session, review, reply)
        if review.status == "shown":
            recount(session, [review.product_id])

    run_in_transaction(work)
