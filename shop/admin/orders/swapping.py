"""Print another variant than was ordered: choose it, see what it costs today, say why."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import in_words, one_at_a_time
from shop.admin.blueprint import bp
from shop.admin.catalog import list_query, search_products
from shop.admin.order import get_order
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.admin.words import money
from shop.catalog.models import Product, Variant
from shop.core.pages import render
from shop.errors import InvalidInput, NotFound, ShopError
from shop.extensions import db
from shop.orders.models import Order, OrderLine
from shop.workflows.swap_variant import Swapped, swap_variant

MOST_VARIANTS = 200


@bp.get("/orders/<number>/lines/<int:line_id>/swap")
@staff_only(May.FULFIL)
def swap_line(number: str, line_id: int) -> Response:
    """`?product=` chooses another product, `?q=` looks for one."""
    order, line = _find(db.session(), number, line_id)
    return _page(order, line)


@bp.post("/orders/<number>/lines/<int:line_id>/swap")
@staff_only(May.FULFIL)
def swap_line_now(number: str, line_id: int) -> Response | BaseResponse:
    """The form says what was printed when it was shown: a second press, or a colleague's, finds another."""
    order, line = _find(db.session(), number, line_id)
    try:
        variant_id = read.whole(request.form, "variant", "The variant", 1, 999_999_999)
        why = read.text(request.form, "why", "The reason", 300, required=False)
        shown = read.whole(request.form, "shown", "The form", 0, 999_999_999) or None
        with one_at_a_time("swap", order.id):
            swapped = swap_variant(order.id, line.id, variant_id, shown=shown, why=why, who=who())
    except InvalidInput as error:
        return _page(*_find(db.session(), number, line_id), status=422, errors=error.fields)
    except ShopError as error:
        flash(in_words(error), "bad")
    else:
        flash(_said(order, swapped), "good")
    return redirect(url_for("admin.order", number=order.number), 303)


def _said(order: Order, swapped: Swapped) -> str:
    said = f"{swapped.name} is printed now."
    if not swapped.difference_minor:
        return said
    amount = money(abs(swapped.difference_minor), order.currency)
    if swapped.difference_minor > 0:
        return f"{said} It costs {amount} more; nothing was charged."
    return f"{said} It costs {amount} less; nothing was given back: press “Refund” if you want to."


def _find(session: Session, number: str, line_id: int) -> tuple[Order, OrderLine]:
    order = get_order(session, number)
    line = next((line for line in order.lines if line.id == line_id), None)
    if line is None:
        raise NotFound("This order has no such line.")
    return order, line


def _page(order: Order, line: OrderLine, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    session = db.session()
    query = list_query(request.args.get("q", ""))
    wanted = request.args.get("product", "")
    product_id = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) <= 9 else line.product_id
    product = session.execute(select(Product).where(Product.id == product_id)).scalar_one_or_none()
    variants = session.execute(
        select(Variant)
        .where(Variant.product_id == product_id, Variant.is_available.is_(True))
        .order_by(Variant.position, Variant.id)
        .limit(MOST_VARIANTS)
    ).scalars()
    return render(
        "admin/order_swap.html",
        status=status,
        page_title=f"Swap {line.title}",
        order=order,
        line=line,
        product=product,
        choices=[("", "Choose…"), *((v.id, _named(v, line, order)) for v in variants if v.id != line.variant_id)],
        query=query,
        found=search_products(session, "active", query, 1).items[:10] if query else [],
        errors=errors or {},
        typed={name: request.form.get(name, "")[:300] for name in ("variant", "why")},
    )


def _named(variant: Variant, line: OrderLine, order: Order) -> str:
    difference = variant.price_minor - line.unit_minor
    sign = "+" if difference > 0 else "−"
    price = f" ({sign}{money(abs(difference), order.currency)} each)" if difference else " (same price)"
    return variant.title + price
