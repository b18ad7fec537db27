"""The same checkout as the storefront's button, for API callers."""

from __future__ import annotations

import hashlib
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import Response, jsonify, request
from sqlalchemy import delete, select

from shop.api.reading import json_body, text_of
from shop.cart.changing import MAX_LINES, MAX_QUANTITY, add_line
from shop.cart.models import Cart, CartLine
from shop.catalog.models import Variant
from shop.checkout.countries import known_codes
from shop.checkout.models import Checkout
from shop.checkout.shipping import METHODS
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db, limiter
from shop.orders.models import Order
from shop.workflows.find_payment_state import find_state
from shop.workflows.start_checkout import start_checkout


@limiter.limit("60 per minute")
def create_session() -> tuple[Response, int]:
    """POST /api/checkout/create-session
    {"items": [{"variant_id": int | "sku": str, "quantity": int}], "country"?, "shipping_method"?, "email"?, "note"?}
    → 201 {"session_id", "url", "reference"}.

    With an Idempotency-Key header a repeat returns the same session. 422 names the wrong field; nothing is charged.
    """
    body = json_body()
    items = _items(body)
    country = text_of(body, "country", most=2).upper()
    if country and country not in known_codes():
        raise InvalidInput(fields={"country": "is not a country code we know (ISO 3166, two letters)"})
    method = text_of(body, "shipping_method", most=12, default="standard") or "standard"
    if method not in METHODS:
        raise InvalidInput(fields={"shipping_method": f"must be one of {', '.join(METHODS)}"})
    cart_id = _fill_cart(items, country, method, text_of(body, "note", most=500))
    started = start_checkout(cart_id, email=_email(body))
    answer = jsonify(session_id=started.session_id, url=started.url, reference=started.reference)
    return answer, 201


@limiter.limit("60 per minute")
def success() -> Response:
    """GET /api/checkout/success?session_id= → {"state": processing|paid|failed|expired|unknown, "order": …|null}."""
    session_id = request.args.get("session_id", "")[:255]
    if not session_id:
        raise InvalidInput(fields={"session_id": "is missing"})
    state, checkout = find_state(session_id)
    return jsonify(state=state, order=_order(checkout) if state == "paid" else None)


def _order(checkout: Checkout | None) -> dict[str, Any] | None:
    if checkout is None or checkout.order_id is None:
        return None
    order = db.session.execute(select(Order).where(Order.id == checkout.order_id)).scalar_one()
    return {
        "number": order.number,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "url": f"/orders/{order.token}",
    }


def _items(body: dict[str, Any]) -> list[tuple[int, int]]:
    """[(variant id, quantity)]; the same variant twice adds up."""
    items = body.get("items")
    if not isinstance(items, list) or not items:
        raise InvalidInput(fields={"items": "must be a list with at least one item"})
    if len(items) > MAX_LINES:
        raise InvalidInput(fields={"items": f"must have at most {MAX_LINES} items"})
    wanted: dict[int, int] = {}
    for n, item in enumerate(items):
        if not isinstance(item, dict):
            raise InvalidInput(fields={f"items.{n}": "must be an object"})
        quantity = item.get("quantity", 1)
        if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MAX_QUANTITY:
            raise InvalidInput(fields={f"items.{n}.quantity": f"must be a whole number from 1 to {MAX_QUANTITY}"})
        variant_id = _variant_id(item, n)
        wanted[variant_id] = min(MAX_QUANTITY, wanted.get(variant_id, 0) + quantity)
    return list(wanted.items())


def _variant_id(item: dict[str, Any], n: int) -> int:
    variant_id = item.get("variant_id")
    sku = item.get("sku")
    if isinstance(variant_id, int) and not isinstance(variant_id, bool) and 0 < variant_id < 2**62:
        return variant_id
    if variant_id is None and isinstance(sku, str) and 0 < len(sku) <= 120 and "\x00" not in sku:
        found = db.session.execute(select(Variant.id).where(Variant.sku == sku).limit(2)).scalars().all()
        db.session.rollback()
        if len(found) == 1:
            return int(found[0])
        raise InvalidInput(fields={f"items.{n}.sku": "is not known" if not found else "is not unique; use variant_id"})
    raise InvalidInput(fields={f"items.{n}": "needs a variant_id (whole number) or a sku (text)"})


def _fill_cart(items: list[tuple[int, int]], country: str, method: str, note: str) -> int:
    key = request.headers.get("Idempotency-Key", "")[:255]
    token = "api-" + hashlib.sha256(key.encode()).hexdigest()[:56] if key else new_token()
    with transaction() as session:
        cart = session.execute(select(Cart).where(Cart.token == token).with_for_update()).scalar_one_or_none()
        if cart is None:
            cart = Cart(token=token)
            session.add(cart)
        cart.country, cart.shipping_method, cart.note = country, method, note
        session.flush()
        session.execute(delete(CartLine).where(CartLine.cart_id == cart.id))
        for variant_id, quantity in items:
            add_line(session, token, variant_id, quantity)
        return cart.id


def _email(body: dict[str, Any]) -> str | None:
    raw = text_of(body, "email", most=254)
    if not raw:
        return None
    try:
        return validate_email(raw, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidInput(fields={"email": "is not an address"}) from error
