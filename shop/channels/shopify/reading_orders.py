"""Their orders and customers in our words. Pure (contracts/shopify.md §5, §6; unified-model.md §5–§7)."""

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
    Unreadable,
)
from shop.channels.shopify.reading import Json, Odd, read_bag, read_time

_PAYMENT = {
    "PENDING": PaymentState.PENDING,
    "AUTHORIZED": PaymentState.AUTHORISED,
    "PAID": PaymentState.PAID,
    "PARTIALLY_PAID": PaymentState.PARTLY_PAID,
    "PARTIALLY_REFUNDED": PaymentState.PARTLY_REFUNDED,
    "REFUNDED": PaymentState.REFUNDED,
    "VOIDED": PaymentState.FAILED,
    "EXPIRED": PaymentState.FAILED,
}
_FULFILMENT = {
    "UNFULFILLED": FulfilmentState.UNFULFILLED,
    "ON_HOLD": FulfilmentState.UNFULFILLED,
    "SCHEDULED": FulfilmentState.UNFULFILLED,
    "OPEN": FulfilmentState.UNFULFILLED,
    "PENDING_FULFILLMENT": FulfilmentState.UNFULFILLED,
    "REQUEST_DECLINED": FulfilmentState.UNFULFILLED,
    "RESTOCKED": FulfilmentState.UNFULFILLED,
    "PARTIALLY_FULFILLED": FulfilmentState.PARTLY,
    "IN_PROGRESS": FulfilmentState.PARTLY,
    "FULFILLED": FulfilmentState.FULFILLED,
    "FULFILLMENT_NOT_REQUIRED": FulfilmentState.FULFILLED,
}
_CONSENT = {"SUBSCRIBED": True, "NOT_SUBSCRIBED": False, "UNSUBSCRIBED": False, "PENDING": False}


def read_order(node: Any) -> OrderRecord | Unreadable:
    """All lines must be in the node."""
    external_id = str(node.get("id") or "") if isinstance(node, Mapping) else ""
    try:
        return _order(node)
    except (Odd, KeyError, TypeError, AttributeError, ValueError) as error:
        why = str(error) if isinstance(error, Odd) else f"it has not the shape of an order ({type(error).__name__})"
        return Unreadable(external_id, f"This order of Shopify cannot be read: {why}.", node)


def _order(node: Json) -> OrderRecord:
    currency = str(node["currencyCode"])
    lines = tuple(_line(line, currency) for line in node["lineItems"]["nodes"])
    if not lines:
        raise Odd("it has no lines")
    money = {name: read_bag(node.get(name), currency) for name in (
        "totalShippingPriceSet", "totalTaxSet", "totalDiscountsSet", "totalPriceSet", "totalRefundedSet",
    )}  # fmt: skip
    taxed = bool(node.get("taxesIncluded"))
    parts = sum(line.quantity * line.unit_minor for line in lines) - money["totalDiscountsSet"]
    parts += money["totalShippingPriceSet"] + (0 if taxed else money["totalTaxSet"])
    paid, sent = str(node.get("displayFinancialStatus") or ""), str(node.get("displayFulfillmentStatus") or "")
    is_cancelled = bool(node.get("cancelledAt"))
    placed = read_time(node.get("processedAt")) or read_time(node.get("createdAt"))
    if placed is None:
        raise Odd("it has no date")
    shipping = (node.get("shippingLines") or {}).get("nodes") or []
    extra = {one["key"]: one.get("value") for one in node.get("customAttributes") or []}
    return OrderRecord(
        external_id=str(node["id"]),
        number=str(node["name"]),
        currency=currency,
        lines=lines,
        total_minor=money["totalPriceSet"],
        placed_at=placed,
        payment=_PAYMENT.get(paid, PaymentState.UNKNOWN),
        fulfilment=FulfilmentState.CANCELLED if is_cancelled else _FULFILMENT.get(sent, FulfilmentState.UNKNOWN),
        email=str(node.get("email") or ""),
        ship_to=read_address(node.get("shippingAddress")),
        bill_to=read_address(node.get("billingAddress")),
        discount_minor=money["totalDiscountsSet"],
        shipping_minor=money["totalShippingPriceSet"],
        tax_minor=money["totalTaxSet"],
        refunded_minor=money["totalRefundedSet"],
        rounding_minor=money["totalPriceSet"] - parts,
        taxes_included=taxed,
        codes=tuple(str(code) for code in node.get("discountCodes") or ()),
        customer_external_id=str((node.get("customer") or {}).get("id") or ""),
        our_reference=str(node.get("sourceIdentifier") or ""),
        shipping_label=str(shipping[0].get("title") or "") if shipping else "",
        note=str(node.get("note") or ""),
        is_test=bool(node.get("test")),
        is_cancelled=is_cancelled,
        updated_at=read_time(node.get("updatedAt")),
        raw_status=f"{paid} / {sent}",
        unknown={"customAttributes": extra} if extra else {},
        raw=node,
    )


