"""Two customers are one person: choose the other one, look at both, merge."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.models import Customer
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.customers.moves import who
from shop.admin.customers.page import get_customer, named
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.customers.searching import Wanted, search_customers
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.workflows.merge_customers import merge_customers

MOST_SHOWN = 10


@bp.get("/customers/<int:customer_id>/merge")
@staff_only(May.PRIVACY)
def merge_customer(customer_id: int) -> Response | BaseResponse:
    """?q= finds the other one, ?other= shows both beside each other."""
    session = db.session()
    keep = get_customer(session, customer_id)
    if keep.merged_into_id or keep.erased_at:
        return redirect(url_for("admin.customer", customer_id=keep.merged_into_id or keep.id), 303)
    query = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", request.args.get("q", ""))[:100].strip()
    other = _other(session, keep, request.args.get("other", ""))
    return render(
        "admin/customer_merge.html",
        page_title=f"Merge {named(keep)}",
        keep=keep,
        keep_name=named(keep),
        other=other,
        other_name=named(other) if other else "",
        query=query,
        found=_candidates(session, keep, query) if not other else [],
    )


@bp.post("/customers/<int:customer_id>/merge")
@staff_only(May.PRIVACY)
def merge_customer_now(customer_id: int) -> BaseResponse:
    """A repeat answers "already"; the page of either leads to the one that was kept."""

    def work() -> str:
        raw = request.form.get("other", "")
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 18):
            raise InvalidInput(fields={"other": "Choose the other customer first."})
        keep, other = get_customer(db.session(), customer_id), get_customer(db.session(), int(raw))
        names = f"{named(other)} is merged into {named(keep)}."
        db.session.rollback()
        if request.form.get("sure") != "1":
            raise InvalidInput(fields={"sure": "Tick the box to say that the two are one person."})
        return names if merge_customers(customer_id, int(raw), who=who()) else "They were merged already."

    return press(work, done="", back=url_for("admin.customer", customer_id=customer_id))


def _other(session: Session, keep: Customer, raw: str) -> Customer | None:
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 18):
        return None
    try:
        other = get_customer(session, int(raw))
    except NotFound:
        return None
    return None if other.id == keep.id or other.merged_into_id or other.erased_at else other


def _candidates(session: Session, keep: Customer, query: str) -> list[Any]:
    """Who was searched for; without a search, whoever has the same name or telephone number."""
    asked = [query] if query else [text for text in (keep.name, keep.phone) if text]
    found: dict[int, Any] = {}
    for text in asked:
        for row in search_customers(session, Wanted(query=text)).page.items:
            found.setdefault(row.id, row)
    found.pop(keep.id, None)
    return list(found.values())[:MOST_SHOWN]
