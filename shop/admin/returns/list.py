"""The list of returns, and that of declarations of withdrawal."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import staff_only
from shop.admin.returns.words import REASONS, state_of_return, state_of_withdrawal
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.extensions import db
from shop.orders.models import Order
from shop.returns.models import PrintClaim, Return, ReturnLine, Withdrawal
from shop.returns.waiting import WAITING

PER_PAGE, MOST_PAGES = 50, 200
TABS = {
    "requested": "To decide",
    "approved": "Approved",
    "settled": "Settled",
    "over": "Declined or kept",
    "all": "All",
}
WITHDRAWAL_TABS = {"open": "Open", "closed": "Closed", "all": "All"}


def _query() -> str:
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", request.args.get("q", ""))[:100].strip()


@bp.get("/returns")
@staff_only()
def returns() -> Response:
    """Tabs, search by number, address or name, filters by reason and claim; three statements."""
    tab = request.args.get("tab", "") if request.args.get("tab") in TABS else "requested"
    reason = request.args.get("reason", "") if request.args.get("reason") in REASONS else ""
    claim = request.args.get("claim", "") if request.args.get("claim") in ("open", "accepted", "refused") else ""
    query = _query()
    found = _search(db.session(), tab, query, reason, claim, min(page_number(request.args.get("page")), MOST_PAGES))

    def link(**changes: object) -> str:
        values: dict[str, Any] = {
            "tab": tab if tab != "requested" else "",
            "q": query,
            "reason": reason,
            "claim": claim,
        }
        return url_for("admin.returns", **{k: v for k, v in {**values, **changes}.items() if v})

    return render(
        "admin/returns.html",
        fragment="results",
        page_title="Returns",
        found=found,
        tab=tab,
        query=query,
        reason=reason,
        claim=claim,
        reasons=REASONS,
        state_of_return=state_of_return,
        waiting=db.session().execute(select(func.count()).select_from(Withdrawal).where(*WAITING)).scalar_one(),
        now=clock.now(),
        tabs=[(key, name, link(tab=key if key != "requested" else "")) for key, name in TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
    )


def _search(session: Session, tab: str, query: str, reason: str, claim: str, page: int) -> Page[Any]:
    matching: Select[Any] = select(Return).join(Order, Order.id == Return.order_id)
    if tab == "over":
        matching = matching.where(Return.status.in_(["declined", "withdrawn"]))
    elif tab != "all":
        matching = matching.where(Return.status == tab)
    if reason:
        matching = matching.where(Return.reason == reason)
    if claim:
        matching = matching.where(Return.id.in_(select(PrintClaim.return_id).where(PrintClaim.state == claim)))
    if query:
        low = query.lower()
        matching = matching.where(
            or_(
                func.lower(Return.number).startswith(low, autoescape=True),
                func.lower(Order.email).startswith(low, autoescape=True),
                func.lower(Order.customer_name).contains(low, autoescape=True),
            )
        )
    total = int(session.execute(matching.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one())
    pieces = (
        select(func.coalesce(func.sum(ReturnLine.quantity), 0))
        .where(ReturnLine.return_id == Return.id)
        .scalar_subquery()
    )
    rows = session.execute(
        matching.with_only_columns(
            Return.id, Return.number, Return.status, Return.outcome, Return.settling, Return.asked, Return.reason,
            Return.wish, Return.created_at, Return.refund_by, Order.customer_name, Order.email,
            pieces.label("pieces"), maintain_column_froms=True,
        )
        .order_by(Return.created_at.desc(), Return.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()  # fmt: skip
    return Page(rows, total, page, PER_PAGE)


@bp.get("/withdrawals")
@staff_only()
def withdrawals() -> Response:
    tab = request.args.get("tab", "") if request.args.get("tab") in WITHDRAWAL_TABS else "open"
    query, page = _query(), min(page_number(request.args.get("page")), MOST_PAGES)
    matching: Select[Any] = select(Withdrawal)
    if tab != "all":
        matching = matching.where(Withdrawal.status == "closed" if tab == "closed" else Withdrawal.status != "closed")
    if query:
        low = query.lower()
        matching = matching.where(
            or_(
                func.lower(Withdrawal.reference).startswith(low, autoescape=True),
                func.lower(Withdrawal.email).startswith(low, autoescape=True),
                func.lower(Withdrawal.name).contains(low, autoescape=True),
                func.lower(Withdrawal.order_number).startswith(low, autoescape=True),
            )
        )
    session = db.session()
    total = int(session.execute(matching.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one())
    rows = (
        session.execute(
            matching.order_by(Withdrawal.received_at.desc(), Withdrawal.id.desc())
            .offset((page - 1) * PER_PAGE)
            .limit(PER_PAGE)
        )
        .scalars()
        .all()
    )

    def link(**changes: object) -> str:
        values: dict[str, Any] = {"tab": tab if tab != "open" else "", "q": query, **changes}
        return url_for("admin.withdrawals", **{k: v for k, v in values.items() if v})

    found = Page(rows, total, page, PER_PAGE)
    return render(
        "admin/withdrawals.html",
        fragment="results",
        page_title="Withdrawals",
        found=found,
        tab=tab,
        query=query,
        state_of=state_of_withdrawal,
        tabs=[(key, name, link(tab=key if key != "open" else "")) for key, name in WITHDRAWAL_TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
    )
