"""What a buyer typed on the payment page: read, checked, and told field by field what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from sandbox.stripe.book import Obj
from sandbox.stripe.cards import digits, looks_right
from sandbox.stripe.countries import COUNTRIES, WITH_STATE, WITHOUT_POSTCODE, read_state
from sandbox.stripe.paying import Form

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LONGEST = 200

Errors = dict[str, str]


def read(session: Obj, typed: Mapping[str, str], now: float) -> tuple[Form | None, Errors]:
    """The checked form, or None with a message per field (in the order of the page)."""
    values = {name: str(value).strip()[:_LONGEST] for name, value in typed.items()}
    errors: Errors = {}
    form = Form(email=_email(session, values, errors), phone=_phone(session, values, errors))
    if session["shipping_address_collection"]:
        form.shipping = _shipping(session, values, errors)
        form.billing = form.shipping["address"] if form.shipping else None
        form.name = form.shipping["name"] if form.shipping else None
    if session["shipping_options"]:
        _check_option(session, values, errors)
    for field in session["custom_fields"]:
        _custom_field(field, values, form, errors)
    if session["amount_total"] > 0:
        _method(session, values, form, errors, now)
    _consents(session, values, form, errors)
    return (None if errors else form), errors


def destination(session: Obj, typed: Mapping[str, str]) -> Obj | None:
    """As much of the address as taxes need, before the form is complete; None when no country is chosen."""
    prefix = "ship" if session["shipping_address_collection"] else "bill"
    country = str(typed.get(f"{prefix}_country", "")).strip().upper()
    if country not in COUNTRIES:
        return None
    state = read_state(country, str(typed.get(f"{prefix}_state", "")).strip())
    return {"country": country, "state": state, "postal_code": None, "city": None, "line1": None, "line2": None}


def _email(session: Obj, values: dict[str, str], errors: Errors) -> str:
    fixed = session["customer_email"]
    email = fixed or values.get("email", "")
    if not email:
        errors["email"] = "Enter your email."
    elif not _EMAIL.fullmatch(email):
        errors["email"] = "Enter an email like name@example.com."
    return email


def _phone(session: Obj, values: dict[str, str], errors: Errors) -> str | None:
    if not session["phone_number_collection"]["enabled"]:
        return None
    phone = values.get("phone", "")
    if not re.fullmatch(r"\+?[\d\s().-]{6,20}", phone):
        errors["phone"] = "Enter your phone number, with the country's code if it is not local."
    return phone


def _shipping(session: Obj, values: dict[str, str], errors: Errors) -> Obj | None:
    before = len(errors)
    name = values.get("ship_name", "")
    if not name:
        errors["ship_name"] = "Enter the name of the person it goes to."
    allowed = session["shipping_address_collection"]["allowed_countries"]
    address = _address("ship", values, errors, allowed)
    return {"name": name, "address": address} if len(errors) == before else None


def _address(prefix: str, values: dict[str, str], errors: Errors, allowed: list[str] | None) -> Obj:
    def part(name: str) -> str:
        return values.get(f"{prefix}_{name}", "")

    country = part("country").upper()
    if country not in (allowed or COUNTRIES):
        errors[f"{prefix}_country"] = "Choose a country from the list."
    if not part("line1"):
        errors[f"{prefix}_line1"] = "Enter the street and number."
    if not part("city"):
        errors[f"{prefix}_city"] = "Enter the city."
    state = read_state(country, part("state"))
    if country in WITH_STATE and not part("state"):
        errors[f"{prefix}_state"] = "Enter the state or province."
    elif part("state") and state is None:
        errors[f"{prefix}_state"] = "Choose a state or province of this country."
    if not part("postal_code") and country not in WITHOUT_POSTCODE:
        errors[f"{prefix}_postal_code"] = "Enter the postal code."
    elif country == "US" and part("postal_code") and not re.fullmatch(r"\d{5}(-\d{4})?", part("postal_code")):
        errors[f"{prefix}_postal_code"] = "Enter a ZIP code of five digits."
    return {
        "city": part("city") or None,
        "country": country,
        "line1": part("line1") or None,
        "line2": part("line2") or None,
        "postal_code": part("postal_code") or None,
        "state": state or None,
    }


def _check_option(session: Obj, values: dict[str, str], errors: Errors) -> None:
    chosen = values.get("shipping_option") or session["_shipping_rate"]
    if chosen not in [option["shipping_rate"] for option in session["shipping_options"]]:
        errors["shipping_option"] = "Choose a shipping method."


def _custom_field(field: Obj, values: dict[str, str], form: Form, errors: Errors) -> None:
    name = f"field_{field['key']}"
    value = values.get(name, "")
    if not value:
        if not field["optional"]:
            errors[name] = f"Enter: {field['label']['custom']}."
        return
    if field["type"] == "numeric" and not value.isdigit():
        errors[name] = "Enter digits only."
    elif field["type"] == "dropdown" and value not in [option["value"] for option in field["dropdown"]["options"]]:
        errors[name] = "Choose one of the list."
    else:
        form.fields[field["key"]] = value


def _method(session: Obj, values: dict[str, str], form: Form, errors: Errors, now: float) -> None:
    if values.get("method") == "bank":
        account = digits(values.get("bank_account", ""))
        if not re.fullmatch(r"\d{6,17}", account):
            errors["bank_account"] = "Enter an account number of 6 to 17 digits."
        form.bank = account
        form.name = form.name or values.get("bank_name") or None
        return
    number = digits(values.get("card_number", ""))
    if not looks_right(number):
        errors["card_number"] = "Enter the number of the card; this one is not complete or has a mistake."
    form.card = number
    _check_expiry(values.get("card_expiry", ""), errors, now)
    if not re.fullmatch(r"\d{4}" if number.startswith("3") else r"\d{3}", values.get("card_cvc", "")):
        errors["card_cvc"] = "Enter the security code."
    name = values.get("card_name", "")
    if not name:
        errors["card_name"] = "Enter the name on the card."
    form.name = form.name or name
    if not session["shipping_address_collection"]:
        form.billing = _billing(session, values, errors)


def _billing(session: Obj, values: dict[str, str], errors: Errors) -> Obj:
    if session["billing_address_collection"] == "required":
        return _address("bill", values, errors, None)
    country = values.get("bill_country", "").upper()
    if country not in COUNTRIES:
        errors["bill_country"] = "Choose your country."
    code = values.get("bill_postal_code", "") or None
    state = read_state(country, values.get("bill_state", "")) or None
    return {"city": None, "country": country, "line1": None, "line2": None, "postal_code": code, "state": state}


def _check_expiry(typed: str, errors: Errors, now: float) -> None:
    match = re.fullmatch(r"(\d{1,2})\s*/?\s*(\d{2}|\d{4})", typed)
    if match is None or not 1 <= int(match.group(1)) <= 12:
        errors["card_expiry"] = "Enter the expiry date as month and year, such as 12/34."
        return
    today = datetime.fromtimestamp(now, UTC)
    if (int(match.group(2)) % 100 + 2000, int(match.group(1))) < (today.year, today.month):
        errors["card_expiry"] = "This card has expired."


def _consents(session: Obj, values: dict[str, str], form: Form, errors: Errors) -> None:
    wanted = session["consent_collection"] or {}
    if wanted.get("promotions") == "auto":
        form.promotions = values.get("promotions") == "yes"
    if wanted.get("terms_of_service") == "required":
        form.terms = values.get("terms") == "yes"
        if not form.terms:
            errors["terms"] = "Accept the terms to go on."
