"""What the merchant made by hand is on its way: say so, with the parcel's number."""

from __future__ import annotations

from flask import request, url_for
from werkzeug.wrappers import Response

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.order import get_order
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.errors import InvalidInput
from shop.extensions import db
from shop.workflows.ship_by_hand import ship_by_hand


@bp.post("/orders/<number>/parts/<int:work_id>/sent")
@staff_only(May.FULFIL)
def sent_by_hand(number: str, work_id: int) -> Response:
    order_id = get_order(db.session(), number).id

    def work() -> str:
        carrier = read.text(request.form, "carrier", "The carrier", 40, required=False)
        parcel = read.text(request.form, "parcel", "The parcel’s number", 80, required=False)
        url = read.text(request.form, "url", "The address to follow it", 500, required=False)
        if url and not url.startswith(("https://", "http://")):
            raise InvalidInput("The address to follow it begins with https://")
        if not ship_by_hand(order_id, work_id, carrier=carrier, number=parcel, url=url, who=who()):
            return "It is on its way already."
        return "It is on its way. Whoever is to know is told."

    return press(work, done="", back=url_for("admin.order", number=number))
