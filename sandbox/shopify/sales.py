"""Orders as the shop keeps them, and every change of them. Money in minor units.

{"id", "number", "name", "reference", "source", "email", "note", "financial", "fulfilment", "cancelled_at",
 "lines": [{"id", "variant_id", "product_id", "sku", "title", "variant_title", "unit", "quantity", "discount",
            "tax", "shipped", "refunded", "properties", "is_gift_card", "fo_line_id"}],
 "shipping": {"title", "amount"}, "discount", "tax", "total", "refunded", "codes": [], "address", "customer_id",
 "transactions": [...], "parcels": [...], "fo_id", "taxes_included", "processed_at", "created_at", "updated_at"}
"""

from __future__ import annotations

from typing import Any

from sandbox.shopify import goods
from sandbox.shopify.hooking import order_body, tell
from sandbox.shopify.shelf import Shelf
from sandbox.shopify.shopfront import Json, gid, stamp

NO_ADDRESS: Json = {}


def new_order(shelf: Shelf, lines: list[Json], **facts: Any) -> Json:
    """Saved and told. `lines` as kept, ids and counters are added."""
    now, number = shelf.now(), shelf.number("order")
    line_ids, fo_ids = shelf.numbers("line", len(lines)), shelf.numbers("fo_line", len(lines))
    kept = [
        {"product_id": 0, "variant_id": 0, "sku": "", "variant_title": "", "discount": 0, "tax": 0, "properties": {},
         "is_gift_card": False, "shipped": 0, "refunded": 0, **line, "id": one, "fo_line_id": two}
        for line, one, two in zip(lines, line_ids, fo_ids, strict=False)
    ]  # fmt: skip
    order: Json = {
        "id": number, "number": number - 8000, "name": f"#{number - 8000}", "reference": "", "source": "web",
        "email": "", "note": "", "financial": "PAID", "fulfilment": "UNFULFILLED", "cancelled_at": None, "lines": kept,
        "shipping": {"title": "Standard", "amount": 0}, "discount": 0, "tax": 0, "refunded": 0, "codes": [],
        "address": NO_ADDRESS, "customer_id": 0,
        "transactions": [], "parcels": [], "refunds": [], "fo_id": shelf.number("fo"),
        "taxes_included": True, "processed_at": now, "created_at": now, "updated_at": now, **facts,
    }  # fmt: skip
    if "total" not in order:
        goods_total = sum(line["unit"] * line["quantity"] for line in kept)
        tax = 0 if order["taxes_included"] else order["tax"]
        order["total"] = goods_total - order["discount"] + order["shipping"]["amount"] + tax
    if not order["transactions"] and order["financial"] == "PAID":
        order["transactions"] = [transaction(shelf, "SALE", order["total"], "bogus")]
    with shelf.lock:
        shelf.orders.put_many([order])
    shelf.world.store.put("shopify_fo", str(order["fo_id"]), {"order": number})
    if order["reference"]:
        shelf.world.store.put("shopify_reference", order["reference"], {"order": number})
    tell(shelf, "orders/create", order_body(order))
    if order["financial"] == "PAID":
        tell(shelf, "orders/paid", order_body(order))
    return order


def transaction(shelf: Shelf, kind: str, minor: int, gateway: str, parent: int = 0) -> Json:
    return {"id": shelf.number("transaction"), "kind": kind, "amount": minor, "gateway": gateway, "parent": parent}


def save(shelf: Shelf, order: Json, *topics: str) -> None:
    """Saved; told as updated, and under the other topics."""
    order["updated_at"] = shelf.now()
    shelf.orders.put_many([order])
    for topic in ("orders/updated", *topics):
        tell(shelf, topic, order_body(order))


def ship(shelf: Shelf, order: Json, counts: dict[int, int], tracking: Json) -> Json:
    """The parcel. `counts`: line's id → quantity. Raises ValueError for more than is left."""
    for line in order["lines"]:
        count = counts.get(line["id"], 0)
        if count > line["quantity"] - line["shipped"] or count < 0:
            raise ValueError("Invalid fulfillment order line item quantity requested.")
        line["shipped"] += count
    parcel = {"id": shelf.number("fulfilment"), "counts": {str(k): v for k, v in counts.items()}, **tracking}
    order["parcels"].append(parcel)
    shelf.world.store.put("shopify_parcel", str(parcel["id"]), {"order": order["id"]})
    left = sum(line["quantity"] - line["shipped"] for line in order["lines"])
    order["fulfilment"] = "PARTIALLY_FULFILLED" if left else "FULFILLED"
    save(shelf, order, *([] if left else ["orders/fulfilled"]))
    body = {
        "id": parcel["id"], "order_id": order["id"], "status": "success", "tracking_company": tracking["company"],
        "tracking_number": tracking["number"], "tracking_url": tracking["url"], "created_at": stamp(shelf.now()),
        "updated_at": stamp(shelf.now()), "admin_graphql_api_id": gid("Fulfillment", parcel["id"]),
    }  # fmt: skip
    tell(shelf, "fulfillments/create", body)
    return parcel


def refund(shelf: Shelf, order: Json, shares: list[tuple[int, int]], note: str) -> Json:
    """`shares`: (payment's id, minor units)."""
    minor, number = sum(share for _, share in shares), shelf.number("refund")
    order["refunded"] += minor
    order["financial"] = "REFUNDED" if order["refunded"] >= order["total"] else "PARTIALLY_REFUNDED"
    order["transactions"] += [transaction(shelf, "REFUND", share, "bogus", parent) for parent, share in shares]
    order["refunds"].append({"id": number, "note": note})
    save(shelf, order)
    body = {"id": number, "order_id": order["id"], "created_at": stamp(shelf.now()), "note": note}
    tell(shelf, "refunds/create", body)
    return {"id": number, "total": minor}


def line_of(shelf: Shelf, sku: str, quantity: int) -> Json:
    """A line of what is sold under this SKU. Raises KeyError."""
    product = shelf.products.get(shelf.skus[sku])
    if product is None:
        raise KeyError(sku)
    variant = next(v for v in product["variants"] if v["sku"] == sku)
    return variant_line(product, variant, quantity)


def variant_line(product: Json, variant: Json, quantity: int) -> Json:
    return {
        "product_id": product["id"], "variant_id": variant["id"], "sku": variant["sku"], "title": product["title"],
        "variant_title": " / ".join(variant["values"]), "unit": variant["price"], "quantity": quantity,
        "is_gift_card": product["is_gift_card"],
    }  # fmt: skip


def take_stock(shelf: Shelf, lines: list[Json]) -> None:
    """What is sold is no longer there."""
    for line in lines:
        product = shelf.products.get(shelf.variants.get(line["variant_id"], 0))
        for variant in product["variants"] if product else []:
            if variant["id"] == line["variant_id"] and variant["tracked"] and variant["stock"]:
                location, available = next(iter(variant["stock"].items()))
                goods.change_stock(shelf, variant["item_id"], int(location), available - line["quantity"])
