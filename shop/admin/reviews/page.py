"""One review: all of it, what staff may do with it, and the shop's answer."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.reviews.list import STATES, decided, told
from shop.admin.reviews.searching import find_row
from shop.admin.stale import marks_of, meet
from shop.core.pages import render
from shop.core.settings import current_settings
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.reviews.moderating import MOST_REPLY, REASONS
from shop.reviews.reading import shown_pictures
from shop.workflows.moderate_reviews import reply_to_review
from shop.workflows.write_review import delete_review

GONE = "There is no such review. Its writer may have deleted it."


@bp.get("/reviews/<int:review_id>")
@staff_only()
def review(review_id: int) -> Response:
    return _page(review_id)


def _page(
    review_id: int,
    *,
    typed: str | None = None,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    row = find_row(db.session(), review_id)
    if row is None:
        raise NotFound(GONE)
    return render(
        "admin/review.html",
        status=status,
        page_title=f"Review of {row.title}",
        row=row,
        review=row.Review,
        pictures=shown_pictures(row.Review.pictures, current_settings().media_url.rstrip("/")),
        state=STATES[row.Review.status],
        reasons=list(REASONS.items()),
        reason=REASONS.get(row.Review.hidden_why, ""),
        reply=row.Review.reply if typed is None else typed,
        marks=marks_of({"reply": row.Review.reply}),
        errors=errors or {},
        changed=changed,
        most_reply=MOST_REPLY,
    )


@bp.post("/reviews/<int:review_id>")
@staff_only(May.SUPPORT)
def moderate_review(review_id: int) -> BaseResponse:
    """Show or hide it, as it was read (`revision`)."""
    raw = request.form.get("revision", "")

    def work() -> str:
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 8):
            raise InvalidInput("That form was not whole. Press the button again.")
        return told(*decided({review_id: int(raw)}))

    if find_row(db.session(), review_id) is None:
        raise NotFound(GONE)
    return press(work, done="", back=url_for("admin.review", review_id=review_id))


@bp.post("/reviews/<int:review_id>/reply")
@staff_only(May.SUPPORT)
def reply_review(review_id: int) -> Response | BaseResponse:
    row = find_row(db.session(), review_id)
    if row is None:
        raise NotFound(GONE)
    stored: dict[str, Any] = {"reply": row.Review.reply}
    typed = request.form.get("reply", "")[: MOST_REPLY * 2].replace("\0", "")
    try:
        reply = read.text(request.form, "reply", "The answer", MOST_REPLY, required=False, lines=True)
    except InvalidInput as error:
        return _page(review_id, typed=typed, errors=error.fields, status=422)
    if stored["reply"] != reply and meet(stored, {"reply": reply}, request.form.get("marks", "")).changed:
        return _page(review_id, typed=typed, changed={"The answer": stored["reply"]}, status=409)
    reply_to_review(review_id, reply)
    flash("The answer is saved." if reply else "The answer is taken back.", "good")
    return redirect(url_for("admin.review", review_id=review_id), 303)


@bp.post("/reviews/<int:review_id>/delete")
@staff_only(May.PRIVACY)
def remove_review(review_id: int) -> BaseResponse:
    """For good, with its pictures: when its writer or somebody shown in it asks."""
    if request.form.get("sure") != "1":
        flash("Tick the box first: a deleted review does not come back.", "bad")
        return redirect(url_for("admin.review", review_id=review_id), 303)
    return press(
        lambda: delete_review(review_id),
        done="The review and its pictures are deleted.",
        back=url_for("admin.reviews"),
    )
