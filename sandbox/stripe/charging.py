"""Payment intents, charges and payment methods as the API shows them. Source: contracts/stripe.md §3, §7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.stripe import book, events
from sandbox.stripe.book import Obj
from sandbox.stripe.cards import brand
from sandbox.stripe.ids import new_id, random_text
from sandbox.stripe.wire import merge_metadata, text
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.stripe.paying import Form


def payment_method_for(world: World, form: Form) -> Obj:
    """A payment method of this attempt; of the card only brand and last four digits are kept."""
    billing = {
        "address": form.billing or book.empty_address(),
        "email": form.email,
        "name": form.name,
        "phone": form.phone,
        "tax_id": None,
    }
    method: Obj = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing,
        "created": book.now(world),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card" if form.bank is None else "us_bank_account",
    }
    if form.bank is None:
        number = form.card or ""
        method["card"] = {
            "brand": brand(number),
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": f"fp{number[-6:]}",
            "funding": "credit",
            "last4": number[-4:],
        }
    else:
        method["us_bank_account"] = {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "SANDBOX BANK",
            "last4": form.bank[-4:],
            "routing_number": "110000000",
        }
    return book.save(world, method)


def intent_for(world: World, session: Obj, method: Obj) -> Obj:
    """The session's payment intent: made at the first attempt, used again by the next ones."""
    intent = book.find(world, "payment_intent", session["payment_intent"])
    made = intent is None
    if intent is None:
        intent = _new_intent(world, session)
    intent.update(
        amount=session["amount_total"],
        payment_method=method["id"],
        customer=session["customer"],
        shipping=_shipping(session),
        payment_method_types=[method["type"]],
    )
    session["payment_intent"] = intent["id"]
    book.save(world, session)
    book.save(world, intent)
    if made:
        events.record(world, "payment_intent.created", intent)
    return intent


def _new_intent(world: World, session: Obj) -> Obj:
    id_ = new_id("pi")
    data = session["_intent_data"]
    return {
        "id": id_,
        "object": "payment_intent",
        "allowed_payment_method_types": session["allowed_payment_method_types"],
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{id_}_secret_{random_text(25)}",
        "confirmation_method": "automatic",
        "created": book.now(world),
        "currency": session["currency"],
        "customer": None,
        "customer_account": None,
        "description": text(data, "description"),
        "excluded_payment_method_types": session["excluded_payment_method_types"],
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": merge_metadata({}, data, "payment_intent_data[metadata]"),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": text(data, "receipt_email"),
        "review": None,
        "setup_future_usage": text(data, "setup_future_usage"),
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": text(data, "statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def charge_for(world: World, session: Obj, intent: Obj, method: Obj, status: str) -> Obj:
    """A charge of this attempt: ``succeeded``, ``pending`` or ``failed``."""
    id_ = new_id("ch")
    paid = status == "succeeded"
    amount = intent["amount"]
    charge: Obj = {
        "id": id_,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": balance_entry(world, "charge", id_, amount, intent["currency"]) if paid else None,
        "billing_details": method["billing_details"],
        "authorization_code": None,
        "calculated_statement_descriptor": "SANDBOX SHOP",
        "captured": paid,
        "created": book.now(world),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(method),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{session['_base']}/pay/receipt/{id_}",
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }
    intent["latest_charge"] = id_
    return book.save(world, charge)


def failed_payment(
    world: World, intent: Obj, method: Obj, code: str, decline_code: str | None, message: str, charge: Obj | None = None
) -> None:
    """The intent after a failed attempt: open for another try; sends ``payment_intent.payment_failed``."""
    error: Obj = {
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": message,
        "payment_method": book.public(method),
        "type": "card_error" if charge is not None else "invalid_request_error",
    }
    if decline_code:
        error["decline_code"] = decline_code
    if charge is not None:
        error["charge"] = charge["id"]
    intent.update(status="requires_payment_method", last_payment_error=error, next_action=None, payment_method=None)
    book.save(world, intent)
    events.record(world, "payment_intent.payment_failed", intent)


def _method_details(method: Obj) -> Obj:
    kind = method["type"]
    if kind != "card":
        return {"type": kind, kind: dict(method[kind])}
    checks = {"address_line1_check": "pass", "address_postal_code_check": "pass", "cvc_check": "pass"}
    card = {
        **method["card"],
        "checks": checks,
        "network": method["card"]["brand"],
        "three_d_secure": None,
        "wallet": None,
    }
    return {"type": "card", "card": card}


def _shipping(session: Obj) -> Obj | None:
    given = (session["collected_information"] or {}).get("shipping_details")
    if not given:
        return None
    return {
        "address": given["address"],
        "carrier": None,
        "name": given["name"],
        "phone": (session["customer_details"] or {}).get("phone"),
        "tracking_number": None,
    }


def balance_entry(world: World, kind: str, source: str, amount: int, currency: str, fee: int | None = None) -> str:
    """Write a balance transaction (amount signed, minor units) and return its id. A charge bears Stripe's usual fee."""
    cost = fee if fee is not None else round(amount * 0.029) + 30
    detail = {"amount": cost, "application": None, "currency": currency, "description": "Fees", "type": "stripe_fee"}
    entry: Obj = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": book.now(world) + 2 * 24 * 3600,
        "balance_type": "payments",
        "created": book.now(world),
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": cost,
        "fee_details": [detail] if cost else [],
        "net": amount - cost,
        "reporting_category": kind,
        "source": source,
        "status": "pending",
        "type": kind,
    }
    book.save(world, entry)
    return str(entry["id"])
