"""Their orders, customers and coupons as our records (contracts/woocommerce.md §4–6, unified-model.md §5–8). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from shop.channels.records import (
    AddressRecord,
    CodeWhy,
    CustomerRecord,
    DiscountAnswer,
    FulfilmentState,
    OrderLineRecord,
    OrderRecord,
    PaymentState,
    Unreadable,
    Verdict,
)
from shop.channels.woocommerce.values import (
    Odd,
    decimal_of,
    id_of,
    list_of,
    meta_of,
    minor_of,
    text_of,
    time_of,
    variant_key,
)

ORDER_KEY = "_pod_external_id"  # unified-model.md §5, our reference
NO_ORDERS = ("checkout-draft", "trash", "auto-draft")  # not orders yet, or not any more
_UNPAID = ("pending", "on-hold", "cancelled", "processing", "completed")
_FULFILMENT = {
    "completed": FulfilmentState.FULFILLED, "cancelled": FulfilmentState.CANCELLED,
    "pending": FulfilmentState.UNFULFILLED, "processing": FulfilmentState.UNFULFILLED,
    "on-hold": FulfilmentState.UNFULFILLED, "failed": FulfilmentState.UNFULFILLED,
    "refunded": FulfilmentState.UNFULFILLED,
}  # fmt: skip


def is_order(raw: Any) -> bool:
    return isinstance(raw, dict) and raw.get("status") not in NO_ORDERS


def read_order(raw: Any) -> OrderRecord | Unreadable:
    """Amounts without tax, as their lines always are; the tax beside them. Never raises for what is in the record."""
    try:
        return _order(raw)
    except Odd as error:
        return Unreadable(_told_id(raw), str(error), raw)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        return Unreadable(_told_id(raw), f"unexpected shape: {type(error).__name__}", raw)


def _order(raw: Any) -> OrderRecord:
    order_id = id_of(raw)
    currency = text_of(raw, "currency").upper()
    if len(currency) != 3 or not currency.isalpha():
        raise Odd(f"no currency: {currency[:20]!r}")
    placed_at = time_of(raw, "date_created")
    if placed_at is None:
        raise Odd("it does not say when it was placed")
    lines = tuple(_line(entry, currency) for entry in list_of(raw, "line_items"))
    total, tax = (minor_of(raw.get(name), currency, name) for name in ("total", "total_tax"))
    shipping = minor_of(raw.get("shipping_total"), currency, "shipping_total")
    discount = sum(line.discount_minor for line in lines)
    refunded = sum(abs(minor_of(entry.get("total"), currency, "a refund")) for entry in list_of(raw, "refunds"))
    goods = sum(line.quantity * line.unit_minor for line in lines)
    status = str(raw.get("status") or "")
    bill_to, ship_to = _address(raw.get("billing")), _address(raw.get("shipping"))
    return OrderRecord(
        external_id=order_id,
        number=text_of(raw, "number") or order_id,
        currency=currency,
        lines=lines,
        total_minor=total,
        placed_at=placed_at,
        payment=_payment(raw, status, total, refunded),
        fulfilment=_FULFILMENT.get(status, FulfilmentState.UNKNOWN),
        email=str((raw.get("billing") or {}).get("email") or ""),
        ship_to=ship_to if ship_to.country or ship_to.line1 else bill_to,
        bill_to=bill_to,
        discount_minor=discount,
        shipping_minor=shipping,
        tax_minor=tax,
        refunded_minor=refunded,
        rounding_minor=total - (goods - discount + shipping + tax),  # with fees, which are in `unknown`
        taxes_included=False,
        codes=tuple(text_of(entry, "code") for entry in list_of(raw, "coupon_lines")),
        customer_external_id=str(raw.get("customer_id") or ""),
        our_reference=meta_of(raw, ORDER_KEY),
        shipping_label=", ".join(text_of(entry, "method_title") for entry in list_of(raw, "shipping_lines")),
        note=text_of(raw, "customer_note"),
        is_cancelled=status == "cancelled",
        updated_at=time_of(raw, "date_modified"),
        raw_status=status,
        unknown={name: raw[name] for name in ("fee_lines", "created_via", "payment_method") if raw.get(name)},
        raw=raw,
    )


def _line(entry: Mapping[str, Any], currency: str) -> OrderLineRecord:
    """`price` is a float and never used (§12). Half a piece cannot be printed."""
    quantity = decimal_of(entry.get("quantity"), "the quantity")
    if quantity != quantity.to_integral_value() or quantity <= 0:
        raise Odd(f"a line has the quantity {quantity}")
    pieces = int(quantity)
    before, after = (minor_of(entry.get(name), currency, f"{name} of a line") for name in ("subtotal", "total"))
    product, variation = int(entry.get("product_id") or 0), int(entry.get("variation_id") or 0)
    shown = {
        str(meta.get("display_key") or meta.get("key")): str(meta.get("display_value") or meta.get("value") or "")
        for meta in list_of(entry, "meta_data")
        if not str(meta.get("key") or "").startswith("_")
    }
    return OrderLineRecord(
        title=text_of(entry, "name"),
        quantity=pieces,
        unit_minor=minor_of(Decimal(str(entry.get("subtotal") or 0)) / pieces, currency),
        external_id=str(entry.get("id") or ""),
        sku=str(entry.get("sku") or ""),
        product_external_id=str(product) if product else "",
        variant_external_id=variant_key(product, variation) if product else "",
        discount_minor=before - after,
        tax_minor=minor_of(entry.get("total_tax"), currency, "tax of a line"),
        properties=shown,
    )


def _payment(raw: Mapping[str, Any], status: str, total: int, refunded: int) -> PaymentState:
    if status == "refunded" or (refunded and refunded >= total):
        return PaymentState.REFUNDED
    if refunded:
        return PaymentState.PARTLY_REFUNDED
    if raw.get("date_paid_gmt"):
        return PaymentState.PAID
    if status == "failed":
        return PaymentState.FAILED
    return PaymentState.PENDING if status in _UNPAID else PaymentState.UNKNOWN


def _address(raw: Any) -> AddressRecord:
    if not isinstance(raw, dict):
        return AddressRecord()
    name = " ".join(filter(None, (text_of(raw, "first_name"), text_of(raw, "last_name"))))
    return AddressRecord(
        name=name,
        company=text_of(raw, "company"),
        line1=text_of(raw, "address_1"),
        line2=text_of(raw, "address_2"),
        city=text_of(raw, "city"),
        state=text_of(raw, "state").rpartition("-")[2],  # some countries' states are told as "US-NY"
        postal_code=text_of(raw, "postcode"),
        country=text_of(raw, "country").upper(),
        phone=text_of(raw, "phone"),
    )


def read_customer(raw: Any) -> CustomerRecord | Unreadable:
    try:
        customer_id, email = id_of(raw), str(raw.get("email") or "")
        if "@" not in email:
            raise Odd("it has no e-mail address")
        billing, shipping = _address(raw.get("billing")), _address(raw.get("shipping"))
        return CustomerRecord(
            external_id=customer_id,
            email=email,
            first_name=text_of(raw, "first_name"),
            last_name=text_of(raw, "last_name"),
            phone=billing.phone,
            addresses=tuple(dict.fromkeys(a for a in (shipping, billing) if a.line1)),
            updated_at=time_of(raw, "date_modified") or time_of(raw, "date_created"),
            raw=raw,
        )
    except Odd as error:
        return Unreadable(_told_id(raw), str(error), raw)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return Unreadable(_told_id(raw), f"unexpected shape: {type(error).__name__}", raw)


#: conditions of a coupon that only their own cart can judge
_CONDITIONS = {
    "product_ids": "it is for some products only",
    "excluded_product_ids": "some products are excepted",
    "product_categories": "it is for some categories only",
    "excluded_product_categories": "some categories are excepted",
    "product_brands": "it is for some brands only",
    "exclude_product_brands": "some brands are excepted",
    "exclude_sale_items": "reduced products are excepted",
    "email_restrictions": "it is for some people only",
    "limit_usage_to_x_items": "it counts for some of the pieces only",
    "usage_limit_per_user": "each person may use it a few times only",
}


def read_coupon(raw: Mapping[str, Any], currency: str, now: datetime) -> DiscountAnswer:
    """Three-valued: what we cannot judge is told, never applied silently (unified-model.md §8). Raises Odd."""
    coupon_id, code = id_of(raw), str(raw.get("code") or "")
    amount, ends_at = decimal_of(raw.get("amount") or "0", "the amount"), time_of(raw, "date_expires")
    minimum = minor_of(raw.get("minimum_amount") or "0", currency, "the minimum")
    kind = str(raw.get("discount_type") or "")
    held: dict[str, Any] = {
        "external_id": coupon_id, "code": code, "currency": currency, "minimum_minor": minimum, "ends_at": ends_at,
        "is_free_shipping": bool(raw.get("free_shipping")),
    }  # fmt: skip
    if str(raw.get("status") or "publish") != "publish":
        return DiscountAnswer(Verdict.INVALID, CodeWhy.OFF, **held)
    if ends_at is not None and ends_at <= now:
        return DiscountAnswer(Verdict.INVALID, CodeWhy.ENDED, **held)
    limit, used = int(raw.get("usage_limit") or 0), int(raw.get("usage_count") or 0)
    if limit and used >= limit:
        return DiscountAnswer(Verdict.INVALID, CodeWhy.USED_UP, **held)
    why = [words for name, words in _CONDITIONS.items() if raw.get(name)]
    if minor_of(raw.get("maximum_amount") or "0", currency, "the maximum"):
        why.append("it is for small carts only")
    if kind == "percent":
        held["percent_points"] = int(amount * 100)
    elif kind == "fixed_cart":
        held["amount_minor"] = minor_of(amount, currency)
    else:
        why.append("it takes an amount off each piece" if kind == "fixed_product" else f"its kind is {kind[:40]!r}")
    if why:
        return DiscountAnswer(Verdict.UNCERTAIN, f"Only WooCommerce can judge this coupon: {'; '.join(why)}.", **held)
    return DiscountAnswer(Verdict.VALID, **held)


def _told_id(raw: Any) -> str:
    return str(raw.get("id") or "") if isinstance(raw, dict) else ""
