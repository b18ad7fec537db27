"""The list of reviews: what waits to be read first; many shown or hidden at once; the list as a CSV file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, Response, current_app, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.customers.list import quoted
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.reviews.searching import TABS, Wanted, count_waiting, reviews_after, search_reviews
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import page_number
from shop.core.settings import current_settings
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.reviews.moderating import MOST_AT_ONCE, REASONS
from shop.reviews.reading import shown_pictures
from shop.reviews.rules import review_rules
from shop.tenancy.profile import current_profile
from shop.workflows.moderate_reviews import moderate

AT_ONCE = 500  # read for the file
MOST_PAGES = 1000
COLUMNS = (
    "Review", "Product", "Variant", "Order", "Stars", "Title", "Text", "Name", "Language", "Pictures", "State",
    "Hidden because", "Answer", "Written", "Changed",
)  # fmt: skip


def read_wanted(args: Mapping[str, str]) -> Wanted:
    """What the address asks for; anything that cannot be understood is left out."""
    product = args.get("product", "")
    return Wanted(
        tab=args.get("tab", "") if args.get("tab") in TABS else "waiting",
        query=re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", args.get("q", ""))[:100].strip(),
        stars=int(args["stars"]) if args.get("stars") in ("1", "2", "3", "4", "5") else 0,
        product_id=int(product) if product.isascii() and product.isdigit() and len(product) < 16 else None,
        pictures=args.get("pictures") == "1",
        page=min(page_number(args.get("page")), MOST_PAGES),
    )


def parameters(wanted: Wanted, **changes: object) -> dict[str, Any]:
    """For links: only what is set."""
    values: dict[str, object] = {
        "tab": wanted.tab if wanted.tab != "waiting" else "",
        "q": wanted.query,
        "stars": wanted.stars or "",
        "product": wanted.product_id if wanted.product_id is not None else "",
        "pictures": "1" if wanted.pictures else "",
        "page": wanted.page if wanted.page > 1 else "",
        **changes,
    }
    return {name: str(value) for name, value in values.items() if value}


@bp.get("/reviews")
@staff_only()
def reviews() -> Response:
    wanted = read_wanted(request.args)
    session = db.session()
    found = search_reviews(session, wanted)
    media_url = current_settings().media_url.rstrip("/")

    def link(**changes: object) -> str:
        return url_for("admin.reviews", **parameters(wanted, **changes))

    return render(
        "admin/reviews.html",
        fragment="results",
        page_title="Reviews",
        wanted=wanted,
        found=found,
        pictures={row.Review.id: shown_pictures(row.Review.pictures, media_url) for row in found.items},
        waiting=count_waiting(session),
        is_on=review_rules(current_profile().reviews).is_on,
        is_narrowed=bool(wanted.query or wanted.stars or wanted.product_id or wanted.pictures),
        reasons=list(REASONS.items()),
        states=STATES,
        hidden=parameters(wanted, q="", stars="", pictures="", page=""),
        kept=parameters(wanted),
        tabs=[(key, name, link(tab=key if key != "waiting" else "", page="")) for key, name in TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
        csv_url=url_for("admin.reviews_csv", **parameters(wanted, page="")),
    )


STATES = {"waiting": ("Waiting", "waiting"), "shown": ("Shown", "done"), "hidden": ("Hidden", "needs")}


@bp.post("/reviews")
@staff_only(May.SUPPORT)
def moderate_reviews() -> BaseResponse:
    """Show or hide the chosen ones (`review`: "id:revision", as often as there are)."""

    def work() -> str:
        chosen = _chosen(request.form.getlist("review"))
        return told(*decided(chosen))

    return press(work, done="", back=url_for("admin.reviews", **parameters(read_wanted(request.form))))


def decided(chosen: Mapping[int, int]) -> tuple[int, int, str]:
    """(how many changed, of how many, "shown" or "hidden") after what the form says. Raises InvalidInput."""
    status = read.choice(request.form, "do", "Show or hide", ("shown", "hidden"))
    why = read.choice(request.form, "why", "The reason", REASONS) if status == "hidden" else ""
    return moderate(chosen, status, why), len(chosen), status


def told(changed: int, asked: int, status: str) -> str:
    words = "1 review is" if changed == 1 else f"{changed} reviews are"
    said = f"{words} {'on the page now' if status == 'shown' else 'hidden'}."
    if changed < asked:
        said += f" {asked - changed} stood so already, or changed while you were reading: look again."
    return said


def _chosen(raw: list[str]) -> dict[int, int]:
    found = {}
    for pair in raw[: MOST_AT_ONCE + 1]:
        review_id, _, revision = pair.partition(":")
        if not (review_id.isascii() and review_id.isdigit() and revision.isascii() and revision.isdigit()):
            raise InvalidInput("Choose at least one review first.")
        if len(review_id) > 15 or len(revision) > 8:
            raise InvalidInput("Choose at least one review first.")
        found[int(review_id)] = int(revision)
    if not found:
        raise InvalidInput("Choose at least one review first.")
    if len(found) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} reviews at once.")
    return found


@bp.get("/reviews.csv")
@staff_only(May.SUPPORT)
def reviews_csv() -> BaseResponse:
    """Everything in the view, piece by piece."""
    wanted = read_wanted(request.args)
    with transaction() as session:
        note_change(session, "export reviews", "reviews", {}, {"kind": wanted.tab})
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    answer = Response(_csv(app, wanted), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="reviews-{clock.now():%Y-%m-%d}.csv"'
    return answer


def _csv(app: Flask, wanted: Wanted) -> Iterator[str]:
    """Each piece in a context of its own, so that a slow reader holds no connection."""
    yield "\ufeff" + _csv_line(COLUMNS)
    last = 0
    while True:
        with app.app_context():
            rows = reviews_after(db.session(), wanted, last, AT_ONCE)
            text = "".join(_csv_line(_cells(row)) for row in rows)
        yield text
        if len(rows) < AT_ONCE:
            return
        last = rows[-1].Review.id


def _cells(row: Row[Any]) -> tuple[object, ...]:
    review = row.Review
    return (
        review.id, quoted(row.title), quoted(review.variant_title), row.number, review.rating, quoted(review.title),
        quoted(review.body), quoted(review.name), review.locale, len(review.pictures), review.status,
        REASONS.get(review.hidden_why, ""), quoted(review.reply), f"{review.created_at:%Y-%m-%d}",
        f"{review.changed_at:%Y-%m-%d}",
    )  # fmt: skip


def _csv_line(cells: tuple[object, ...]) -> str:
    held = io.StringIO()
    csv.writer(held).writerow(cells)
    return held.getvalue()
