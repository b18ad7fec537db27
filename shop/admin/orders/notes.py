"""Notes and tags of an order. A note is changed and taken away by who wrote it, nobody else."""

from __future__ import annotations

from flask import request, url_for
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.order import get_order
from shop.admin.permissions import May, staff_only
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotAllowed, NotFound
from shop.orders.models import Order, OrderEntry
from shop.orders.statuses import lock_order
from shop.orders.tagging import read_tags


@bp.post("/orders/<number>/notes/<int:entry_id>")
@staff_only(May.SUPPORT)
def edit_note(number: str, entry_id: int) -> Response:
    """The form says what the note was (`shown`), so that an old window overwrites nothing."""

    def work() -> str:
        note = read.text(request.form, "note", "The note", 2000, lines=True)
        with transaction() as session:
            entry = _own_note(session, number, entry_id)
            if entry.why == note:
                return "The note says that already."
            if read.text(request.form, "shown", "The note", 4000, required=False, lines=True) != entry.why:
                raise Conflict("You changed this note in another window meanwhile. Nothing was saved.")
            entry.why, entry.edited_at = note, clock.now()
        return "The note is changed."

    return press(work, done="", back=url_for("admin.order", number=number) + "#story")


@bp.post("/orders/<number>/notes/<int:entry_id>/delete")
@staff_only(May.SUPPORT)
def delete_note(number: str, entry_id: int) -> Response:
    def work() -> None:
        with transaction() as session:
            session.delete(_own_note(session, number, entry_id))

    return press(work, done="The note is gone.", back=url_for("admin.order", number=number) + "#story")


@bp.post("/orders/<number>/tags")
@staff_only(May.SUPPORT)
def set_tags(number: str) -> Response:
    """All of them, separated by commas. `shown`: what they were when the form was filled."""

    def work() -> str:
        tags, shown = read_tags(request.form.get("tags", "")), read_tags(request.form.get("shown", ""))
        with transaction() as session:
            order = lock_order(session, get_order(session, number).id)
            merged = _merge(order, shown, tags)
            if len(merged) > 20:
                raise InvalidInput(fields={"tags": "An order has at most 20 tags."})
            order.tags = merged
        return "The tags are saved."

    return press(work, done="", back=url_for("admin.order", number=number))


def _merge(order: Order, shown: list[str], wanted: list[str]) -> list[str]:
    """What this form added and took away, done to what is there now: a colleague's tag stays."""
    kept = [tag for tag in order.tags if tag in wanted or tag not in shown]
    return kept + [tag for tag in wanted if tag not in kept and (tag not in shown or tag in order.tags)]


def _own_note(session: Session, number: str, entry_id: int) -> OrderEntry:
    order = get_order(session, number)
    entry = session.execute(
        select(OrderEntry)
        .where(OrderEntry.id == entry_id, OrderEntry.order_id == order.id, OrderEntry.what == "note")
        .with_for_update()
    ).scalar_one_or_none()
    if entry is None:
        raise NotFound("This note is gone.")
    if entry.staff_id != current_user.id:
        raise NotAllowed("Only who wrote a note may change it.")
    return entry
