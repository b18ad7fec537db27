"""The list of orders of other platforms: by connection, by state, by number or buyer."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from shop.admin.blueprint import bp
from shop.admin.channel_orders.words import STATES
from shop.admin.page_links import page_links
from shop.admin.permissions import staff_only
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelOrder
from shop.channels.ordering.waiting import NEEDING
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.extensions import db
from shop.orders.models import Order

PER_PAGE, MOST_PAGES = 50, 200
TABS = {"needs": "Needs you", "placed": "Placed", "waiting": "Not paid yet", "over": "Left out", "all": "All"}
_OVER = ("ignored", "cancelled", "ours")


@bp.get("/channel-orders")
@staff_only()
def channel_orders() -> Response:
    """Three statements, however many there are."""
    session = db.session()
    tab = request.args.get("tab", "") if request.args.get("tab") in TABS else "all"
    raw = request.args.get("connection", "")
    connection_id = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0
    query = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", request.args.get("q", ""))[:100].strip()
    page = min(page_number(request.args.get("page")), MOST_PAGES)
    found = _search(session, tab, connection_id, query, page)
    connections = session.execute(
        select(Connection.id, Connection.name, Connection.channel).order_by(Connection.id).limit(200)
    ).all()

    def link(**changes: object) -> str:
        values: dict[str, Any] = {"tab": tab if tab != "all" else "", "q": query, "connection": connection_id}
        return url_for("admin.channel_orders", **{k: v for k, v in {**values, **changes}.items() if v})

    return render(
        "admin/channel_orders.html",
        fragment="results",
        page_title="Orders from channels",
        found=found,
        tab=tab,
        query=query,
        connection_id=connection_id,
        connections=[(row.id, row.name or row.channel.capitalize()) for row in connections],
        states=STATES,
        tabs=[(key, name, link(tab=key if key != "all" else "")) for key, name in TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
    )


def _search(session: Session, tab: str, connection_id: int, query: str, page: int) -> Page[Any]:
    matching: Select[Any] = select(ChannelOrder).join(Connection, Connection.id == ChannelOrder.connection_id)
    matching = matching.outerjoin(Order, Order.id == ChannelOrder.order_id)
    if tab == "needs":
        matching = matching.where(or_(ChannelOrder.state.in_(NEEDING), ChannelOrder.attention != ""))
    elif tab == "over":
        matching = matching.where(ChannelOrder.state.in_(_OVER))
    elif tab in ("placed", "waiting"):
        matching = matching.where(ChannelOrder.state == tab)
    if connection_id:
        matching = matching.where(ChannelOrder.connection_id == connection_id)
    if query:
        low = query.lower().lstrip("#")
        matching = matching.where(
            or_(
                func.lower(func.ltrim(ChannelOrder.number, "#")).startswith(low, autoescape=True),
                func.lower(ChannelOrder.email).startswith(low, autoescape=True),
                func.lower(ChannelOrder.customer_name).contains(low, autoescape=True),
                func.lower(Order.number).startswith(low, autoescape=True),
            )
        )
    total = int(session.execute(matching.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one())
    rows = session.execute(
        matching.with_only_columns(
            ChannelOrder.id, ChannelOrder.number, ChannelOrder.external_id, ChannelOrder.state, ChannelOrder.why,
            ChannelOrder.attention, ChannelOrder.customer_name, ChannelOrder.email, ChannelOrder.total_minor,
            ChannelOrder.currency, ChannelOrder.placed_at, ChannelOrder.is_test, Connection.channel,
            Connection.name.label("connection_name"), Order.number.label("our_number"), maintain_column_froms=True,
        )
        .order_by(ChannelOrder.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()  # fmt: skip
    return Page(rows, total, page, PER_PAGE)
