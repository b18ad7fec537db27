"""Many orders at once: which were chosen, and what is done with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from sqlalchemy import Select, func, insert, literal, select, update
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.accounts.auditing import note_change
from shop.admin.blueprint import bp
from shop.admin.order_moves import who
from shop.admin.order_search import Asked, matching_orders, read_asked
from shop.admin.permissions import May, allowed, staff_only
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotAllowed, ShopError
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderEntry
from shop.orders.statuses import tell
from shop.workflows.order_again import PAID
from shop.workflows.submit_fulfilment import release

MOST_CHOSEN = 500  # ticked one by one, or submitted at once
MOST_SLIPS = 100


@bp.post("/orders/bulk")
@staff_only(May.SUPPORT)
def change_orders() -> Response:
    """`do`: release | archive | unarchive | slips | export, on `order=` ids or (`all=1`) all that fit the filters."""
    asked = read_asked(request.form)
    back = url_for("admin.orders", **asked.parameters())
    try:
        what = request.form.get("do", "")
        chosen = _chosen(asked)
        if what in ("archive", "unarchive"):
            flash(_archive(chosen, is_in=what == "archive"), "good")
        elif what == "release":
            flash(_release(chosen), "good")
        elif what == "slips" and "admin.packing_slips" in current_app.view_functions:
            return redirect(url_for("admin.packing_slips", orders=",".join(_numbers(chosen, MOST_SLIPS))), 303)
        elif what == "export":
            return redirect(url_for("admin.export_orders", **_for_export(asked)), 303)
        else:
            raise InvalidInput("Choose what to do with the orders.")
    except NotAllowed:
        raise
    except ShopError as error:
        flash(error.user_message, "bad")
    if request.form.get("back") == "order":
        number = db.session.execute(select(Order.number).where(Order.id.in_(_ids()))).scalar()
        back = url_for("admin.order", number=number) if number else back
    return redirect(back, 303)


def _ids() -> list[int]:
    """Raises InvalidInput for what are no ids."""
    raw = request.form.getlist("order")[: MOST_CHOSEN + 1]
    if not all(value.isascii() and value.isdigit() and len(value) <= 18 for value in raw):
        raise InvalidInput("Those are not orders of this shop. Choose them in the list.")
    if len(raw) > MOST_CHOSEN:
        raise InvalidInput(f"At most {MOST_CHOSEN} orders can be ticked. Use filters, and choose all that fit.")
    return sorted({int(value) for value in raw})


def _chosen(asked: Asked) -> Select[Any]:
    """A query of orders. Raises InvalidInput when none is chosen."""
    if request.form.get("all") == "1":
        return matching_orders(replace(asked, page=1))
    ids = _ids()
    if not ids:
        raise InvalidInput("Choose at least one order first.")
    return select(Order).where(Order.id.in_(ids))


def _archive(chosen: Select[Any], *, is_in: bool) -> str:
    """One statement, however many; and one line in the story of each that was changed."""
    with transaction() as session:
        here = Order.archived_at.is_(None) if is_in else Order.archived_at.is_not(None)
        matching = chosen.with_only_columns(Order.id, maintain_column_froms=True)
        moved = (
            update(Order)
            .where(Order.id.in_(matching), here)
            .values(archived_at=clock.now() if is_in else None)
            .returning(Order.id)
            .execution_options(synchronize_session=False)
            .cte("moved")
        )
        said = "Archived" if is_in else "Taken out of the archive"
        columns = ("order_id", "at", "what", "who", "why", "facts", "for_buyer")
        told = (
            insert(OrderEntry)
            .from_select(
                columns,
                select(
                    moved.c.id,
                    literal(clock.now()),
                    literal("staff"),
                    literal(who()),
                    literal(said),
                    literal({}, OrderEntry.facts.type),
                    literal(False),
                ),
            )
            .returning(OrderEntry.id)
            .cte("told")
        )
        count = int(session.execute(select(func.count()).select_from(told)).scalar_one())
        if count:
            note_change(session, said.lower(), "orders", {}, {"orders": count})
    things = f"{count:,} {'order is' if count == 1 else 'orders are'}"
    return f"{things} {'archived' if is_in else 'out of the archive'}." if count else "They were so already."


def _release(chosen: Select[Any]) -> str:
    """Submit what waits to be submitted or produced. What is on hold stays so: each is looked at by itself."""
    if not allowed(May.FULFIL):
        raise NotAllowed("Your role does not include this. Ask the shop's owner.")
    ids = _ids_of(db.session(), chosen)
    rows = db.session.execute(
        select(FulfilmentOrder.id, FulfilmentOrder.order_id, FulfilmentOrder.is_held, FulfilmentOrder.step)
        .join(Order, Order.id == FulfilmentOrder.order_id)
        .where(
            Order.id.in_(ids),
            Order.status == "placed",
            Order.payment_status.in_(PAID),
            FulfilmentOrder.status != "cancelled",
            FulfilmentOrder.step != "watch",
        )
        .order_by(FulfilmentOrder.id)
    ).all()
    db.session.rollback()
    held = {row.order_id for row in rows if row.is_held}
    done = {row.order_id for row in rows if not row.is_held and release(row.id)}
    with transaction() as session:
        for order in session.execute(select(Order).where(Order.id.in_(done)).order_by(Order.id)).scalars():
            tell(session, order, "staff", who=who(), why="Sent on by hand, with others")
    said = f"{len(done)} {'goes' if len(done) == 1 else 'go'} to print now."
    if held:
        said += f" {len(held)} on hold: open each and release it when all is well."
    rest = len(set(ids) - done - held)
    return said + (f" {rest} left as they were." if rest else "")


def _ids_of(session: Session, chosen: Select[Any]) -> list[int]:
    ids = session.execute(chosen.with_only_columns(Order.id, maintain_column_froms=True).limit(MOST_CHOSEN + 1))
    found = list(ids.scalars())
    if len(found) > MOST_CHOSEN:
        raise InvalidInput(f"At most {MOST_CHOSEN} orders go to print at once. Filter for fewer.")
    return found


def _numbers(chosen: Select[Any], most: int) -> list[str]:
    query = chosen.with_only_columns(Order.number, maintain_column_froms=True).order_by(Order.placed_at, Order.id)
    found = list(db.session.execute(query.limit(most + 1)).scalars())
    if len(found) > most:
        raise InvalidInput(f"At most {most} packing slips at once. Choose fewer orders.")
    if not found:
        raise InvalidInput("Choose at least one order first.")
    return found


def _for_export(asked: Asked) -> dict[str, Any]:
    if request.form.get("all") == "1":
        return asked.parameters(page="")
    return {"only": ",".join(map(str, _ids()))}
