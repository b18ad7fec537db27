"""/track: the carrier's page and the print provider's order page, as a buyer would see them."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from sandbox.printify.orders import ORDER
from sandbox.world import current_world

bp = Blueprint("control_tracking", __name__)


@bp.get("/track/<number>")
def parcel(number: str) -> str:
    """Where a parcel is; 404 for a number nobody gave out."""
    for order in reversed(current_world().store.all(ORDER)):
        for shipment in order["shipments"]:
            if shipment["number"] == number:
                return render_template("control/track.html", order=order, parcels=[shipment])
    return str(abort(404))


@bp.get("/track/order/<order_id>")
def order_page(order_id: str) -> str:
    """An order with all its parcels."""
    order = current_world().store.get(ORDER, order_id)
    if order is None:
        abort(404)
    return render_template("control/track.html", order=order, parcels=(order or {})["shipments"])
