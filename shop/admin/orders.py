"""The list of orders."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.order_search import FULFILMENT, PAYMENT, TABS, read_asked, search_orders
from shop.admin.page_links import page_links
from shop.admin.permissions import staff_only
from shop.core.pages import render
from shop.extensions import db
from shop.orders.numbers import read_number


@bp.get("/orders")
@staff_only()
def orders() -> Response | BaseResponse:
    """Tabs, search, filters, pages. A whole order number goes straight to its order."""
    asked = read_asked(request.args)
    found = search_orders(db.session(), asked)
    number = read_number(asked.query)
    if number and len(found.page.items) == 1 and found.page.items[0].number == number:
        return redirect(url_for("admin.order", number=number), 303)
    return render(
        "admin/orders.html",
        fragment="results",
        page_title="Orders",
        asked=asked,
        found=found.page,
        is_more=found.is_more_than_counted,
        tabs=[(key, name, url_for("admin.orders", **asked.parameters(tab=key, page=""))) for key, name in TABS.items()],
        payment_choices=PAYMENT,
        fulfilment_choices=FULFILMENT,
        urls=page_links(found.page, lambda n: url_for("admin.orders", **asked.parameters(page=n if n > 1 else ""))),
    )
