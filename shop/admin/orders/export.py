"""Take orders home: a page that asks how, and the file, streamed."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from sqlalchemy import Select, select

from shop.accounts.auditing import note_change
from shop.admin.blueprint import bp
from shop.admin.order_search import Asked, matching_orders, read_asked, search_orders
from shop.admin.permissions import May, staff_only
from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.extensions import db
from shop.orders.exporting import stream_csv
from shop.orders.models import Order

MOST_NAMED = 500


@bp.get("/orders/export")
@staff_only(May.SUPPORT)
def export_orders() -> Response:
    """Takes the filters of the list, or `only=` ids, and hands them on to the file."""
    asked, only = read_asked(request.args), _only()
    found = search_orders(db.session(), asked) if only is None else None
    return render(
        "admin/orders_export.html",
        page_title="Export orders",
        carried=_carried(asked, only),
        count=len(only) if only is not None else found.page.total if found else 0,
        is_more=bool(found and found.is_more_than_counted),
        back=url_for("admin.orders", **asked.parameters()),
    )


@bp.get("/orders/export.csv")
@staff_only(May.SUPPORT)
def export_orders_csv() -> Response:
    """`rows=lines` one row a line, else one an order; `bom=1` for Excel. The session is over when the stream begins."""
    asked, only = read_asked(request.args), _only()
    by_line = request.args.get("rows") == "lines"
    with transaction() as session:
        note_change(session, "export orders", "orders", {}, {"asked for": str(_carried(asked, only))[:500]})
    matching: Select[Any] = matching_orders(asked) if only is None else select(Order).where(Order.id.in_(only))
    rows = stream_csv(db.engine, matching, by_line=by_line, bom=request.args.get("bom") == "1")
    name = f"orders-{'lines-' if by_line else ''}{clock.now():%Y-%m-%d}.csv"
    answer = Response(rows, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy in front would keep it all
    return answer


def _only() -> list[int] | None:
    """The ids in `only`, or None when it is not given; what is no id is left out."""
    raw = request.args.get("only")
    if raw is None:
        return None
    parts = raw[:12_000].split(",")[:MOST_NAMED]
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 18]


def _carried(asked: Asked, only: list[int] | None) -> dict[str, Any]:
    return asked.parameters(page="") if only is None else {"only": ",".join(map(str, only))}
