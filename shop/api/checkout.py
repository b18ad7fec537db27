"""The same checkout as the storefront's button, for API callers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import Response, jsonify, request
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.api.reading import json_body, text_of
from shop.cart.changing import MAX_LINES, MAX_QUANTITY, add_line
from shop.cart.models import Cart, CartLine
from shop.catalog.models import Variant
from shop.checkout.countries import known_codes
from shop.checkout.models import Checkout
from shop.checkout.shipping import METHODS
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db, limiter
from shop.orders.draft import OrderDraft
from shop.orders.models import Order
from shop.tenancy.currencies import offered, pricing_for
from shop.tenancy.profile import current_profile
from shop.workflows.find_payment_state import find_state
from shop.workflows.start_checkout import StartedCheckout, start_checkout


@dataclass(frozen=True)
class Asked:
    """What a caller wants to buy. items: [(variant id, quantity)]."""

    items: list[tuple[int, int]]
    country: str
    method: str
    note: str
    email: str | None
    currency: str = ""  # "": the store's own


@limiter.limit("60 per minute")
def create_session() -> tuple[Response, int]:
    """POST /api/checkout/create-session
    {"items": [{"variant_id": int | "sku": str, "quantity": int}], "country"?, "shipping_method"?, "email"?, "note"?,
    "currency"?}
    → 201 {"session_id", "url", "reference"}.

    With an Idempotency-Key header (16 to 255 signs, best a random UUID) a repeat returns the same session, however
    long ago and whether or not it was paid; the same key with another body is refused (409). 422 names the wrong
    field; nothing is charged.
    """
    body = json_body()
    asked = Asked(
        items=_items(body),
        country=_country(body),
        method=_method(body),
        note=text_of(body, "note", most=500),
        email=_email(body),
        currency=_currency(body),
    )
    found = _fill_cart(asked, _token())
    started = found if isinstance(found, StartedCheckout) else start_checkout(found, email=asked.email)
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


def _country(body: dict[str, Any]) -> str:
    country = text_of(body, "country", most=2).upper()
    if country and country not in known_codes():
        raise InvalidInput(fields={"country": "is not a country code we know (ISO 3166, two letters)"})
    return country


def _currency(body: dict[str, Any]) -> str:
    code, known = text_of(body, "currency", most=3).upper(), offered(current_profile())
    if code and code not in known:
        raise InvalidInput(fields={"currency": f"must be one of {', '.join(known)}"})
    return "" if code == known[0] else code


def _method(body: dict[str, Any]) -> str:
    method = text_of(body, "shipping_method", most=12, default="standard") or "standard"
    if method not in METHODS:
        raise InvalidInput(fields={"shipping_method": f"must be one of {', '.join(METHODS)}"})
    return method


def _token() -> str:
    """The cart's token: of the caller's key, so that a repeat finds the first cart; random without one.

    Short keys are refused: whoever guesses a key is answered with its payment page.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return new_token()
    if not 16 <= len(key) <= 255:
        raise InvalidInput(fields={"Idempotency-Key": "must have 16 to 255 signs; a random UUID is best"})
    return "api-" + hashlib.sha256(key.encode()).hexdigest()[:56]


def _fill_cart(asked: Asked, token: str) -> int | StartedCheckout:
    """The cart's id; or the checkout that an earlier call with this key has led to."""
    with transaction() as session:
        session.execute(insert(Cart).values(token=token).on_conflict_do_nothing(index_elements=["token"]))
        cart = session.execute(select(Cart).where(Cart.token == token).with_for_update()).scalar_one()
        earlier = _earlier(session, cart, asked)
        if earlier is not None:
            return earlier
        cart.country, cart.shipping_method, cart.note = asked.country, asked.method, asked.note
        cart.currency, pricing = asked.currency, pricing_for(current_profile(), asked.currency)
        session.flush()
        session.execute(delete(CartLine).where(CartLine.cart_id == cart.id))
        for variant_id, quantity in asked.items:
            try:
                add_line(session, token, variant_id, quantity, pricing)
            except NotFound as error:
                raise InvalidInput(fields={"items": f"variant {variant_id} is not for sale"}) from error
        return cart.id


def _earlier(session: Session, cart: Cart, asked: Asked) -> StartedCheckout | None:
    checkout = (
        session.execute(
            select(Checkout)
            .where(Checkout.cart_id == cart.id, Checkout.session_id.is_not(None))
            .order_by(Checkout.id)
            .limit(1)
        )
        .scalars()
        .first()
    )
    if checkout is None or checkout.session_id is None:
        return None
    draft = OrderDraft.from_json(checkout.draft)
    first = Asked(
        items=[(line.variant_id or 0, line.quantity) for line in draft.lines],
        country=cart.country,
        method=cart.shipping_method,
        note=draft.note,
        email=checkout.email,
        currency="" if draft.currency == draft.store_currency else draft.currency,
    )
    if replace(first, items=sorted(first.items)) != replace(asked, items=sorted(asked.items)):
        raise Conflict("This Idempotency-Key was used for another order. Use a new one.")
    return StartedCheckout(checkout.reference, checkout.session_id, checkout.session_url or "")


def _email(body: dict[str, Any]) -> str | None:
    raw = text_of(body, "email", most=254)
    if not raw:
        return None
    try:
        return validate_email(raw, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidInput(fields={"email": "is not an address"}) from error
