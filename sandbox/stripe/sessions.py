"""Checkout sessions: made, read, changed, expired, recovered. Source: contracts/stripe.md §4–§6."""

from __future__ import annotations

from sandbox.stripe import book, events
from sandbox.stripe.book import Obj
from sandbox.stripe.ids import new_id, random_text
from sandbox.stripe.money import MOST, least_charge, written
from sandbox.stripe.pricing import reprice
from sandbox.stripe.refusing import Refusal
from sandbox.stripe.session_rules import (
    read_discount,
    read_expiry,
    read_lines,
    read_rules,
    read_shipping_options,
)
from sandbox.stripe.wire import Params, branch, merge_metadata, rows, text, truth, url
from sandbox.world import World

EXPIRE_EVENT = "stripe.session_expires"
RECOVERY_SECONDS = 30 * 24 * 3600
ECHOED = (
    "billing_address_collection", "customer_creation", "integration_identifier", "locale", "origin_context",
    "payment_method_collection", "submit_type",
)  # fmt: skip


def create(world: World, params: Params, base: str) -> Obj:
    """A new open session. ``base`` is the address of the payment page (``http://host:8010``)."""
    read_rules(world, params)
    lines = read_lines(world, params)
    currency = lines[0]["currency"]
    options = read_shipping_options(world, params, currency)
    session = _blank(world, params, base)
    session.update(
        {
            "currency": currency,
            "expires_at": read_expiry(world, params),
            "shipping_options": options,
            "_lines": lines,
            "_shipping_rate": options[0]["shipping_rate"] if options else None,
        }
    )
    subtotal = sum(line["amount_subtotal"] for line in lines)
    set_discount(session, read_discount(world, params, subtotal, currency))
    reprice(world, session)
    check_total(session)
    book.save(world, session)
    world.clock.after(session["expires_at"] - world.clock.now(), EXPIRE_EVENT, {"session": session["id"]})
    return session


def update(world: World, id_: str, params: Params) -> Obj:
    """Metadata any time; shipping options and collected details only for pages embedded in the shop."""
    session = book.get(world, "checkout.session", id_, "session")
    if session["ui_mode"] == "hosted_page":
        for name in ("line_items", "shipping_options", "collected_information"):
            if name in params:
                raise Refusal(f"You cannot update `{name}` when `ui_mode` is `hosted_page`.", param=name)
    if "shipping_options" in params:
        options = read_shipping_options(world, params, session["currency"])
        session["shipping_options"] = options
        session["_shipping_rate"] = options[0]["shipping_rate"] if options else None
        reprice(world, session)
    session["metadata"] = merge_metadata(session["metadata"], params)
    return book.save(world, session)


