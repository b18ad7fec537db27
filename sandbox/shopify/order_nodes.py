"""Orders, fulfilment orders and refunds as GraphQL nodes (contracts/shopify.md §5)."""

from __future__ import annotations

from sandbox.shopify.product_nodes import connection
from sandbox.shopify.shopfront import CURRENCY, LOCATION, Json, amount, bag, gid, stamp


def order_node(order: Json) -> Json:
    lines = sum(line["unit"] * line["quantity"] for line in order["lines"])
    return {
        "__typename": "Order",
        "id": gid("Order", order["id"]),
        "legacyResourceId": str(order["id"]),
        "name": order["name"],
        "number": order["number"],
        "createdAt": stamp(order["created_at"]),
        "processedAt": stamp(order["processed_at"]),
        "updatedAt": stamp(order["updated_at"]),
        "cancelledAt": stamp(order["cancelled_at"]) if order["cancelled_at"] else None,
        "closedAt": None,
        "test": False,
        "note": order["note"] or None,
        "email": order["email"] or None,
        "phone": None,
        "currencyCode": CURRENCY,
        "presentmentCurrencyCode": CURRENCY,
        "displayFinancialStatus": order["financial"],
        "displayFulfillmentStatus": order["fulfilment"],
        "returnStatus": "NO_RETURN",
        "sourceName": order["source"],
        "sourceIdentifier": order["reference"] or None,
        "taxesIncluded": order["taxes_included"],
        "subtotalPriceSet": bag(lines - order["discount"]),
        "totalShippingPriceSet": bag(order["shipping"]["amount"]),
        "totalTaxSet": bag(order["tax"]),
        "totalDiscountsSet": bag(order["discount"]),
        "totalPriceSet": bag(order["total"]),
        "totalRefundedSet": bag(order["refunded"]),
        "discountCodes": order["codes"],
        "customAttributes": [],
        "tags": [],
        "lineItems": connection(order["lines"], line_node),
        "shippingLines": connection([order["shipping"]], _shipping_node),
        "shippingAddress": address_node(order["address"]),
        "billingAddress": address_node(order["address"]),
        "customer": {"id": gid("Customer", order["customer_id"])} if order["customer_id"] else None,
        "transactions": [transaction_node(made) for made in order["transactions"]],
        "fulfillments": [parcel_node(parcel) for parcel in order["parcels"]],
        "fulfillmentOrders": connection([order], fulfilment_order_node),
        "refunds": lambda asked: [
            {"__typename": "Refund", "id": gid("Refund", one["id"]), "note": one["note"]} for one in order["refunds"]
        ],
        "suggestedRefund": lambda asked: _suggested(order),
    }


def line_node(line: Json) -> Json:
    allocated = [{"allocatedAmountSet": bag(line["discount"])}] if line["discount"] else []
    taxes = [{"title": "VAT", "rate": 0.19, "priceSet": bag(line["tax"])}] if line["tax"] else []
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line["id"]),
        "title": line["title"],
        "name": line["title"],
        "variantTitle": line["variant_title"] or None,
        "sku": line["sku"] or None,
        "quantity": line["quantity"],
        "currentQuantity": line["quantity"] - line["refunded"],
        "refundableQuantity": line["quantity"] - line["refunded"],
        "unfulfilledQuantity": line["quantity"] - line["shipped"],
        "originalUnitPriceSet": bag(line["unit"]),
        "discountedUnitPriceSet": bag(line["unit"]),
        "originalTotalSet": bag(line["unit"] * line["quantity"]),
        "totalDiscountSet": bag(0),
        "discountAllocations": allocated,
        "taxLines": taxes,
        "customAttributes": [{"key": key, "value": value} for key, value in line["properties"].items()],
        "isGiftCard": line["is_gift_card"],
        "requiresShipping": True,
        "product": {"id": gid("Product", line["product_id"])} if line["product_id"] else None,
        "variant": {"id": gid("ProductVariant", line["variant_id"])} if line["variant_id"] else None,
    }


def fulfilment_order_node(order: Json) -> Json:
    left = sum(line["quantity"] - line["shipped"] for line in order["lines"])
    shipped = sum(line["shipped"] for line in order["lines"])
    status = "CANCELLED" if order["cancelled_at"] else "CLOSED" if not left else "IN_PROGRESS" if shipped else "OPEN"
    return {
        "__typename": "FulfillmentOrder",
        "id": gid("FulfillmentOrder", order["fo_id"]),
        "status": status,
        "assignedLocation": {"location": {"id": gid("Location", LOCATION)}},
        "lineItems": connection(order["lines"], _fulfilment_line),
    }


def _fulfilment_line(line: Json) -> Json:
    return {
        "id": gid("FulfillmentOrderLineItem", line["fo_line_id"]),
        "remainingQuantity": line["quantity"] - line["shipped"],
        "totalQuantity": line["quantity"],
        "lineItem": {"id": gid("LineItem", line["id"])},
    }


def parcel_node(parcel: Json) -> Json:
    tracking = {"company": parcel["company"] or None, "number": parcel["number"] or None, "url": parcel["url"] or None}
    return {
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", parcel["id"]),
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "trackingInfo": [tracking],
    }


def transaction_node(made: Json) -> Json:
    return {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", made["id"]),
        "kind": made["kind"],
        "status": "SUCCESS",
        "gateway": made["gateway"],
        "amountSet": bag(made["amount"]),
        "parentTransaction": {"id": gid("OrderTransaction", made["parent"])} if made["parent"] else None,
    }


def address_node(address: Json) -> Json | None:
    if not address:
        return None
    names = (
        "firstName",
        "lastName",
        "company",
        "address1",
        "address2",
        "city",
        "province",
        "provinceCode",
        "zip",
        "phone",
    )
    return {name: address.get(name) or None for name in names} | {
        "name": f"{address.get('firstName') or ''} {address.get('lastName') or ''}".strip() or None,
        "countryCodeV2": address.get("countryCode") or None,
    }


def _shipping_node(line: Json) -> Json:
    return {
        "title": line["title"],
        "code": line["title"],
        "originalPriceSet": bag(line["amount"]),
        "discountedPriceSet": bag(line["amount"]),
        "taxLines": [],
    }


def _suggested(order: Json) -> Json:
    left = order["total"] - order["refunded"]
    paid = [made for made in order["transactions"] if made["kind"] in ("SALE", "CAPTURE")]
    each = [
        {
            "kind": "SUGGESTED_REFUND",
            "gateway": made["gateway"],
            "amountSet": bag(left),
            "maximumRefundableSet": bag(left),
            "parentTransaction": {"id": gid("OrderTransaction", made["id"])},
        }
        for made in paid
    ]
    return {"amountSet": bag(left), "maximumRefundableSet": bag(left), "suggestedTransactions": each} | {
        "shipping": {"maximumRefundableSet": bag(order["shipping"]["amount"]), "amountSet": amount(0)}
    }