def _line(node: Json, currency: str) -> OrderLineRecord:
    quantity = int(node["quantity"])
    if quantity < 1:
        raise Odd(f"a line has the quantity {quantity}")
    unit = read_bag(node["originalUnitPriceSet"], currency)
    if unit < 0:
        raise Odd("a line has a price below zero")
    variant_title, title = str(node.get("variantTitle") or ""), str(node.get("title") or "")
    shares = [read_bag(one["allocatedAmountSet"], currency) for one in node.get("discountAllocations") or []]
    return OrderLineRecord(
        title=f"{title} – {variant_title}" if variant_title and variant_title != "Default Title" else title,
        quantity=quantity,
        unit_minor=unit,
        external_id=str(node["id"]),
        sku=str(node.get("sku") or ""),
        product_external_id=str((node.get("product") or {}).get("id") or ""),
        variant_external_id=str((node.get("variant") or {}).get("id") or ""),
        discount_minor=sum(shares) if shares else read_bag(node.get("totalDiscountSet"), currency),
        tax_minor=sum(read_bag(tax["priceSet"], currency) for tax in node.get("taxLines") or []),
        properties={str(p["key"]): str(p.get("value") or "") for p in node.get("customAttributes") or []},
        is_gift_card=bool(node.get("isGiftCard")),
    )


def read_address(node: Json | None) -> AddressRecord:
    if not node:
        return AddressRecord()

    def text(name: str) -> str:
        return str(node.get(name) or "").strip()

    return AddressRecord(
        name=f"{text('firstName')} {text('lastName')}".strip(),
        company=text("company"),
        line1=text("address1"),
        line2=text("address2"),
        city=text("city"),
        state=text("provinceCode").rpartition("-")[2],
        postal_code=text("zip"),
        country=text("countryCodeV2"),
        phone=text("phone"),
    )


def read_customer(node: Any) -> CustomerRecord | Unreadable:
    external_id = str(node.get("id") or "") if isinstance(node, Mapping) else ""
    try:
        email = node.get("defaultEmailAddress") or {}
        return CustomerRecord(
            external_id=str(node["id"]),
            email=str(email.get("emailAddress") or ""),
            first_name=str(node.get("firstName") or ""),
            last_name=str(node.get("lastName") or ""),
            phone=str((node.get("defaultPhoneNumber") or {}).get("phoneNumber") or ""),
            accepts_marketing=_CONSENT.get(str(email.get("marketingState") or "")),
            addresses=tuple(read_address(one) for one in (node.get("addressesV2") or {}).get("nodes") or ()),
            tags=tuple(str(tag) for tag in node.get("tags") or ()),
            updated_at=read_time(node.get("updatedAt")),
            raw=node,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return Unreadable(external_id, f"This customer of Shopify cannot be read ({type(error).__name__}).", node)
