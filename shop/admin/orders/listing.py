"""The list of orders."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.order_search import (
    COUNTED_AT_MOST,
    FIRST_DIRECTION,
    FULFILMENT,
    PAYMENT,
    SORTS,
    TABS,
    Asked,
    read_asked,
    search_orders,
)
from shop.admin.orders.seen import seen_values
from shop.admin.page_links import page_links
from shop.admin.permissions import staff_only
from shop.admin.words import say
from shop.checkout.countries import country_name
from shop.core.pages import render
from shop.extensions import db
from shop.orders.models import Order
from shop.orders.numbers import read_number

NAMES = {
    "payment": "Payment",
    "fulfilment": "Printing",
    "since": "From",
    "until": "Until",
    "channel": "Channel",
    "country": "Country",
    "tag": "Tag",
    "low": "Total at least",
    "high": "Total at most",
}


@bp.get("/orders")
@staff_only()
def orders() -> Response | BaseResponse:
    """Tabs, search, filters, pages. A whole order number goes straight to its order."""
    session = db.session()
    asked = read_asked(request.args)
    number = read_number(asked.query)
    if number and session.execute(select(Order.id).where(Order.number == number)).first():
        return redirect(url_for("admin.order", number=number), 303)
    found = search_orders(session, asked)
    channels, countries = seen_values(session)
    return render(
        "admin/orders.html",
        fragment="results",
        page_title="Orders",
        asked=asked,
        found=found.page,
        is_more=found.is_more_than_counted,
        most=COUNTED_AT_MOST,
        tabs=[(key, name, url_for("admin.orders", **asked.parameters(tab=key, page=""))) for key, name in TABS.items()],
        payment_choices=PAYMENT,
        fulfilment_choices=FULFILMENT,
        channels=[("", "Any channel"), *((c, c.replace("_", " ").capitalize()) for c in channels)],
        countries=[("", "Any country"), *((c, country_name(c)) for c in countries)],
        chips=_chips(asked),
        heads={key: _head(asked, key) for key in SORTS},
        carried=asked.parameters(page=""),
        has_slips="admin.packing_slips" in current_app.view_functions,
        urls=page_links(found.page, lambda n: url_for("admin.orders", **asked.parameters(page=n if n > 1 else ""))),
    )


def _chips(asked: Asked) -> list[tuple[str, str]]:
    """[(what is filtered by, the address without it)]"""
    shown: dict[str, Any] = {"payment": say, "fulfilment": say, "country": country_name}
    return [
        (
            f"{NAMES[name]}: {shown[name](value) if name in shown else value}",
            url_for("admin.orders", **asked.parameters(page="", **{name: ""})),
        )
        for name, value in asked.filters().items()
    ]


def _head(asked: Asked, key: str) -> dict[str, str]:
    """{url, sort}: a column's head; pressed again it turns round."""
    is_here = asked.sort == key
    turned = {"asc": "desc", "desc": "asc"}[asked.direction] if is_here else FIRST_DIRECTION[key]
    is_default = (key, turned) == ("placed", "desc")
    url = url_for(
        "admin.orders",
        **asked.parameters(
            page="",
            sort="" if is_default else key,
            dir="" if is_default or turned == FIRST_DIRECTION[key] else turned,
        ),
    )
    return {"url": url, "sort": {"asc": "ascending", "desc": "descending"}[asked.direction] if is_here else ""}
