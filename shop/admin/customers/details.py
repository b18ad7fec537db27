"""The form with a customer's details: what fills it, and what it may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.admin import reading_forms as read
from shop.admin.stale import meet
from shop.core.transaction import transaction
from shop.customers.changing import change_email, lock_customer, read_tags
from shop.errors import InvalidInput

LABELS = {"name": "Name", "email": "E-mail address", "phone": "Telephone", "locale": "Language", "tags": "Tags"}
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,38}")


class Changed(Exception):
    """Somebody saved this customer since the form was filled."""


def fill(customer: Customer) -> dict[str, str]:
    values = {name: getattr(customer, name) for name in LABELS if name != "tags"}
    return {**values, "tags": ", ".join(customer.tags)}


def read_details(form: Mapping[str, str], languages: Mapping[str, str]) -> dict[str, Any]:
    """Raises InvalidInput with every field that is wrong."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    readers = {
        "name": lambda: read.text(form, "name", "The name", 200, required=False),
        "email": lambda: read.email(form, "email", "This").lower(),
        "phone": lambda: _phone(form),
        "locale": lambda: read.choice(form, "locale", "The language", languages),
        "tags": lambda: read_tags(form.get("tags", "")[:4000]),
    }
    for name, reader in readers.items():
        try:
            values[name] = reader()
        except InvalidInput as error:
            errors.update(error.fields)
    if errors:
        raise InvalidInput(fields=errors)
    return values


def save(customer_id: int, typed: dict[str, str], languages: Mapping[str, str]) -> bool:
    """False when nothing differs. Raises Changed, InvalidInput, NotFound, Conflict."""
    with transaction() as session:
        customer = lock_customer(session, customer_id)
        if meet(fill(customer), typed, typed.get("marks", "")).changed:
            raise Changed
        allowed = {**languages, customer.locale: customer.locale}
        return _write(session, customer, read_details(typed, allowed))


def _write(session: Session, customer: Customer, values: dict[str, Any]) -> bool:
    before = {name: getattr(customer, name) for name in values}
    change_email(session, customer, values.pop("email"))
    for name, value in values.items():
        if getattr(customer, name) != value:
            setattr(customer, name, value)
    return any(getattr(customer, name) != value for name, value in before.items())


def _phone(form: Mapping[str, str]) -> str:
    value = read.text(form, "phone", "The telephone number", 40, required=False)
    if value and not PHONE.fullmatch(value):
        raise InvalidInput(fields={"phone": "This is not a telephone number. Write it like +49 30 1234567."})
    return value
