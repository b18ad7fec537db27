"""One order of another platform: what it says, what its lines are here, what was sent back; and what is decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import undefer
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.channel_orders.words import ALLOW, HOW, KINDS, STATES, state_of_push
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.catalog.models import Product, Variant
from shop.channels import registry
from shop.channels.models import Connection
from shop.channels.ordering.composing import address_of
from shop.channels.ordering.keeping import from_json
from shop.channels.ordering.models import ChannelOrder, ChannelOrderLine, ChannelPush
from shop.core.pages import render
from shop.errors import InvalidInput, ShopError
from shop.extensions import db
from shop.orders.models import Order
from shop.workflows.channel_orders import judge_row, name_of, options_of
from shop.workflows.letter_facts import address_lines
from shop.workflows.settle_channel_order import (
    allow,
    choose_variant,
    decide_line,
    find_row,
    find_variants,
    leave_out,
    mark_seen,
    try_again,
)

MOST_RAW = 60_000
READ = {
    "stored": "There was news of it. It is on its way.",
    "unchanged": "It is as it was there. It is tried again.",
    "gone": "It is not there any more.",
    "unreadable": "It came in a shape that could not be read: see what was set aside.",
    "off": "Orders are not taken from there.",
}


@bp.get("/channel-orders/<int:row_id>")
@staff_only()
def channel_order(row_id: int) -> Response:
    """`?line=` and `?find=` look for one of our variants for an open line."""
    return _page(row_id)


@bp.post("/channel-orders/<int:row_id>/lines/<int:line_id>")
@staff_only(May.FULFIL)
def settle_channel_line(row_id: int, line_id: int) -> Response | BaseResponse:
    """Field `do`: choose (with `variant` or `sku`, `remember`) | by_hand | ignored (with `why`)."""
    find_row(db.session(), row_id)
    try:
        is_settled = _settle(row_id, line_id)
    except InvalidInput as error:
        db.session.rollback()
        return _page(row_id, status=422, errors={f"{name}-{line_id}": text for name, text in error.fields.items()})
    except ShopError as error:
        said = error
        return press(_raising(said), done="", back=_back(row_id))
    done = "Every line is settled: the order goes on." if is_settled else "Noted. Another line still needs you."
    return press(lambda: done, done="", back=_back(row_id))


@bp.post("/channel-orders/<int:row_id>/allow")
@staff_only(May.FULFIL)
def allow_channel_order(row_id: int) -> BaseResponse:
    """Place it although it was held. Field `what`: old | paid | shipped."""
    find_row(db.session(), row_id)
    what = request.form.get("what", "")
    return press(lambda: allow(row_id, what, who=who()), done="It is placed in a moment.", back=_back(row_id))


@bp.post("/channel-orders/<int:row_id>/leave-out")
@staff_only(May.FULFIL)
def leave_out_channel_order(row_id: int) -> BaseResponse:
    find_row(db.session(), row_id)

    def work() -> None:
        leave_out(row_id, read.text(request.form, "why", "The reason", 300), who=who())

    return press(work, done="It is left out. Nothing is made of it here.", back=_back(row_id))


@bp.post("/channel-orders/<int:row_id>/again")
@staff_only(May.FULFIL)
def read_channel_order_again(row_id: int) -> BaseResponse:
    find_row(db.session(), row_id)
    return press(lambda: READ.get(try_again(row_id), ""), done="", back=_back(row_id))


@bp.post("/channel-orders/<int:row_id>/seen")
@staff_only(May.FULFIL)
def see_channel_order(row_id: int) -> BaseResponse:
    find_row(db.session(), row_id)
    return press(lambda: mark_seen(row_id), done="Noted as seen.", back=_back(row_id))


def _settle(row_id: int, line_id: int) -> bool:
    form = request.form
    how = read.choice(form, "do", "What becomes of it", ("choose", "by_hand", "ignored"))
    if how != "choose":
        why = read.text(form, "why", "The reason", 300, required=False)
        return decide_line(row_id, line_id, how, why, who=who())
    if form.get("variant"):
        variant_id = read.whole(form, "variant", "The variant", 1, 2**40)
    else:
        variant_id = _by_sku(read.text(form, "sku", "Our SKU", 120))
    return choose_variant(row_id, line_id, variant_id, remember=form.get("remember") == "1", who=who())


def _by_sku(sku: str) -> int:
    found = [row[0] for row in find_variants(db.session(), sku, 200) if row[2] == sku]
    if len(found) == 1:
        return found[0]
    text = "Nothing has this SKU." if not found else f"{len(found)} variants have this SKU. Look for it by its name."
    raise InvalidInput(fields={"sku": text})


def _raising(error: ShopError) -> Callable[[], object]:
    def work() -> object:
        raise error

    return work


def _back(row_id: int) -> str:
    return url_for("admin.channel_order", row_id=row_id)


def _page(row_id: int, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    registry.load()
    session = db.session()
    find_row(session, row_id)
    row = session.execute(
        select(ChannelOrder).where(ChannelOrder.id == row_id).options(undefer(ChannelOrder.raw))
    ).scalar_one()
    connection = session.get_one(Connection, row.connection_id)
    name = name_of(connection)
    record = from_json(row.record) if row.record else None
    lines = session.execute(
        select(ChannelOrderLine, Product.title, Variant.title, Variant.sku)
        .outerjoin(Variant, Variant.id == ChannelOrderLine.variant_id)
        .outerjoin(Product, Product.id == Variant.product_id)
        .where(ChannelOrderLine.channel_order_id == row.id)
        .order_by(ChannelOrderLine.position)
    ).all()
    judged = None
    if record is not None and row.order_id is None and row.state != "ours":
        judged = judge_row(session, row, record, name, options_of(session, connection.id))
    asked_line, words = request.args.get("line", ""), request.args.get("find", "")
    pushes = session.execute(
        select(ChannelPush).where(ChannelPush.channel_order_id == row.id).order_by(ChannelPush.id.desc()).limit(50)
    ).scalars()
    return render(
        "admin/channel_order.html",
        status=status,
        page_title=f"{name} {row.number or row.external_id}",
        row=row,
        record=record,
        connection=connection,
        platform=name,
        lines=lines,
        judged=judged,
        allow_words=ALLOW.get(judged.ask, "") if judged is not None else "",
        order=session.get(Order, row.order_id) if row.order_id else None,
        ship_to=address_lines(address_of(record.ship_to)) if record is not None else [],
        pushes=[(push, KINDS.get(push.kind, push.kind), state_of_push(push)) for push in pushes],
        states=STATES,
        how=HOW,
        errors=errors or {},
        form=request.form,
        asked_line=asked_line,
        words=words[:100],
        found=find_variants(session, words) if asked_line else [],
        raw=_raw_text(row.raw),
    )


def _raw_text(raw: Any) -> str:
    if raw is None:
        return ""
    return orjson.dumps(raw, option=orjson.OPT_INDENT_2).decode(errors="replace")[:MOST_RAW]


