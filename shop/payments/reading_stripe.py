"""Pure mapping between Stripe's objects and our words (contracts/stripe.md §4, §5, §7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shop.payments.gateway import DisputeFacts, GatewayEvent, PayRequest, RefundFacts, SessionFacts

TAX_CODE_CLOTHING = "txcd_30011000"  # unconfirmed in the contract; used only with Stripe Tax
_STRIPE_LOCALES = {"en", "fr", "de", "es", "it", "nl", "pt", "sv", "da", "fi", "nb", "pl", "cs", "ja", "ko", "zh"}


def coupon_payload(request: PayRequest) -> dict[str, Any]:
    """Parameters of POST /v1/coupons: all discounts of one page are one coupon (§4: one entry of `discounts`)."""
    return {
        "amount_off": request.discount_minor,
        "currency": request.currency.lower(),
        "duration": "once",
        "name": (request.discount_label or "Discount")[:40],
        "metadata": request.metadata,
    }


def session_payload(request: PayRequest, coupon: str | None = None) -> dict[str, Any]:
    """Parameters of POST /v1/checkout/sessions."""
    payload: dict[str, Any] = {
        "mode": "payment",
        "client_reference_id": request.reference,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "expires_at": int(request.expires_at.timestamp()),
        "line_items": [_line(request, line) for line in request.lines],
        "phone_number_collection": {"enabled": request.ask_phone},
        "after_expiration": {"recovery": {"enabled": request.is_recoverable}},
        "metadata": request.metadata,
        "payment_intent_data": {"metadata": request.metadata},
        "locale": request.locale if request.locale in _STRIPE_LOCALES else "auto",
    }
    if request.countries:  # without any: nothing is sent
        payload["shipping_address_collection"] = {"allowed_countries": list(request.countries)}
    if request.shipping:
        payload["shipping_options"] = [_option(request, option) for option in request.shipping]
    if request.email:
        payload["customer_email"] = request.email
    if coupon:
        payload["discounts"] = [{"coupon": coupon}]
    if request.automatic_tax:
        payload["automatic_tax"] = {"enabled": True}
    return payload


def _line(request: PayRequest, line: Any) -> dict[str, Any]:
    product: dict[str, Any] = {"name": line.name[:250]}
    if line.description:
        product["description"] = line.description[:500]
    if line.image_url.startswith("https://") or line.image_url.startswith("http://127.0.0.1"):
        product["images"] = [line.image_url]
    price: dict[str, Any] = {
        "currency": request.currency.lower(),
        "unit_amount": line.unit_minor,
        "product_data": product,
    }
    if request.automatic_tax:
        product["tax_code"] = TAX_CODE_CLOTHING
        price["tax_behavior"] = "inclusive" if request.prices_include_tax else "exclusive"
    return {"price_data": price, "quantity": line.quantity}


def _option(request: PayRequest, option: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "display_name": option.label[:100],
        "type": "fixed_amount",
        "fixed_amount": {"amount": option.amount_minor, "currency": request.currency.lower()},
        "metadata": {"method": option.method},
    }
    if option.days_max:
        data["delivery_estimate"] = {
            "minimum": {"unit": "business_day", "value": max(1, option.days_min)},
            "maximum": {"unit": "business_day", "value": option.days_max},
        }
    if request.automatic_tax:
        data["tax_behavior"] = "inclusive" if request.prices_include_tax else "exclusive"
    return {"shipping_rate_data": data}


def read_session(s: dict[str, Any]) -> SessionFacts:
    """A session retrieved with payment_intent.latest_charge and shipping_cost.shipping_rate expanded."""
    intent = s.get("payment_intent")
    intent = {"id": intent} if isinstance(intent, str) else (intent or {})
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, dict) else {}
    details = s.get("customer_details") or {}
    shipping = (s.get("collected_information") or {}).get("shipping_details") or {}
    totals = s.get("total_details") or {}
    cost = s.get("shipping_cost") or {}
    rate = cost.get("shipping_rate")
    rate = rate if isinstance(rate, dict) else {}
    recovery = (s.get("after_expiration") or {}).get("recovery") or {}
    return SessionFacts(
        session_id=s["id"],
        reference=s.get("client_reference_id"),
        status=s.get("status") or "open",
        payment=_payment_state(s, intent),
        amount_total=int(s.get("amount_total") or 0),
        currency=_text(s.get("currency"), 3).upper(),
        shipping_minor=int(cost.get("amount_subtotal") or totals.get("amount_shipping") or 0),
        tax_minor=int(totals.get("amount_tax") or 0),
        discount_minor=int(totals.get("amount_discount") or 0),
        shipping_label=_text(rate.get("display_name"), 80),
        shipping_method=_text((rate.get("metadata") or {}).get("method"), 12),
        payment_id=intent.get("id"),
        email=_text(details.get("email") or s.get("customer_email"), 254).lower(),
        name=_text(shipping.get("name") or details.get("name"), 200),
        phone=_text(details.get("phone"), 40),
        ship_to=_address(
            shipping.get("name") or details.get("name"), shipping.get("address") or details.get("address")
        ),
        bill_to=_address(details.get("name"), details.get("address")),
        method_text=_method(charge),
        problem=str((intent.get("last_payment_error") or {}).get("message") or ""),
        recovery_url=recovery.get("url"),
        wants_mail=(s.get("consent") or {}).get("promotions") == "opt_in",
        url=s.get("url"),
        is_test=not s.get("livemode", False),
    )


def _payment_state(s: dict[str, Any], intent: dict[str, Any]) -> str:
    if s.get("payment_status") in ("paid", "no_payment_required"):
        return "paid"
    if s.get("status") == "complete" and intent.get("status") in ("requires_payment_method", "canceled"):
        return "failed"
    return "unpaid"


def _address(name: str | None, address: dict[str, Any] | None) -> dict[str, Any]:
    address = address or {}
    fields = ("line1", "line2", "city", "state", "postal_code", "country")
    return {"name": _text(name, 200), **{f: _text(address.get(f), 200) for f in fields}}


def _text(raw: object, most: int) -> str:
    """What a buyer typed there, bounded to our columns and without control characters: a sale is never lost over
    a long name."""
    typed = "".join(sign if sign.isprintable() else " " for sign in str(raw or ""))
    return " ".join(typed.split())[:most]


def _method(charge: dict[str, Any]) -> str:
    details = charge.get("payment_method_details") or {}
    card = details.get("card") or {}
    if card:
        return f"{str(card.get('brand') or 'card').title()} •••• {card.get('last4') or '????'}"[:60]
    return str(details.get("type") or "")[:60].replace("_", " ")


_REFUND_STATUS = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
}


def read_refund(r: dict[str, Any]) -> RefundFacts:
    ours = str((r.get("metadata") or {}).get("imprint_refund") or "")
    intent = r.get("payment_intent")
    return RefundFacts(
        refund_id=r["id"],
        payment_id=intent["id"] if isinstance(intent, dict) else str(intent or ""),
        amount_minor=int(r["amount"]),
        currency=str(r.get("currency") or "").upper(),
        status=_REFUND_STATUS.get(str(r.get("status")), "pending"),
        reason=_text(r.get("reason"), 200),
        our_refund_id=int(ours) if ours.isdigit() else None,
    )


def read_dispute(d: dict[str, Any]) -> DisputeFacts:
    intent = d.get("payment_intent")
    given = d.get("evidence_details") or {}
    due = given.get("due_by")
    card = (d.get("payment_method_details") or {}).get("card") or {}
    return DisputeFacts(
        dispute_id=d["id"],
        payment_id=intent["id"] if isinstance(intent, dict) else str(intent or ""),
        amount_minor=int(d["amount"]),
        currency=str(d.get("currency") or "").upper(),
        status=_text(d.get("status"), 32),
        reason=_text(d.get("reason"), 60),
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
        is_answered=int(given.get("submission_count") or 0) > 0,
        details={
            "card": _text(card.get("brand"), 20),
            "code": _text(card.get("network_reason_code"), 20),
            "past_due": bool(given.get("past_due")),
        },
    )


def read_event(e: dict[str, Any]) -> GatewayEvent:
    """A snapshot event, from a webhook or the events list. `subject_id` is the object it is about, None when its shape
    is not theirs. Never raises."""
    data = e.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    about = thing.get("id") if isinstance(thing, dict) else None
    created = e.get("created")
    return GatewayEvent(
        event_id=str(e.get("id") or "")[:255],
        topic=str(e.get("type") or "")[:120],
        subject_id=about[:255] if isinstance(about, str) and about else None,
        payload=e,
        created=created if isinstance(created, int) and not isinstance(created, bool) else 0,
    )
