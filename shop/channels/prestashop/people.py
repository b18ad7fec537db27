"""A customer of ours, written into the shop (contracts/prestashop.md §5). Found by e-mail before one is made."""

from __future__ import annotations

import secrets

from shop.channels.prestashop.around import Surroundings
from shop.channels.prestashop.client import Client
from shop.channels.prestashop.reading import text
from shop.channels.prestashop.terms import Terms, flag
from shop.channels.prestashop.wire import SERVICE, build, set_text, without
from shop.channels.prestashop.writing import READ_ONLY, clean_person
from shop.channels.records import AddressRecord, CustomerRecord
from shop.errors import Refused


def push_customer(
    client: Client, around: Surroundings, terms: Terms, customer: CustomerRecord, external_id: str | None
) -> str:
    """Their id. Names and the consent to letters are written; addresses only with a new customer, as their old orders
    point at address rows."""
    customer_id = external_id or _find(client, customer.email)
    if customer_id is None:
        return _make(client, around, terms, customer)
    node = client.get_node("customers", customer_id)
    if node is None:
        raise Refused(
            "This customer is not in the shop any more.",
            service=SERVICE,
            detail=f"customer {customer_id} is gone",
            status=404,
        )
    without(node, READ_ONLY)
    changed = set_text(node, "email", customer.email)
    for name, value in (("firstname", customer.first_name), ("lastname", customer.last_name)):
        if value and value != (node.findtext(name) or ""):
            changed |= set_text(node, name, clean_person(value))
    if customer.accepts_marketing is not None:
        changed |= set_text(node, "newsletter", "1" if customer.accepts_marketing else "0")
    if changed:
        client.replace("customers", node)
    return customer_id


def _make(client: Client, around: Surroundings, terms: Terms, customer: CustomerRecord) -> str:
    fields = {
        "lastname": clean_person(customer.last_name),
        "firstname": clean_person(customer.first_name),
        "email": customer.email,
        "passwd": secrets.token_urlsafe(24),  # nobody knows it: they ask for a new one
        "newsletter": "1" if customer.accepts_marketing else "0",
        "active": "1",
        "id_lang": terms.language_id,
        "id_default_group": "3",
    }
    customer_id = client.create("customers", build("customer", fields), lambda: _find(client, customer.email))
    for address in customer.addresses[:5]:
        make_address(client, around, customer_id, address, "Address", customer.phone)
    return customer_id


def make_address(
    client: Client, around: Surroundings, customer_id: str, address: AddressRecord, alias: str, phone: str = ""
) -> str | None:
    """The address row's id; None for one that the shop cannot hold (no street, no town, an unknown country)."""
    country_id = around.country_id(address.country)
    if not (country_id and address.line1 and address.city):
        return None
    first, last = names_of(address.name)
    fields = {
        "id_customer": customer_id, "id_country": country_id, "alias": alias[:32], "company": address.company[:255],
        "firstname": clean_person(first), "lastname": clean_person(last), "address1": address.line1[:128],
        "address2": address.line2[:128], "postcode": address.postal_code[:12], "city": address.city[:64],
        "phone": (address.phone or phone)[:32],
    }  # fmt: skip

    def find() -> str | None:
        rows = client.by_ids("addresses", [customer_id], "id_customer")
        same = [
            row
            for row in rows
            if text(row.get("alias")) == fields["alias"] and text(row.get("address1")) == fields["address1"]
        ]
        return text(same[-1].get("id")) if same else None

    return client.create("addresses", build("address", fields), find)


def names_of(name: str) -> tuple[str, str]:
    """("Ada Maria", "Lovelace"); of one word it is the first."""
    first, _, last = name.strip().rpartition(" ")
    return (first, last) if first else (last, "")


def _find(client: Client, email: str) -> str | None:
    """Guests share e-mails with others (§5): never one of them."""
    rows = client.find_rows("customers", "email", email)
    own = [row for row in rows if not flag(row.get("is_guest")) and not flag(row.get("deleted"))]
    return text(own[0].get("id")) if own else None
