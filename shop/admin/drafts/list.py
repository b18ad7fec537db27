"""The list of drafts, and a new one."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, redirect, request, url_for
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.order_moves import who
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.drafts.models import DraftOrder
from shop.extensions import db
from shop.orders.models import Order
from shop.tenancy.currencies import offered
from shop.tenancy.profile import current_profile

PER_PAGE = 50
TABS = {"open": "Open", "sent": "Link sent", "paid": "Paid", "deleted": "Deleted"}


@bp.get("/drafts")
@staff_only()
def drafts() -> Response:
    tab = request.args.get("tab", "") if request.args.get("tab") in TABS else "open"
    query = re.sub(r"[\x00-\x1f\x7f]", " ", request.args.get("q", ""))[:100].strip()
    found = _search(db.session(), tab, query, page_number(request.args.get("page")))

    def link(**changes: object) -> str:
        values: dict[str, Any] = {"tab": tab if tab != "open" else "", "q": query, **changes}
        return url_for("admin.drafts", **{k: v for k, v in values.items() if v})

    return render(
        "admin/drafts.html",
        fragment="results",
        page_title="Drafts",
        found=found,
        tab=tab,
        query=query,
        currencies=offered(current_profile()),
        now=clock.now(),
        tabs=[(key, name, link(tab=key if key != "open" else "")) for key, name in TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
    )


@bp.post("/drafts")
@staff_only(May.FULFIL)
def new_draft() -> BaseResponse:
    """An empty one; `email` may name the customer, `currency` another that the shop sells in."""
    profile = current_profile()
    currency = request.form.get("currency", "")
    with transaction() as session:
        draft = DraftOrder(
            currency=currency if currency in offered(profile) else profile.currency,
            locale=profile.locale,
            ship_to={"country": profile.country},
            created_by=who(),
            email=request.form.get("email", "").replace("\x00", "").strip().lower()[:254],
        )
        session.add(draft)
        session.flush()
        draft_id = draft.id
    return redirect(url_for("admin.draft", draft_id=draft_id), 303)


def _search(session: Session, tab: str, query: str, page: int) -> Page[Any]:
    matching: Select[Any] = select(DraftOrder).where(DraftOrder.status == tab)
    if query:
        like = query.lower()
        matching = matching.where(
            or_(
                func.lower(DraftOrder.email).startswith(like, autoescape=True),
                func.lower(DraftOrder.customer_name).contains(like, autoescape=True),
            )
        )
    total = int(session.execute(matching.with_only_columns(func.count())).scalar_one())
    rows = session.execute(
        matching.outerjoin(Order, Order.id == DraftOrder.order_id)
        .with_only_columns(
            DraftOrder.id, DraftOrder.customer_name, DraftOrder.email, DraftOrder.items, DraftOrder.total_minor,
            DraftOrder.currency, DraftOrder.updated_at, DraftOrder.link_expires_at, DraftOrder.status, Order.number,
        )
        .order_by(DraftOrder.updated_at.desc(), DraftOrder.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()  # fmt: skip
    return Page(rows, total, page, PER_PAGE)
