"""The facts a letter about an order is written from: frozen, absolute addresses, prices as text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from babel.dates import format_date
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.checkout.countries import country_name
from shop.core.money import format_minor
from shop.fulfilment.models import FulfilmentLine, Shipment
from shop.orders.draft import OrderDraft
from shop.orders.models import Order, OrderLine
from shop.payments.models import Payment
from shop.payments.summing import GIFT_CARD


def public_url(path: str = "") -> str:
    return current_app.config["IMPRINT"].public_url.rstrip("/") + path


def order_url(order: Order) -> str:
    """The guest's unguessable link."""
    return public_url(f"/orders/{order.token}")


def order_facts(session: Session, order: Order, locale: str = "") -> dict[str, Any]:
    """{"order": {...}} in this language, without one in the order's: see templates/email for what is used."""
    locale = locale or order.locale
    lines = (
        session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).scalars().all()
    )
    return {
        "order": {
            "number": order.number,
            "placed_on": day(order.placed_at, locale),
            "url": order_url(order),
            "email": order.email,
            "customer_name": order.customer_name,
            "lines": [
                {
                    "title": line.title,
                    "variant_title": line.variant_title,
                    "quantity": line.quantity,
                    "total": money(order, line.total_minor, locale),
                    "image_url": absolute(str((line.image or {}).get("src") or "")),
                }
                for line in lines
            ],
            "totals": [*order_totals(order, locale), *paid_by_cards_rows(session, order, locale)],
            "ship_to": address_lines(order.ship_to, locale),
        }
    }


def order_totals(order: Order, locale: str = "") -> list[dict[str, Any]]:
    """[{"label", "text", "strong"}] in this language; without one in the order's."""
    locale = locale or order.locale
    with force_locale(locale):
        rows = [{"label": _("Subtotal"), "text": money(order, order.subtotal_minor, locale), "strong": False}]
        if order.discount_minor:
            off = "−" + money(order, order.discount_minor, locale)
            rows.append({"label": _("Discount"), "text": off, "strong": False})
        shipping = money(order, order.shipping_minor, locale) if order.shipping_minor else _("Free")
        rows.append({"label": _("Shipping"), "text": shipping, "strong": False})
        if order.tax_minor and not order.tax_included:
            rows.append({"label": _("Tax"), "text": money(order, order.tax_minor, locale), "strong": False})
        rows.append({"label": _("Total"), "text": money(order, order.total_minor, locale), "strong": True})
        if order.tax_minor and order.tax_included:
            rows.append({"label": _("of which tax"), "text": money(order, order.tax_minor, locale), "strong": False})
    return rows


def paid_by_cards_rows(session: Session, order: Order, locale: str = "") -> list[dict[str, Any]]:
    """What gift cards paid of the total, as rows below it, like `order_totals`; [] where none did."""
    locale = locale or order.locale
    asked = select(Payment.method, Payment.amount_minor).where(
        Payment.order_id == order.id, Payment.gateway == GIFT_CARD, Payment.status == "paid"
    )
    paid = session.execute(asked.order_by(Payment.id)).all()
    if not paid:
        return []
    with force_locale(locale):
        rows = [
            {
                "label": _("Gift card •••• %(last_four)s", last_four=method[-4:]),
                "text": "−" + money(order, minor, locale),
                "strong": False,
            }
            for method, minor in paid
        ]
        rest = order.total_minor - sum(minor for _method, minor in paid)
        return [*rows, {"label": _("Paid in another way"), "text": money(order, rest, locale), "strong": False}][
            : len(rows) + (rest > 0)
        ]


def parcel_facts(session: Session, order: Order, shipment: Shipment) -> dict[str, Any]:
    """order_facts plus {"parcel": {"carrier", "number", "url", "items", "partial"}}; its items are what its fulfilment
    order makes."""
    made = session.execute(
        select(OrderLine, FulfilmentLine.quantity, FulfilmentLine.sku)
        .join(FulfilmentLine, FulfilmentLine.order_line_id == OrderLine.id)
        .where(FulfilmentLine.fulfilment_order_id == shipment.fulfilment_order_id)
        .order_by(OrderLine.id)
    ).all()
    inside = [
        {
            "title": line.title,
            "variant_title": line.variant_title,
            "quantity": quantity,
            "total": "",
            "image_url": absolute(str((line.image or {}).get("src") or "")),
        }
        for line, quantity, sku in made
        if not shipment.skus or sku in shipment.skus
    ]
    return {
        **order_facts(session, order),
        "parcel": {
            "carrier": shipment.carrier.upper(),
            "number": shipment.number,
            "url": shipment.url or order_url(order),
            "items": inside,
            "partial": order.fulfilment_status not in ("shipped", "delivered"),
        },
    }


def draft_facts(draft: OrderDraft) -> list[dict[str, Any]]:
    """Lines of a checkout that is no order (yet)."""
    return [
        {
            "title": line.title,
            "variant_title": line.variant_title,
            "quantity": line.quantity,
            "total": format_minor(line.total_minor, draft.currency, draft.locale),
            "image_url": absolute(str(line.image.get("src") or "")),
        }
        for line in draft.lines
    ]


def draft_totals(draft: OrderDraft) -> list[dict[str, Any]]:
    """As `order_totals`, for what is no order yet."""
    included = sum(a.amount_minor for a in draft.adjustments if a.kind == "tax" and a.included)

    def text(minor: int) -> str:
        return format_minor(minor, draft.currency, draft.locale)

    with force_locale(draft.locale):
        rows = [{"label": _("Subtotal"), "text": text(draft.subtotal_minor), "strong": False}]
        shipping = draft.sum_of("shipping")
        rows.append({"label": _("Shipping"), "text": text(shipping) if shipping else _("Free"), "strong": False})
        added = draft.sum_of("tax", added_only=True)
        if added:
            rows.append({"label": _("Tax"), "text": text(added), "strong": False})
        rows.append({"label": _("Total"), "text": text(draft.total_minor), "strong": True})
        if included:
            rows.append({"label": _("of which tax"), "text": text(included), "strong": False})
    return rows


def money(order: Order, minor: int, locale: str = "") -> str:
    return format_minor(minor, order.currency, locale or order.locale)


def day(moment: datetime, locale: str) -> str:
    return str(format_date(moment, "long", locale=locale))


def absolute(url: str) -> str:
    return public_url(url) if url.startswith("/") else url


def address_lines(address: dict[str, Any], locale: str = "en") -> list[str]:
    """As written on a parcel, without empty lines."""
    town = " ".join(str(address.get(k) or "") for k in ("postal_code", "city")).strip()
    if address.get("country") in ("US", "CA", "AU", "GB"):
        state = f", {address['state']}" if address.get("state") else ""
        town = f"{address.get('city') or ''}{state} {address.get('postal_code') or ''}".strip()
    country = str(address.get("country") or "")
    lines = [address.get("name"), address.get("line1"), address.get("line2"), town, country_name(country, locale)]
    return [str(line) for line in lines if line]
