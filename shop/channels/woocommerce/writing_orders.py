"""Our orders, parcels and people as bodies for their API (contracts/woocommerce.md §4, §5). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.channels.records import (
    AddressRecord,
    CustomerRecord,
    FulfilmentState,
    OrderLineRecord,
    OrderRecord,
    PaymentState,
)
from shop.channels.woocommerce.reading_orders import ORDER_KEY
from shop.channels.woocommerce.values import amount_text, parts_of


def order_body(order: OrderRecord, key: str) -> dict[str, Any]:
    """What was sold here. Their own taxes are worked out again from these net amounts, with the rates of their shop."""
    is_paid = order.payment in (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)
    is_done = order.fulfilment is FulfilmentState.FULFILLED
    shares = _shares(order)
    lines, fees = [], []
    for line, share in zip(order.lines, shares, strict=True):
        before, after = _amounts(line, share, order)
        told = {"subtotal": amount_text(before, order.currency), "total": amount_text(after, order.currency)}
        if line.variant_external_id or line.sku:
            lines.append({**_reference(line), "name": line.title, "quantity": line.quantity, **told})
        else:
            fees.append({"name": f"{line.quantity} × {line.title}", "total": told["total"], "tax_status": "taxable"})
    body: dict[str, Any] = {
        "status": "completed" if is_paid and is_done else "processing" if is_paid else "pending",
        "set_paid": is_paid,
        "currency": order.currency,
        "billing": {**address_body(order.bill_to), "email": order.email},
        "shipping": address_body(order.ship_to),
        "payment_method": "imprint",
        "payment_method_title": "Sold elsewhere",
        "transaction_id": key,
        "line_items": lines,
        "meta_data": [{"key": ORDER_KEY, "value": key}],
    }
    if fees:
        body["fee_lines"] = fees
    if order.shipping_minor:
        method = {"method_id": "imprint", "method_title": order.shipping_label or "Shipping"}
        body["shipping_lines"] = [{**method, "total": amount_text(order.shipping_minor, order.currency)}]
    if order.note:
        body["customer_note"] = order.note
    if order.customer_external_id.isdigit():
        body["customer_id"] = int(order.customer_external_id)
    return body


def _shares(order: OrderRecord) -> list[int]:
    """The discount of each line. What the order has beyond its lines is spread by their value, to the last unit."""
    told = [line.discount_minor for line in order.lines]
    left, goods = order.discount_minor - sum(told), sum(line.quantity * line.unit_minor for line in order.lines)
    if left <= 0 or goods <= 0:
        return told
    given = 0
    for place, line in enumerate(order.lines):
        share = left * line.quantity * line.unit_minor // goods
        share = left - given if place == len(told) - 1 else share
        told[place] += share
        given += share
    return told


def _amounts(line: OrderLineRecord, discount: int, order: OrderRecord) -> tuple[int, int]:
    """Before and after its discount, both without tax."""
    before, after = line.quantity * line.unit_minor, line.quantity * line.unit_minor - discount
    if not order.taxes_included or not line.tax_minor or after <= 0:
        return before, after
    net = after - line.tax_minor
    return (before * net * 2 + after) // (after * 2), net


def _reference(line: OrderLineRecord) -> dict[str, Any]:
    if not line.variant_external_id:
        return {"sku": line.sku}
    product, variation = parts_of(line.variant_external_id)
    return {"product_id": int(product)} | ({"variation_id": int(variation)} if variation != "0" else {})


def address_body(address: AddressRecord) -> dict[str, str]:
    first, _, last = address.name.rpartition(" ")
    return {
        "first_name": first or last,
        "last_name": last if first else "",
        "company": address.company,
        "address_1": address.line1,
        "address_2": address.line2,
        "city": address.city,
        "state": address.state,
        "postcode": address.postal_code,
        "country": address.country,
        "phone": address.phone,
    }


def fulfilment_body(items: Mapping[str, int], carrier: str, number: str, url: str, key: str) -> dict[str, Any]:
    """Of the core's own fulfilments (§4.1). `items`: their line → pieces."""
    values = [{"item_id": int(line), "qty": pieces} for line, pieces in items.items()]
    meta = {
        "_items": values, "_tracking_number": number, "_shipment_provider": carrier, "_tracking_url": url,
        "_pod_key": key,
    }  # fmt: skip
    told = [{"key": name, "value": value} for name, value in meta.items() if value]
    return {"status": "fulfilled", "is_fulfilled": True, "meta_data": told}


def tracking_body(carrier: str, number: str, url: str, day: str) -> dict[str, Any]:
    """Of the Shipment Tracking plugins (§4.2)."""
    body = {"tracking_number": number, "date_shipped": day}
    if url:
        return body | {"custom_tracking_provider": carrier or "Carrier", "custom_tracking_link": url}
    return body | {"tracking_provider": carrier or "Carrier"}


def tracking_note(carrier: str, number: str, url: str) -> str:
    words = f"Your parcel is on its way with {carrier}" if carrier else "Your parcel is on its way"
    words += f", tracking number {number}" if number else ""
    return f"{words}. Follow it here: {url}" if url else f"{words}."


def customer_body(customer: CustomerRecord) -> dict[str, Any]:
    body: dict[str, Any] = {
        "email": customer.email, "first_name": customer.first_name, "last_name": customer.last_name,
    }  # fmt: skip
    if customer.addresses:
        body["shipping"] = address_body(customer.addresses[0])
        body["billing"] = address_body(customer.addresses[-1])
    if customer.phone:
        body["billing"] = {**body.get("billing", {}), "phone": customer.phone}
    return body
