"""An order as its buyer sees it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from shop.catalog.models import Product
from shop.core.money import format_minor
from shop.extensions import db
from shop.fulfilment.models import FulfilmentLine, Shipment
from shop.orders.models import Order, OrderEntry, OrderLine
from shop.workflows.letter_facts import address_lines, order_totals

_STATES: dict[str, tuple[str, str, str]] = {
    "requested": ("Thank you, we have your order", "It goes to the print shop next.", "waiting"),
    "submitted": ("Your order is being prepared", "The print shop has it and starts soon.", "working"),
    "in_production": (
        "Your order is being made",
        "Printing takes two to five days. We write when it leaves.",
        "working",
    ),
    "partly_shipped": ("A part of your order is on its way", "The rest follows.", "working"),
    "shipped": ("Your order is on its way", "Follow it below.", "working"),
    "delivered": ("Your order was delivered", "We hope you like it.", "done"),
    "cancelled": ("Your order was cancelled", "What you paid goes back to you.", "failed"),
}
_ENTRIES: dict[str, tuple[str, str]] = {
    "placed": ("Order placed", "done"),
    "paid": ("Payment received", "done"),
    "partly_refunded": ("Partly refunded", "done"),
    "refunded": ("Refunded", "done"),
    "refund_succeeded": ("Money sent back", "done"),
    "disputed": ("Payment under review", "waiting"),
    "submitted": ("Sent to the print shop", "done"),
    "in_production": ("Being made", "working"),
    "partly_shipped": ("First parcel left", "working"),
    "shipped": ("Everything on its way", "working"),
    "parcel": ("A parcel left", "working"),
    "parcel_delivered": ("A parcel arrived", "done"),
    "delivered": ("Delivered", "done"),
    "cancelled": ("Cancelled", "failed"),
}
_HIDDEN = frozenset({"completed"})


def order_facts(order_id: int) -> dict[str, Any]:
    """The context of templates/storefront/order.html; a constant number of statements."""
    order = db.session.execute(select(Order).where(Order.id == order_id)).scalar_one()
    lines = db.session.execute(
        select(OrderLine, Product.slug)
        .outerjoin(Product, (Product.id == OrderLine.product_id) & (Product.status == "active"))
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.id)
    ).all()
    entries = db.session.execute(
        select(OrderEntry)
        .where(OrderEntry.order_id == order_id, OrderEntry.for_buyer)
        .order_by(OrderEntry.at.desc(), OrderEntry.id.desc())
    ).scalars()
    shipments = db.session.execute(
        select(Shipment).where(Shipment.order_id == order_id).order_by(Shipment.shipped_at)
    ).scalars()
    made = _made(order_id)
    label, text, tone = state_of(order)
    return {
        "number": order.number,
        "url": f"/orders/{order.token}",
        "placed_at": order.placed_at,
        "status_label": label,
        "status_text": text,
        "status_tone": tone,
        "lines": [_line(order, line, slug) for line, slug in lines],
        "totals": order_totals(order),
        "ship_to": address_lines(order.ship_to, order.locale),
        "billing": [],
        "timeline": _timeline(list(entries)),
        "parcels": [_parcel(shipment, made.get(shipment.fulfilment_order_id, [])) for shipment in shipments],
        "email_masked": mask(order.email),
        "help_url": f"/contact?order={order.number}",
    }


def state_of(order: Order) -> tuple[str, str, str]:
    """(headline, what comes next, tone), in the page's language."""
    label, text, tone = _STATES.get(order.fulfilment_status, _STATES["requested"])
    if order.status == "cancelled":
        label, text, tone = _STATES["cancelled"]
    return _(label), _(text), tone


def _line(order: Order, line: OrderLine, slug: str | None) -> dict[str, Any]:
    return {
        "title": line.title,
        "url": f"/products/{slug}" if slug else None,
        "variant_title": line.variant_title,
        "quantity": line.quantity,
        "total_text": format_minor(line.total_minor, order.currency, order.locale),
        "image": line.image or None,
    }


def _timeline(entries: list[OrderEntry]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for entry in entries:
        if entry.what in _HIDDEN or entry.what not in _ENTRIES:
            continue
        title, tone = _ENTRIES[entry.what]
        text = f"{entry.facts.get('carrier', '').upper()} {entry.facts.get('number', '')}".strip()
        shown.append({"at": entry.at, "title": _(title), "text": text, "tone": tone, "current": not shown})
    return shown


def _made(order_id: int) -> dict[int, list[tuple[int, str, str]]]:
    """{fulfilment order: [(quantity, title, sku)]}"""
    found: dict[int, list[tuple[int, str, str]]] = {}
    rows = db.session.execute(
        select(FulfilmentLine.fulfilment_order_id, FulfilmentLine.quantity, OrderLine.title, FulfilmentLine.sku)
        .join(OrderLine, OrderLine.id == FulfilmentLine.order_line_id)
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.id)
    )
    for work_id, quantity, title, sku in rows:
        found.setdefault(work_id, []).append((quantity, title, sku))
    return found


def _parcel(shipment: Shipment, made: list[tuple[int, str, str]]) -> dict[str, Any]:
    inside = [f"{quantity} × {title}" for quantity, title, sku in made if not shipment.skus or sku in shipment.skus]
    return {
        "carrier": shipment.carrier.upper(),
        "number": shipment.number,
        "url": shipment.url,
        "status": _("Delivered") if shipment.delivered_at else _("On its way"),
        "tone": "done" if shipment.delivered_at else "working",
        "items": inside,
        "shipped_at": shipment.shipped_at,
        "delivered_at": shipment.delivered_at,
    }


def mask(email: str) -> str:
    """ "anna@example.com" -> "a•••@example.com"."""
    name, _at, domain = email.partition("@")
    return f"{name[:1]}•••@{domain}" if domain else "•••"
