"""How the orders of one connection are taken, and what is told there: a tab of the connection's pages."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.channels.parts import TABS, Tab, connection_page, find_connection
from shop.admin.permissions import May, staff_only
from shop.channels import registry
from shop.channels.connector import AcceptsOrders, ReportsOrders, TakesStock, TakesTracking
from shop.channels.ordering.models import ChannelOrder, ChannelPull, ChannelPush
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.workflows.pull_channel_orders import pull_soon
from shop.workflows.take_channel_orders import Taking, change_taking, read_taking

TABS.insert(2, Tab("admin.connection_orders", "Orders", (ReportsOrders, AcceptsOrders, TakesStock)))


@bp.get("/channels/<int:connection_id>/orders")
@staff_only()
def connection_orders(connection_id: int) -> Response:
    return _page(connection_id)


@bp.post("/channels/<int:connection_id>/orders")
@staff_only(May.SETTINGS)
def save_connection_orders(connection_id: int) -> Response | BaseResponse:
    find_connection(db.session(), connection_id)
    try:
        typed = _read()
    except InvalidInput as error:
        return _page(connection_id, status=422, errors=error.fields)
    with transaction() as session:
        before = change_taking(session, connection_id, typed)
        note_change(session, "orders of a channel", f"connection {connection_id}", before.to_json(), typed.to_json())
    flash("Saved. What is new is read within a minute.", "good")
    return redirect(url_for("admin.connection_orders", connection_id=connection_id), 303)


@bp.post("/channels/<int:connection_id>/orders/read")
@staff_only(May.FULFIL)
def read_connection_orders(connection_id: int) -> BaseResponse:
    find_connection(db.session(), connection_id)

    def work() -> str:
        with transaction() as session:
            is_read = pull_soon(session, connection_id)
        return "Its orders are read now." if is_read else "Orders are not taken from there. Switch it on first."

    return press(work, done="", back=url_for("admin.connection_orders", connection_id=connection_id))


def _read() -> Taking:
    form = request.form
    return Taking(
        takes=form.get("takes") == "1",
        every_minutes=read.whole(form, "every", "How often", 1, 1440),
        place_authorised=form.get("authorised") == "1",
        letters=form.get("letters") == "1",
        invoices=form.get("invoices") == "1",
        sends=form.get("sends") == "1",
        stock=form.get("stock") == "1",
        endless=read.whole(form, "endless", "The number", 1, 1_000_000),
    )


def _page(connection_id: int, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    session = db.session()
    found = find_connection(session, connection_id)
    counts: dict[str, Any] = {
        state: int(n)
        for state, n in session.execute(
            select(ChannelOrder.state, func.count())
            .where(ChannelOrder.connection_id == found.id)
            .group_by(ChannelOrder.state)
        )
    }
    told = session.execute(
        select(ChannelPush.kind, ChannelPush.work_state, func.count())
        .where(ChannelPush.connection_id == found.id)
        .group_by(ChannelPush.kind, ChannelPush.work_state)
    ).all()
    return connection_page(
        "admin/connection_orders.html",
        found,
        status=status,
        errors=errors or {},
        form=request.form,
        taking=read_taking(session, found.id),
        pull=session.execute(select(ChannelPull).where(ChannelPull.connection_id == found.id)).scalar_one_or_none(),
        counts=counts,
        told=[tuple(row) for row in told],
        can={
            "take": registry.can(found.channel, ReportsOrders),
            "send": registry.can(found.channel, AcceptsOrders),
            "stock": registry.can(found.channel, TakesStock),
            "track": registry.can(found.channel, TakesTracking),
        },
    )
