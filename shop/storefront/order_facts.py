"""An order as its buyer sees it."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from shop.catalog.models import Product
from shop.core import clock
from shop.core.money import format_minor
from shop.core.words import N_
from shop.extensions import db
from shop.fulfilment.models import FulfilmentLine, Shipment
from shop.invoicing.finding import find_invoice
from shop.orders.models import Order, OrderEntry, OrderLine
from shop.orders.statuses import FULFILMENT_RANK
from shop.storefront.context import page_locale, shows_reviews
from shop.storefront.gift_card_words import bought_gift_cards
from shop.storefront.order_timeline import steps_of
from shop.storefront.returns import returns_part
from shop.tenancy.checkout_rules import rules_of
from shop.tenancy.profile import current_profile
from shop.workflows.buyer_moves import May, may_of, rows_of
from shop.workflows.issue_invoice import may_issue
from shop.workflows.letter_facts import address_lines, order_totals, paid_by_cards_rows
from shop.workflows.order_again import PAID
from shop.workflows.review_links import review_path

_STATES: dict[str, tuple[str, str, str]] = {
    "requested": (N_("Thank you, we have your order"), N_("It goes to the print shop next."), "waiting"),
    "submitted": (N_("Your order is being prepared"), N_("The print shop has it and starts soon."), "working"),
    "in_production": (
        N_("Your order is being made"),
        N_("Printing takes two to five days. We write when it leaves."),
        "working",
    ),
    "partly_shipped": (N_("A part of your order is on its way"), N_("The rest follows."), "working"),
    "shipped": (N_("Your order is on its way"), N_("Follow it below."), "working"),
    "delivered": (N_("Your order was delivered"), N_("We hope you like it."), "done"),
    "cancelled": (N_("Your order was cancelled"), N_("What you paid goes back to you."), "failed"),
}


def order_facts(order_id: int) -> dict[str, Any]:
    """The context of templates/storefront/order.html; a constant number of statements."""
    order = db.session.execute(select(Order).where(Order.id == order_id)).scalar_one()
    works = rows_of(db.session(), order_id)
    may = may_of(order, works, rules_of(current_profile().checkout))
    lines = db.session.execute(
        select(OrderLine, Product.slug)
        .outerjoin(Product, (Product.id == OrderLine.product_id) & (Product.status == "active"))
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.id)
    ).all()
    entries = db.session.execute(
        select(OrderEntry)
        .where(OrderEntry.order_id == order_id, OrderEntry.for_buyer)
        .order_by(OrderEntry.at, OrderEntry.id)
    ).scalars()
    shipments = db.session.execute(
        select(Shipment).where(Shipment.order_id == order_id).order_by(Shipment.shipped_at, Shipment.id)
    )
    parcels = list(shipments.scalars())
    made = _made(order_id)
    label, text, tone = state_of(order)
    return {
        "id": order.id,
        "number": order.number,
        "token": order.token,
        "url": url_for("storefront.order_page", token=order.token),
        "placed_at": order.placed_at,
        "status_label": label,
        "status_text": text,
        "status_tone": tone,
        "lines": [_line(order, line, slug) for line, slug in lines],
        "totals": [*order_totals(order, page_locale()), *paid_by_cards_rows(db.session(), order, page_locale())],
        "gift_cards": bought_gift_cards(order.id),
        "ship_to": address_lines(order.ship_to, page_locale()),
        "billing": [],
        "timeline": steps_of(order, list(entries), parcels, FULFILMENT_RANK[order.fulfilment_status]),
        "parcels": [_parcel(parcel, made.get(parcel.fulfilment_order_id, [])) for parcel in parcels],
        "may": may,
        "invoice": _invoice(order),
        "version": version_of(order, parcels, may),
        "look_again_seconds": _look_again(order),
        "email_masked": mask(order.email),
        "review_url": _review_url(order),
        "returns": returns_part(order),
        "help_url": url_for("storefront.contact_form", order=order.number),
    }


def _review_url(order: Order) -> str | None:
    """Once something has arrived, while the merchant has reviews switched on."""
    is_there = order.status != "cancelled" and order.fulfilment_status in ("partly_shipped", "shipped", "delivered")
    return review_path(order.id) if is_there and order.email and shows_reviews() else None


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
        "total_text": format_minor(line.total_minor, order.currency, page_locale()),
        "image": line.image or None,
    }


def _invoice(order: Order) -> str:
    """issued | may_issue | "": whether there is an invoice, or the buyer can have one by asking."""
    if find_invoice(db.session(), order.id) is not None:
        return "issued"
    return "may_issue" if order.payment_status in PAID and may_issue(current_profile()) else ""


def version_of(order: Order, parcels: list[Shipment], may: May) -> str:
    """Another text whenever the page has something new to say."""
    told = [(parcel.number, parcel.delivered_at) for parcel in parcels]
    here = (order.status, order.payment_status, order.fulfilment_status)
    facts = (order.id, order.updated_at.isoformat(), here, told, may.cancel, may.change_address)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _look_again(order: Order) -> int:
    """In how many seconds the page asks again; 0 when nothing can change any more."""
    quiet = clock.now() - order.updated_at
    if quiet > timedelta(days=60) or order.status == "completed":
        return 0
    if order.status == "cancelled" and (order.payment_status == "refunded" or quiet > timedelta(days=2)):
        return 0
    return 20 if quiet < timedelta(minutes=15) else 90


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
        "url": shipment.url if shipment.url.startswith(("https://", "http://")) else "",
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
