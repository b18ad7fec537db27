"""Queries and mutations of orders (contracts/shopify.md §5)."""

from __future__ import annotations

from typing import Any

from sandbox.shopify import sales
from sandbox.shopify.executing import Call
from sandbox.shopify.order_nodes import order_node, parcel_node
from sandbox.shopify.people import customer_by_email, new_customer
from sandbox.shopify.product_calls import listing
from sandbox.shopify.product_nodes import connection
from sandbox.shopify.searching import words_of
from sandbox.shopify.shelf import Shelf, shelf_of
from sandbox.shopify.shopfront import Json, bag, gid, minor_of, number_of, seconds_of
from sandbox.shopify.stock_calls import done_before, keep_answer, needs_key


def list_orders(call: Call, asked: Json) -> Any:
    shelf, words = shelf_of(call.world), words_of(str(asked.get("query") or ""))
    if "source_identifier" in words:
        kept = call.world.store.get("shopify_reference", words["source_identifier"])
        found = shelf.orders.get_many([kept["order"]]) if kept else []
        return connection(found, order_node)
    return listing(call, asked, shelf.orders, order_node)


def get_order(call: Call, asked: Json) -> Json | None:
    found = shelf_of(call.world).orders.get(number_of(asked.get("id", ""), "Order"))
    return order_node(found) if found else None


def create_order(call: Call, asked: Json) -> Json:
    shelf, told = shelf_of(call.world), asked["order"]
    if told.get("customer") and told.get("customerId"):
        return _no(["order", "customer"], "Only one of customer and customerId", "REDUNDANT_CUSTOMER_FIELDS")
    if told.get("processedAt") and seconds_of(told["processedAt"]) > shelf.now() + 5:
        return _no(["order", "processedAt"], "Processed at cannot be in the future", "PROCESSED_AT_INVALID")
    if told.get("taxLines") and any(line.get("taxLines") for line in told["lineItems"]):
        return _no(["order", "taxLines"], "Tax lines on the order or on its lines", "TAX_LINE_RATE_MISSING")
    if not told.get("lineItems"):
        return _no(["order", "lineItems"], "Line items can't be blank", "INVALID")
    lines = []
    for place, line in enumerate(told["lineItems"]):
        made = _line(shelf, line)
        if made is None:
            return _no(["order", "lineItems", str(place), "variantId"], "Product variant does not exist", "INVALID")
        lines.append(made)
    order = sales.new_order(shelf, lines, **_facts(shelf, told, lines))
    if (asked.get("options") or {}).get("inventoryBehaviour", "BYPASS") != "BYPASS":
        sales.take_stock(shelf, order["lines"])
    shelf.note_write()
    return {"order": order_node(order), "userErrors": []}


def _line(shelf: Shelf, told: Json) -> Json | None:
    price = told.get("priceSet")
    line: Json = {"title": told.get("title") or "", "sku": told.get("sku") or "", "unit": 0}
    if told.get("variantId"):
        number = number_of(told["variantId"], "ProductVariant")
        product = shelf.products.get(shelf.variants.get(number, 0))
        if product is None:
            return None
        variant = next(v for v in product["variants"] if v["id"] == number)
        line = sales.variant_line(product, variant, told["quantity"])
    if price:
        line["unit"] = minor_of(price["shopMoney"]["amount"])
    line["quantity"] = int(told["quantity"])
    line["tax"] = sum(minor_of(tax["priceSet"]["shopMoney"]["amount"]) for tax in told.get("taxLines") or [])
    line["properties"] = {p["name"]: p["value"] for p in told.get("properties") or []}
    return line


def _facts(shelf: Shelf, told: Json, lines: list[Json]) -> Json:
    discount, codes = 0, []
    for name, one in (told.get("discountCode") or {}).items():
        codes.append(one["code"])
        if name == "itemFixedDiscountCode":
            discount = minor_of(one["amountSet"]["shopMoney"]["amount"])
        elif name == "itemPercentageDiscountCode":
            goods = sum(line["unit"] * line["quantity"] for line in lines)
            discount = round(goods * float(one["percentage"]) / 100)
    shipping = [
        {"title": line["title"], "amount": minor_of(line["priceSet"]["shopMoney"]["amount"])}
        for line in told.get("shippingLines") or []
    ]
    paid = [_transaction(shelf, one) for one in told.get("transactions") or []]
    facts: Json = {
        "reference": told.get("sourceIdentifier") or "", "source": told.get("sourceName") or "app",
        "email": told.get("email") or "", "note": told.get("note") or "", "codes": codes, "discount": discount,
        "financial": told.get("financialStatus") or ("PAID" if paid else "PENDING"), "transactions": paid,
        "taxes_included": bool(told.get("taxesIncluded")), "tax": sum(line["tax"] for line in lines),
        "address": told.get("shippingAddress") or {}, "customer_id": _customer(shelf, told),
    }  # fmt: skip
    if shipping:
        facts["shipping"] = shipping[0]
    if told.get("processedAt"):
        facts["processed_at"] = seconds_of(told["processedAt"])
    return facts


def _transaction(shelf: Shelf, told: Json) -> Json:
    minor = minor_of(told["amountSet"]["shopMoney"]["amount"])
    return sales.transaction(shelf, told.get("kind") or "SALE", minor, told.get("gateway") or "manual")


