"""Everything that stopped: what, why, what to do; its story; try again, all at once if wanted; give up."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.failure_facts import facts_of
from shop.admin.failure_story import story_of
from shop.admin.machine_state import NAMES
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.core.paging import page_number
from shop.errors import InvalidInput
from shop.extensions import db
from shop.workflows.list_failures import (
    KINDS,
    count_parked,
    get_failure,
    give_up,
    list_failures,
    try_again,
)
from shop.workflows.settle_failures import all_shown, give_up_all, try_all_again

PER_PAGE = 50


@bp.get("/failures")
@staff_only()
def failures() -> Response | BaseResponse:
    """`?row=letters:17` (from the merchant's letter) opens that one."""
    pointed = _row_of(request.args.get("row", ""))
    if pointed is not None:
        return failure(*pointed)
    session = db.session()
    kind = request.args.get("kind", "") if request.args.get("kind") in KINDS else ""
    retrying = request.args.get("state") == "retrying"
    page = min(page_number(request.args.get("page")), 200)
    rows = list_failures(session, kind=kind, retrying=retrying, offset=(page - 1) * PER_PAGE, limit=PER_PAGE + 1)
    counts = count_parked(session)

    def link(n: int) -> str:
        values: dict[str, Any] = {"kind": kind, "state": "retrying" if retrying else "", "page": n if n > 1 else ""}
        return url_for("admin.failures", **{k: v for k, v in values.items() if v})

    return render(
        "admin/failures.html",
        page_title="Failures",
        rows=rows[:PER_PAGE],
        retrying=retrying,
        kind=kind,
        names=NAMES,
        counts=counts,
        total=sum(counts.values()),
        counts_here=counts.get(kind, 0) if kind else sum(counts.values()),
        previous_url=link(page - 1) if page > 1 else None,
        next_url=link(page + 1) if len(rows) > PER_PAGE else None,
    )


@bp.get("/failures/<kind>/<int:row_id>")
@staff_only()
def failure(kind: str, row_id: int) -> Response:
    session = db.session()
    found = get_failure(session, kind, row_id)
    facts = facts_of(session, found)
    return render(
        "admin/failure.html",
        page_title=found.what,
        failure=found,
        facts=facts,
        story=story_of(session, found, facts),
        kind_name=NAMES[kind],
    )


@bp.post("/failures/<kind>/<int:row_id>/try-again")
@staff_only(May.FULFIL)
def retry_failure(kind: str, row_id: int) -> BaseResponse:
    return press(
        lambda: None if try_again(kind, row_id, who=who()) else "It is no longer stopped.",
        done="It is tried again now.",
        back=url_for("admin.failure", kind=kind, row_id=row_id),
    )


@bp.post("/failures/<kind>/<int:row_id>/give-up")
@staff_only(May.FULFIL)
def give_up_failure(kind: str, row_id: int) -> BaseResponse:
    return press(
        lambda: None if give_up(kind, row_id, who=who()) else "It is no longer stopped.",
        done="Given up. Its story is kept.",
        back=url_for("admin.failures"),
    )


@bp.post("/failures/try-again")
@staff_only(May.FULFIL)
def retry_failures() -> BaseResponse:
    """The chosen rows (`row=letters:17` each), or with `all=1` every one of the view `kind`, 500 at most."""

    def work() -> str:
        done, left = try_all_again(_chosen(), who=who())
        said = f"{done} {'is' if done == 1 else 'are'} tried again now."
        return f"{said} Open each of the others: {left} to decide." if left else said

    return press(work, done="", back=_back())


@bp.post("/failures/give-up")
@staff_only(May.FULFIL)
def give_up_failures() -> BaseResponse:
    """As `retry_failures`. Orders are left (they are cancelled on their page), and what may have happened already."""

    def work() -> str:
        if request.form.get("sure") != "1":
            raise InvalidInput(fields={"sure": "Tick the box to say that you mean it. Nothing was given up."})
        done, left = give_up_all(_chosen(), who=who())
        said = f"{done} {'is' if done == 1 else 'are'} given up; what happened is kept."
        return f"{said} Open each of the others: {left} to decide." if left else said

    return press(work, done="", back=_back())


def _chosen() -> list[tuple[str, int]]:
    """Raises InvalidInput when nothing was chosen."""
    if request.form.get("all") == "1":
        kind = request.form.get("kind", "")
        chosen = all_shown(db.session(), kind if kind in KINDS else "")
        db.session.rollback()
    else:
        chosen = [found for raw in request.form.getlist("row")[:500] if (found := _row_of(raw)) is not None]
    if not chosen:
        raise InvalidInput(fields={"row": "Choose at least one row."})
    return chosen


def _back() -> str:
    kind = request.form.get("kind", "")
    return url_for("admin.failures", kind=kind if kind in KINDS else None)


def _row_of(raw: str) -> tuple[str, int] | None:
    kind, _, number = raw.partition(":")
    if kind not in KINDS or not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    return kind, int(number)
