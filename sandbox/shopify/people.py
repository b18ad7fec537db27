"""Customers: kept, shown, and set by the API (contracts/shopify.md §6).

{"id", "email", "first_name", "last_name", "phone", "marketing": SUBSCRIBED|NOT_SUBSCRIBED|UNSUBSCRIBED, "tags",
 "note", "addresses", "created_at", "updated_at"}
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.shopify.executing import Call
from sandbox.shopify.hooking import customer_body, tell
from sandbox.shopify.order_nodes import address_node
from sandbox.shopify.product_calls import listing
from sandbox.shopify.product_nodes import connection
from sandbox.shopify.shelf import Shelf, shelf_of
from sandbox.shopify.shopfront import Json, gid, number_of, stamp


def new_customer(shelf: Shelf, **facts: Any) -> Json:
    now = shelf.now()
    customer: Json = {
        "id": shelf.number("customer"), "email": "", "first_name": "", "last_name": "", "phone": "",
        "marketing": "NOT_SUBSCRIBED", "tags": [], "note": "", "addresses": [], "created_at": now, **facts,
    }  # fmt: skip
    save(shelf, customer, "customers/create")
    return customer


def save(shelf: Shelf, customer: Json, topic: str = "customers/update") -> None:
    customer["updated_at"] = shelf.now()
    with shelf.lock:
        shelf.customers.put_many([customer])
        if customer["email"]:
            shelf.world.store.put("shopify_email", customer["email"].lower(), {"customer": customer["id"]})
    tell(shelf, topic, customer_body(customer))


def customer_by_email(shelf: Shelf, email: str) -> Json | None:
    kept = shelf.world.store.get("shopify_email", email.lower())
    return shelf.customers.get(kept["customer"]) if kept else None


def customer_node(customer: Json) -> Json:
    name = f"{customer['first_name']} {customer['last_name']}".strip()
    email = {"emailAddress": customer["email"], "marketingState": customer["marketing"]}
    phone = {"phoneNumber": customer["phone"]}
    addresses = [address_node(address) for address in customer["addresses"]]
    return {
        "__typename": "Customer",
        "id": gid("Customer", customer["id"]),
        "firstName": customer["first_name"] or None,
        "lastName": customer["last_name"] or None,
        "displayName": name or customer["email"],
        "defaultEmailAddress": email if customer["email"] else None,
        "defaultPhoneNumber": phone if customer["phone"] else None,
        "addressesV2": connection(addresses, lambda address: address),
        "defaultAddress": addresses[0] if addresses else None,
        "numberOfOrders": "0",
        "tags": customer["tags"],
        "note": customer["note"] or None,
        "state": "DISABLED",
        "taxExempt": False,
        "locale": "en",
        "createdAt": stamp(customer["created_at"]),
        "updatedAt": stamp(customer["updated_at"]),
    }


def list_customers(call: Call, asked: Json) -> Any:
    return listing(call, asked, shelf_of(call.world).customers, customer_node)


def get_customer(call: Call, asked: Json) -> Json | None:
    found = shelf_of(call.world).customers.get(number_of(asked.get("id", ""), "Customer"))
    return customer_node(found) if found else None


def customer_by_identifier(call: Call, asked: Json) -> Json | None:
    shelf, told = shelf_of(call.world), asked["identifier"]
    if "emailAddress" in told:
        found = customer_by_email(shelf, told["emailAddress"])
    else:
        found = shelf.customers.get(number_of(told.get("id", ""), "Customer"))
    return customer_node(found) if found else None


def set_customer(call: Call, asked: Json) -> Json:
    """Found by the identifier, or made; a list that is sent replaces the list."""
    shelf, told, by = shelf_of(call.world), asked["input"], asked.get("identifier") or {}
    if told.get("phone") and not re.fullmatch(r"\+[1-9]\d{6,14}", told["phone"]):
        return _no(["input", "phone"], "Phone is invalid", "INVALID")
    if told.get("email") and "@" not in told["email"]:
        return _no(["input", "email"], "Email is invalid", "INVALID")
    with shelf.lock:
        if "id" in by:
            customer = shelf.customers.get(number_of(by["id"], "Customer"))
            if customer is None:
                return _no(["identifier", "id"], "Customer does not exist", "ID_NOT_FOUND")
        else:
            customer = customer_by_email(shelf, by["email"]) if by.get("email") else None
        other = customer_by_email(shelf, told["email"]) if told.get("email") else None
        if other is not None and (customer is None or other["id"] != customer["id"]):
            return _no(["input", "email"], "Email has already been taken", "TAKEN")
        facts = _facts(told)
        if customer is None:
            customer = new_customer(shelf, **facts)
        else:
            customer |= facts
            save(shelf, customer)
    shelf.note_write()
    return {"customer": customer_node(customer), "userErrors": []}


def set_consent(call: Call, asked: Json) -> Json:
    shelf, told = shelf_of(call.world), asked["input"]
    with shelf.lock:
        customer = shelf.customers.get(number_of(told["customerId"], "Customer"))
        if customer is None:
            return {"customer": None, "userErrors": [{"field": ["customerId"], "message": "Customer does not exist"}]}
        customer["marketing"] = told["emailMarketingConsent"]["marketingState"]
        save(shelf, customer)
    shelf.note_write()
    return {"customer": customer_node(customer), "userErrors": []}


def _facts(told: Json) -> Json:
    names = {"email": "email", "firstName": "first_name", "lastName": "last_name", "phone": "phone", "note": "note"}
    facts: Json = {ours: told[theirs] or "" for theirs, ours in names.items() if theirs in told}
    facts |= {name: told[name] or [] for name in ("tags", "addresses") if name in told}
    return facts


def _no(field: list[str], message: str, code: str) -> Json:
    return {"customer": None, "userErrors": [{"field": field, "message": message, "code": code}]}


QUERIES = {
    "customers": list_customers, "customer": get_customer, "customerByIdentifier": customer_by_identifier,
}  # fmt: skip
MUTATIONS = {"customerSet": set_customer, "customerEmailMarketingConsentUpdate": set_consent}
