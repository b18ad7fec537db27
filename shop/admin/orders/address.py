"""Where an order goes, put right until it is made."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import in_words, one_at_a_time
from shop.admin.blueprint import bp
from shop.admin.order import get_order
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.checkout.countries import countries_served
from shop.checkout.postal import PARTS, read_address, read_phone
from shop.core.pages import render
from shop.errors import InvalidInput, ShopError
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.tenancy.profile import current_profile
from shop.workflows.correct_address import Reach, correct_address, reach_of

LABELS = {
    "name": "Name",
    "line1": "Street and number",
    "line2": "Second line",
    "city": "Town",
    "state": "State or province",
    "postal_code": "Postal code",
    "country": "Country",
    "phone": "Phone",
}


@bp.get("/orders/<number>/address")
@staff_only(May.FULFIL)
def edit_address(number: str) -> Response:
    order = get_order(db.session(), number)
    return _page(db.session(), order, _filled(order))


@bp.post("/orders/<number>/address")
@staff_only(May.FULFIL)
def save_address(number: str) -> Response | BaseResponse:
    """Checked as at the checkout. When somebody else changed it meanwhile, both are shown and nothing is saved."""
    session = db.session()
    order = get_order(session, number)
    typed = {name: request.form.get(name, "")[:300].replace("\0", "") for name in LABELS}
    met = meet(_filled(order), typed, request.form.get("marks", ""))
    if met.changed:
        return _page(session, order, met.values, status=422, changed=met.changed)
    try:
        ship_to, phone = _read()
    except InvalidInput as error:
        return _page(session, order, typed, status=422, errors=error.fields)
    shown = (dict(order.ship_to), order.phone)
    try:
        with one_at_a_time("address", order.id):
            again = correct_address(
                order.id,
                {**shown[0], **ship_to},
                phone,
                shown=shown,
                withdraw_waiting=request.form.get("withdraw") == "1",
                who=who(),
            )
    except ShopError as error:
        session.rollback()
        return _page(db.session(), get_order(db.session(), number), typed, status=422, problem=in_words(error))
    flash(_said(order, again), "good")
    return redirect(url_for("admin.order", number=order.number), 303)


def _read() -> tuple[dict[str, str], str]:
    errors: dict[str, str] = {}
    ship_to: dict[str, str] = {}
    phone = ""
    try:
        ship_to = read_address(request.form, tuple(current_profile().ships_to or ()))
    except InvalidInput as error:
        errors |= error.fields
    try:
        phone = read_phone(request.form)
    except InvalidInput as error:
        errors |= error.fields
    if errors:
        raise InvalidInput(fields=errors)
    return ship_to, phone


def _said(order: Order, again: list[str]) -> str:
    if again:
        return (
            f"The address is changed. The order was withdrawn at Printify and is ordered again as {', '.join(again)}."
        )
    return "The address is changed."


def _filled(order: Order) -> dict[str, str]:
    return {**{part: str(order.ship_to.get(part) or "") for part in PARTS}, "phone": order.phone or ""}


def _page(
    session: Session,
    order: Order,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    problem: str = "",
) -> Response:
    rows = session.execute(select(FulfilmentOrder).where(FulfilmentOrder.order_id == order.id)).scalars().all()
    reach: Reach = reach_of(rows)
    served: list[Any] = countries_served(tuple(current_profile().ships_to or ()))
    here = order.ship_to.get("country", "")
    return render(
        "admin/order_address.html",
        status=status,
        page_title=f"Address of {order.number}",
        order=order,
        values=values,
        labels=LABELS,
        marks=marks_of(_filled(order)),
        errors=errors or {},
        changed=None if changed is None else {LABELS[name]: value for name, value in changed.items()},
        problem=problem,
        reach=reach,
        countries=[("", "Choose…"), *served],
        is_abroad=bool(values.get("country")) and values["country"] != here,
    )
