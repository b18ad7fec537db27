"""Our orders, parcels and refunds there (contracts/shopify.md §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.channels.records import AddressRecord, OrderRecord, PaymentState
from shop.channels.shopify import order_documents as documents
from shop.channels.shopify.client import Client
from shop.channels.shopify.reading import read_bag
from shop.channels.shopify.stocking import key_of
from shop.channels.shopify.writing import money
from shop.core import clock
from shop.errors import Refused

Json = dict[str, Any]
SOURCE = "imprint"
_PAID = {
    PaymentState.PAID: "PAID",
    PaymentState.AUTHORISED: "AUTHORIZED",
    PaymentState.PARTLY_PAID: "PARTIALLY_PAID",
    PaymentState.PARTLY_REFUNDED: "PARTIALLY_REFUNDED",
    PaymentState.REFUNDED: "REFUNDED",
}
_OPEN = frozenset({"OPEN", "IN_PROGRESS"})


def find(client: Client, key: str) -> str | None:
    """By `source_identifier`; the answer of the search is compared exactly."""
    quoted = key.replace("\\", "\\\\").replace("'", "\\'")
    found = client.read(documents.FIND_ORDER, {"query": f"source_identifier:'{quoted}'"})["orders"]["nodes"]
    return next((str(one["id"]) for one in found if one.get("sourceIdentifier") == key), None)


def create(client: Client, order: OrderRecord, key: str) -> str:
    given = {"order": write_order(order, key), "options": {"inventoryBehaviour": "DECREMENT_IGNORING_POLICY"}}
    made = client.write(documents.CREATE_ORDER, given, subject=f"order:{key}")
    return str(made["order"]["id"])


def write_order(order: OrderRecord, key: str) -> Json:
    """An OrderCreateOrderInput. One discount only, tax on the lines only; `processedAt` is never in the future."""
    given: Json = {
        "currency": order.currency,
        "sourceName": SOURCE,
        "sourceIdentifier": key,
        "processedAt": min(order.placed_at, clock.now()).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "taxesIncluded": order.taxes_included,
        "financialStatus": _PAID.get(order.payment, "PENDING"),
        "tags": [SOURCE],
        "test": order.is_test,
        "lineItems": [_line(order, place) for place in range(len(order.lines))],
    }
    if order.email:
        given["email"] = order.email
        first, last = _names(order.ship_to.name or order.bill_to.name)
        given["customer"] = {"toUpsert": {"email": order.email, "firstName": first, "lastName": last}}
    if order.note:
        given["note"] = order.note[:5000]
    for name, address in (("shippingAddress", order.ship_to), ("billingAddress", order.bill_to)):
        if address.line1 or address.city:
            given[name] = write_address(address)
    if order.discount_minor:
        code = {"code": (order.codes or ("discount",))[0], "amountSet": _bag(order.discount_minor, order.currency)}
        given["discountCode"] = {"itemFixedDiscountCode": code}
    if order.shipping_minor or order.shipping_label:
        label = order.shipping_label or "Shipping"
        given["shippingLines"] = [{"title": label, "priceSet": _bag(order.shipping_minor, order.currency)}]
    if order.payment is PaymentState.PAID and order.total_minor > 0:
        paid = {"kind": "SALE", "status": "SUCCESS", "gateway": SOURCE}
        given["transactions"] = [{**paid, "amountSet": _bag(order.total_minor, order.currency)}]
    return given


def _line(order: OrderRecord, place: int) -> Json:
    line = order.lines[place]
    given: Json = {"quantity": line.quantity, "priceSet": _bag(line.unit_minor, order.currency)}
    if line.variant_external_id:
        given["variantId"] = line.variant_external_id
    else:
        given |= {"title": line.title[:255] or "Item", "sku": line.sku}
    given["requiresShipping"] = True
    if line.tax_minor:
        worth = line.unit_minor * line.quantity - line.discount_minor
        net = worth - line.tax_minor if order.taxes_included else worth
        rate = f"{line.tax_minor / net:.4f}" if net > 0 else "0"
        given["taxLines"] = [{"title": "Tax", "rate": rate, "priceSet": _bag(line.tax_minor, order.currency)}]
    if line.properties:
        given["properties"] = [{"name": name, "value": value} for name, value in line.properties.items()]
    return given


def write_address(address: AddressRecord) -> Json:
    first, last = _names(address.name)
    given = {
        "firstName": first, "lastName": last, "company": address.company, "address1": address.line1,
        "address2": address.line2, "city": address.city, "zip": address.postal_code, "countryCode": address.country,
        "provinceCode": address.state, "phone": address.phone,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value}


def fulfil(client: Client, external_id: str, lines: Mapping[str, int] | None, tracking: Json) -> str:
    """One parcel; the id of what was made, also when it was made before (the same tracking number).

    One call is one location: what is at several goes as several, and the first one's id is told.
    """
    order = client.read(documents.TO_FULFIL, {"id": external_id})["order"]
    if order is None:
        raise Refused("This order is not in the Shopify shop any more.", service="shopify", status=404)
    before = [p for p in order["fulfillments"] if any(t.get("number") == tracking["number"] for t in p["trackingInfo"])]
    if before and tracking["number"]:
        return str(before[0]["id"])
    groups = [_open_lines(one, lines) for one in order["fulfillmentOrders"]["nodes"] if one["status"] in _OPEN]
    groups = [group for group in groups if group["fulfillmentOrderLineItems"]]
    if not groups:
        if order["fulfillments"] and lines is None:
            return str(order["fulfillments"][-1]["id"])
        raise Refused("Nothing of this order is left to be sent, as Shopify sees it.", service="shopify")
    told = {name: value for name, value in tracking.items() if value}
    made = []
    for group in groups:
        given = {"lineItemsByFulfillmentOrder": [group], "trackingInfo": told, "notifyCustomer": True}
        answer = client.write(documents.FULFIL, {"fulfillment": given}, subject=f"parcel:{external_id}")
        made.append(str(answer["fulfillment"]["id"]))
    return made[0]


def _open_lines(group: Json, lines: Mapping[str, int] | None) -> Json:
    found = []
    for one in group["lineItems"]["nodes"]:
        left = int(one["remainingQuantity"])
        wanted = left if lines is None else min(lines.get(one["lineItem"]["id"], 0), left)
        if wanted > 0:
            found.append({"id": one["id"], "quantity": wanted})
    return {"fulfillmentOrderId": group["id"], "fulfillmentOrderLineItems": found}


def refund(client: Client, external_id: str, amount_minor: int, currency: str, key: str) -> str:
    """Booked on the payment it belongs to: what was paid here (our own gateway) moves no money there; what was paid
    there goes back the way it came. Found again by our key in its note."""
    order = client.read(documents.TO_REFUND, {"id": external_id})["order"]
    if order is None:
        raise Refused("This order is not in the Shopify shop any more.", service="shopify", status=404)
    if order["currencyCode"] != currency:
        raise Refused(f"This order is in {order['currencyCode']}, the refund in {currency}.", service="shopify")
    before = next((one for one in order["refunds"] if one.get("note") == key), None)
    if before is not None:
        return str(before["id"])
    given = {
        "orderId": external_id,
        "note": key,
        "notify": False,
        "transactions": _shares(order, amount_minor, currency, external_id),
    }
    asked = {"input": given, "key": key_of(key, f"{external_id} {amount_minor}")}
    made = client.write(documents.REFUND, asked, repeatable=True, subject=f"refund:{key}")
    return str(made["refund"]["id"])


def _shares(order: Json, amount_minor: int, currency: str, external_id: str) -> list[Json]:
    """Over the payments, as far as each has not gone back yet. Raises Refused for more than was paid."""
    done = [one for one in order["transactions"] if one["status"] == "SUCCESS"]
    back: dict[str, int] = {}
    for one in done:
        if one["kind"] == "REFUND" and one.get("parentTransaction"):
            parent = one["parentTransaction"]["id"]
            back[parent] = back.get(parent, 0) + read_bag(one["amountSet"], currency)
    left, shares = amount_minor, []
    for one in done:
        if one["kind"] not in ("SALE", "CAPTURE") or left <= 0:
            continue
        share = min(left, read_bag(one["amountSet"], currency) - back.get(one["id"], 0))
        if share > 0:
            facts = {"orderId": external_id, "parentId": one["id"], "kind": "REFUND", "gateway": one["gateway"]}
            shares.append({**facts, "amount": money(share, currency)})
            left -= share
    if left > 0:
        raise Refused("This is more than was paid for the order in Shopify.", service="shopify")
    return shares


def _bag(minor: int, currency: str) -> Json:
    return {"shopMoney": {"amount": money(minor, currency), "currencyCode": currency}}


def _names(name: str) -> tuple[str, str]:
    first, _, last = name.strip().rpartition(" ")
    return (first, last) if first else (last, "")