def _customer(shelf: Shelf, told: Json) -> int:
    upsert = (told.get("customer") or {}).get("toUpsert")
    if not upsert or not upsert.get("email"):
        return 0
    found = customer_by_email(shelf, upsert["email"])
    if found is None:
        found = new_customer(
            shelf,
            email=upsert["email"],
            first_name=upsert.get("firstName") or "",
            last_name=upsert.get("lastName") or "",
        )
    return int(found["id"])


def create_fulfilment(call: Call, asked: Json) -> Json:
    shelf, told = shelf_of(call.world), asked["fulfillment"]
    tracking = told.get("trackingInfo") or {}
    facts = {name: tracking.get(name) or "" for name in ("company", "number", "url")}
    with shelf.lock:
        groups = told["lineItemsByFulfillmentOrder"]
        kept = call.world.store.get("shopify_fo", str(number_of(groups[0]["fulfillmentOrderId"], "FulfillmentOrder")))
        order = shelf.orders.get(kept["order"]) if kept else None
        if order is None or len(groups) != 1:
            return _no_parcel("Fulfillment order does not exist.")
        if order["cancelled_at"] or order["fulfilment"] == "FULFILLED":
            return _no_parcel("Fulfillment order is closed and cannot be fulfilled.")
        lines = {gid("FulfillmentOrderLineItem", line["fo_line_id"]): line for line in order["lines"]}
        counts = {line["id"]: line["quantity"] - line["shipped"] for line in order["lines"]}
        if groups[0].get("fulfillmentOrderLineItems"):
            counts = {lines[one["id"]]["id"]: int(one["quantity"]) for one in groups[0]["fulfillmentOrderLineItems"]}
        try:
            parcel = sales.ship(shelf, order, counts, facts)
        except ValueError as error:
            return _no_parcel(str(error))
    shelf.note_write()
    return {"fulfillment": parcel_node(parcel), "userErrors": []}


def update_tracking(call: Call, asked: Json) -> Json:
    shelf, number, told = (
        shelf_of(call.world),
        number_of(asked["fulfillmentId"], "Fulfillment"),
        asked["trackingInfoInput"],
    )
    with shelf.lock:
        kept = call.world.store.get("shopify_parcel", str(number))
        order = shelf.orders.get(kept["order"]) if kept else None
        for parcel in order["parcels"] if order else []:
            if order is not None and parcel["id"] == number:
                parcel |= {name: told.get(name) or "" for name in ("company", "number", "url")}
                sales.save(shelf, order)
                shelf.note_write()
                return {"fulfillment": parcel_node(parcel), "userErrors": []}
    return _no_parcel("Fulfillment does not exist.")


def create_refund(call: Call, asked: Json) -> Json:
    shelf, told, key = shelf_of(call.world), asked["input"], needs_key(call)
    answer, code = done_before(call, key, asked)
    if answer is not None:
        return answer
    if code:
        return _no_refund(["input"], f"{code}: the key was used with other arguments")
    with shelf.lock:
        order = shelf.orders.get(number_of(told["orderId"], "Order"))
        if order is None:
            return _no_refund(["orderId"], "Order does not exist")
        shares = [
            (number_of(made.get("parentId") or "", "OrderTransaction"), minor_of(made["amount"]))
            for made in told.get("transactions") or []
        ]
        minor = sum(share for _, share in shares)
        if minor > order["total"] - order["refunded"] and not told.get("allowOverRefunding"):
            return _no_refund(["transactions"], "Refund amount is greater than the remaining refundable amount")
        made = sales.refund(shelf, order, shares, told.get("note") or "")
        node = {"id": gid("Refund", made["id"]), "totalRefundedSet": bag(minor), "note": told.get("note")}
        keep_answer(call, key, asked, {"refund": node, "userErrors": []})
    shelf.note_write()
    return {"refund": node, "order": order_node(order), "userErrors": []}


def cancel_order(call: Call, asked: Json) -> Json:
    shelf = shelf_of(call.world)
    with shelf.lock:
        order = shelf.orders.get(number_of(asked["orderId"], "Order"))
        if order is None:
            return {"job": None, "orderCancelUserErrors": [{"field": ["orderId"], "message": "Order does not exist"}]}
        order["cancelled_at"] = shelf.now()
        sales.save(shelf, order, "orders/cancelled")
    shelf.note_write()
    return {"job": {"id": gid("Job", order["id"]), "done": True}, "orderCancelUserErrors": []}


def _no(field: list[str], message: str, code: str) -> Json:
    return {"order": None, "userErrors": [{"field": field, "message": message, "code": code}]}


def _no_parcel(message: str) -> Json:
    return {"fulfillment": None, "userErrors": [{"field": ["fulfillment"], "message": message}]}


def _no_refund(field: list[str], message: str) -> Json:
    return {"refund": None, "order": None, "userErrors": [{"field": field, "message": message}]}


QUERIES = {"orders": list_orders, "order": get_order}
MUTATIONS = {
    "orderCreate": create_order, "fulfillmentCreate": create_fulfilment,
    "fulfillmentTrackingInfoUpdate": update_tracking, "refundCreate": create_refund, "orderCancel": cancel_order,
}  # fmt: skip
