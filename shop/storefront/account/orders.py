"""The first page of an account: what was bought with addresses that were proven to be theirs."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.accounts.shopper_models import ShopperMailbox
from shop.core.money import format_minor
from shop.core.paging import Page, page_number
from shop.extensions import db
from shop.orders.models import Order, OrderLine
from shop.storefront.account.blueprint import bp, me, page
from shop.storefront.context import page_locale
from shop.storefront.order_facts import state_of

PER_PAGE, MOST_PAGES = 10, 1000


@bp.get("", endpoint="home")
def home() -> Response:
    """Newest first. Three statements, however many orders there are."""
    session = db.session()
    found = find_orders(session, me().id, page_number(request.args.get("page")))
    return page("home", page_title=_("Your orders"), orders=found, urls=_urls(found))


def find_orders(session: Session, shopper_id: int, number: int) -> Page[dict[str, Any]]:
    """A page of orders as its reader sees them. An order is shown by the mailbox it was bought with."""
    mine = _is_mine(shopper_id)
    total = session.execute(select(func.count()).select_from(Order).where(mine)).scalar_one()
    number = min(number, MOST_PAGES, max(1, -(-total // PER_PAGE)))
    orders = (
        session.execute(
            select(Order)
            .where(mine)
            .order_by(Order.placed_at.desc(), Order.id.desc())
            .offset((number - 1) * PER_PAGE)
            .limit(PER_PAGE)
        )
        .scalars()
        .all()
    )
    lines: dict[int, list[OrderLine]] = {}
    wanted = select(OrderLine).where(OrderLine.order_id.in_([order.id for order in orders])).order_by(OrderLine.id)
    for line in session.execute(wanted).scalars():
        lines.setdefault(line.order_id, []).append(line)
    return Page([_shown(order, lines.get(order.id, [])) for order in orders], total, number, PER_PAGE)


def _is_mine(shopper_id: int) -> ColumnElement[bool]:
    """Bought with a mailbox of theirs, while it was theirs."""
    mailbox = ShopperMailbox
    return exists().where(
        mailbox.shopper_id == shopper_id,
        literal_column("lower(orders.email::text)") == mailbox.email,
        and_(
            or_(mailbox.since.is_(None), Order.placed_at > mailbox.since),
            or_(mailbox.left_at.is_(None), Order.placed_at <= mailbox.left_at),
        ),
    )


def _shown(order: Order, lines: list[OrderLine]) -> dict[str, Any]:
    label, _text, tone = state_of(order)
    return {
        "number": order.number,
        "url": f"/orders/{order.token}",
        "placed_at": order.placed_at,
        "status_label": label,
        "status_tone": tone,
        "total": format_minor(order.total_minor, order.currency, page_locale()),
        "images": [line.image for line in lines if line.image][:3],
        "what": ", ".join(f"{line.quantity} × {line.title}" for line in lines[:3]) + (" …" if len(lines) > 3 else ""),
    }


def _urls(found: Page[Any]) -> dict[str, Any]:
    def url(n: int) -> str:
        return url_for("account.home", page=n if n > 1 else None)

    numbers: list[dict[str, Any]] = []
    before = 0
    for n in found.numbers():
        if n > before + 1:
            numbers.append({"n": None})
        numbers.append({"n": n, "url": url(n), "current": n == found.page})
        before = n
    return {
        "prev": url(found.page - 1) if found.page > 1 else None,
        "next": url(found.page + 1) if found.page < found.pages else None,
        "numbers": numbers,
    }