def expire(world: World, id_: str) -> Obj:
    """Close an open session; anything else is refused with 400."""
    session = book.get(world, "checkout.session", id_, "session")
    if session["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
        raise Refusal(message, param="session")
    return _close(world, session)


def expire_when_due(world: World, id_: str) -> None:
    """The clock's handler: nothing happens to a session that was paid meanwhile."""
    with world.store.lock:
        session = book.find(world, "checkout.session", id_)
        if session is not None and session["status"] == "open" and session["expires_at"] <= world.clock.now() + 1:
            _close(world, session)


def recover(world: World, token: str) -> Obj | None:
    """Opening a recovery link: a new session with the same content; None when the link is unknown or too old."""
    with world.store.lock:
        old = next((s for s in world.store.all(book.KINDS["checkout.session"]) if s.get("_recovery") == token), None)
        recovery = ((old or {}).get("after_expiration") or {}).get("recovery") or {}
        if old is None or (recovery.get("expires_at") or 0) <= world.clock.now():
            return None
        return _copy(world, old)


def set_discount(session: Obj, chosen: Obj | None) -> None:
    """Put a ``{coupon, promotion_code}`` on the session, or take it off. Call ``reprice`` afterwards."""
    if chosen is None:
        session["_discount"] = None
        session["discounts"] = []
        return
    session["discounts"] = [{"coupon": chosen["coupon"], "promotion_code": chosen["promotion_code"]}]
    session["_discount"] = {
        **chosen,
        "shown": {
            "id": new_id("di"),
            "object": "discount",
            "checkout_session": session["id"],
            "customer": session["customer"],
            "customer_account": None,
            "end": None,
            "invoice": None,
            "invoice_item": None,
            "promotion_code": chosen["promotion_code"],
            "source": {"coupon": chosen["coupon"], "type": "coupon"},
            "start": session["created"],
            "subscription": None,
            "subscription_item": None,
        },
    }


def check_total(session: Obj) -> None:
    """A total is nothing at all, or at least what a card network will carry."""
    total, currency = session["amount_total"], session["currency"]
    if 0 < total < least_charge(currency):
        least = written(least_charge(currency), currency)
        message = f"The Checkout Session's total amount due must add up to at least {least} {currency}"
        raise Refusal(message, code="amount_too_small")
    if total > MOST:
        message = f"The Checkout Session's total amount must convert to at most {written(MOST, currency)}."
        raise Refusal(message, code="amount_too_large")


def _close(world: World, session: Obj) -> Obj:
    session["status"] = "expired"
    recovery = (session["after_expiration"] or {}).get("recovery")
    if recovery and recovery["enabled"]:
        session["_recovery"] = random_text(40)
        recovery["url"] = f"{session['_base']}/pay/recover/{session['_recovery']}"
        recovery["expires_at"] = book.now(world) + RECOVERY_SECONDS
    session["url"] = None
    book.save(world, session)
    events.record(world, "checkout.session.expired", session)
    return session


def _copy(world: World, old: Obj) -> Obj:
    session = dict(old)
    id_ = new_id("cs")
    moment = book.now(world)
    session.update(
        {
            "id": id_,
            "created": moment,
            "expires_at": moment + 24 * 3600,
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "recovered_from": old["id"],
            "url": f"{old['_base']}/pay/{id_}",
            "_recovery": None,
            "_challenge": None,
            "_lines": [{**line, "id": new_id("li")} for line in old["_lines"]],
        }
    )
    recovery = dict(session["after_expiration"]["recovery"])
    if recovery["allow_promotion_codes"]:
        session["allow_promotion_codes"] = True
    session["after_expiration"] = {"recovery": {**recovery, "url": None, "expires_at": None}}
    reprice(world, session)
    book.save(world, session)
    world.clock.after(session["expires_at"] - world.clock.now(), EXPIRE_EVENT, {"session": id_})
    return session


def _blank(world: World, params: Params, base: str) -> Obj:
    id_ = new_id("cs")
    ui_mode = text(params, "ui_mode") or "hosted_page"
    customer = book.find(world, "customer", text(params, "customer"))
    hosted = ui_mode == "hosted_page"
    session: Obj = {
        "id": id_,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": _after_expiration(params),
        "allow_promotion_codes": truth(params, "allow_promotion_codes"),
        "allowed_payment_method_types": rows(params, "allowed_payment_method_types") or None,
        "amount_subtotal": 0,
        "amount_total": 0,
        "automatic_tax": _automatic_tax(params),
        "branding_settings": None,
        "cancel_url": url(params, "cancel_url"),
        "client_reference_id": text(params, "client_reference_id", longest=200),
        "client_secret": None if hosted else f"{id_}_secret_{random_text(40)}",
        "collected_information": None,
        "consent": None,
        "consent_collection": _consent_collection(params),
        "created": book.now(world),
        "currency": None,
        "currency_conversion": None,
        "custom_fields": _custom_fields(params),
        "custom_text": _custom_text(params),
        "customer": customer["id"] if customer else None,
        "customer_account": None,
        "customer_details": None,
        "customer_email": text(params, "customer_email", longest=800),
        "discounts": [],
        "excluded_payment_method_types": rows(params, "excluded_payment_method_types") or None,
        "expires_at": 0,
        "invoice": None,
        "invoice_creation": {"enabled": bool(truth(branch(params, "invoice_creation"), "enabled")), "invoice_data": {}},
        "livemode": False,
        "managed_payments": None,
        "metadata": merge_metadata({}, params),
        "mode": "payment",
        "name_collection": None,
        "optional_items": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_configuration_details": {"id": "pmc_sandbox", "parent": None},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": "unpaid",
        "permissions": None,
        "presentment_details": None,
        "phone_number_collection": {
            "enabled": bool(truth(branch(params, "phone_number_collection"), "enabled", "phone_number_collection"))
        },
        "recovered_from": None,
        "redirect_on_completion": None if hosted else text(params, "redirect_on_completion") or "always",
        "return_url": url(params, "return_url"),
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": branch(params, "shipping_address_collection") or None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "success_url": url(params, "success_url"),
        "tax_id_collection": None,
        "total_details": None,
        "ui_mode": ui_mode,
        "url": f"{base}/pay/{id_}" if hosted else None,
        "wallet_options": None,
        "_base": base,
        "_challenge": None,
        "_intent_data": branch(params, "payment_intent_data"),
        "_recovery": None,
        "_tax_address": customer.get("address") if customer else None,
    }
    session.update({name: text(params, name) for name in ECHOED})
    session["customer_creation"] = session["customer_creation"] or "if_required"
    email = session["customer_email"] or (customer or {}).get("email")
    if email:
        session["customer_details"] = details(email=email, name=(customer or {}).get("name"))
    return session


def details(email: str | None, name: str | None = None, phone: str | None = None, address: Obj | None = None) -> Obj:
    """``customer_details`` of a session."""
    return {
        "address": address,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": phone,
        "tax_exempt": "none",
        "tax_ids": [] if name else None,
    }


def _after_expiration(params: Params) -> Obj | None:
    recovery = branch(branch(params, "after_expiration"), "recovery", "after_expiration")
    if not recovery:
        return None
    path = "after_expiration[recovery]"
    return {
        "recovery": {
            "allow_promotion_codes": bool(truth(recovery, "allow_promotion_codes", path)),
            "enabled": bool(truth(recovery, "enabled", path)),
            "expires_at": None,
            "url": None,
        }
    }


def _automatic_tax(params: Params) -> Obj:
    enabled = bool(truth(branch(params, "automatic_tax"), "enabled", "automatic_tax"))
    return {
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "requires_location_inputs" if enabled else None,
    }


def _consent_collection(params: Params) -> Obj | None:
    given = branch(params, "consent_collection")
    if not given:
        return None
    return {
        "payment_method_reuse_agreement": None,
        "promotions": text(given, "promotions"),
        "terms_of_service": text(given, "terms_of_service"),
    }


def _custom_text(params: Params) -> Obj:
    given = branch(params, "custom_text")
    shown: Obj = {}
    for name in ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"):
        message = text(branch(given, name, "custom_text"), "message", f"custom_text[{name}]", longest=1200)
        shown[name] = {"message": message} if message else None
    return shown


def _custom_fields(params: Params) -> list[Obj]:
    found = []
    for number, field in enumerate(rows(params, "custom_fields")):
        path = f"custom_fields[{number}]"
        kind = text(field, "type", path, needed=True) or "text"
        dropdown = branch(field, "dropdown", path)
        label = text(branch(field, "label", path), "custom", f"{path}[label]", needed=True, longest=50)
        limits = {"default_value": None, "maximum_length": None, "minimum_length": None, "value": None}
        found.append(
            {
                "key": text(field, "key", path, needed=True, longest=200),
                "label": {"custom": label, "type": "custom"},
                "optional": bool(truth(field, "optional", path)),
                "type": kind,
                "dropdown": {"default_value": None, "options": rows(dropdown, "options", path), "value": None}
                if kind == "dropdown"
                else None,
                "numeric": limits if kind == "numeric" else None,
                "text": limits if kind == "text" else None,
            }
        )
    return found
