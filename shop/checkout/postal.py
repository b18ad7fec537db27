"""A postal address as a person types it: which parts its country needs, and what a postal code looks like there."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shop.checkout.countries import country_here, known_codes
from shop.core import reading_forms as read
from shop.errors import InvalidInput
from shop.words import mark

#: part → (label, most characters)
PARTS = {
    "name": (mark("The name"), 200),
    "line1": (mark("The street"), 200),
    "line2": (mark("The second line"), 200),
    "city": (mark("The town"), 100),
    "state": (mark("The state"), 100),
    "postal_code": (mark("The postal code"), 20),
    "country": (mark("The country"), 2),
}
WITH_STATE = frozenset({"US", "CA", "AU", "BR", "MX", "IN", "JP", "CN", "IT"})
_NO_POSTCODE = """
AE AG AN AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM DJ DM ER FJ GD GM GQ GY HK IE JM KI KM KN KP LC ML MO MR MW NR
NU PA QA RW SB SC SL SR ST SY TD TF TG TK TL TO TV TZ UG VU YE ZW
"""
WITHOUT_POSTCODE = frozenset(_NO_POSTCODE.split())
_STATES = """
AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA
RI SC SD TN TX UT VT VA WA WV WI WY PR GU VI AS MP AA AE AP
"""
_PROVINCES = "AB BC MB NB NL NS NT NU ON PE QC SK YT"
STATES = {"US": frozenset(_STATES.split()), "CA": frozenset(_PROVINCES.split())}
_CODES = {
    "US": (r"\d{5}(-\d{4})?", "97209"),
    "CA": (r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "K1A 0B1"),
    "GB": (r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "SW1A 1AA"),
    "NL": (r"\d{4} ?[A-Z]{2}", "1012 AB"),
    **dict.fromkeys(("DE", "FR", "IT", "ES", "FI"), (r"\d{5}", "10115")),
    **dict.fromkeys(("AT", "CH", "BE", "DK", "NO", "LU", "AU", "NZ"), (r"\d{4}", "1010")),
    "SE": (r"\d{3} ?\d{2}", "111 22"),
    "PL": (r"\d{2}-\d{3}", "00-001"),
    "PT": (r"\d{4}-\d{3}", "1000-001"),
    "JP": (r"\d{3}-?\d{4}", "100-0001"),
}


def read_address(form: Mapping[str, str], served: tuple[str, ...] = ()) -> dict[str, str]:
    """{"name", "line1", "line2", "city", "state", "postal_code", "country"} from a form's fields of these names.

    `served`: the countries the store ships to; all when empty. Raises InvalidInput with every field that is wrong.
    """
    errors: dict[str, str] = {}
    found: dict[str, str] = {}
    for part, (label, most) in PARTS.items():
        try:
            found[part] = read.text(form, part, label, most, required=part in ("name", "line1", "city", "country"))
        except InvalidInput as error:
            errors |= error.fields
            found[part] = ""
    country = found["country"] = found["country"].upper()
    if country and country not in known_codes():
        errors["country"] = mark("Choose a country.")
    elif country and served and country not in served:
        errors["country"] = mark("The shop does not ship to %(country)s.", country=country_here(country))
    if "country" not in errors:
        errors |= {part: text for part, text in _of_country(country, found).items() if part not in errors}
    if errors:
        raise InvalidInput(fields=errors)
    return found


def _of_country(country: str, found: dict[str, str]) -> dict[str, str]:
    """What is wrong for this country; codes are put into their usual letters."""
    wrong: dict[str, str] = {}
    if country in WITH_STATE and not found["state"]:
        wrong["state"] = mark("Addresses in %(country)s need a state or province.", country=country_here(country))
    if country in STATES:
        found["state"] = found["state"].upper()
        if found["state"] and found["state"] not in STATES[country]:
            wrong["state"] = mark(
                "Write the state as its two letters, like %(example)s.", example="OR" if country == "US" else "ON"
            )
    code = found["postal_code"]
    if country in _CODES:
        shape, example = _CODES[country]
        code = found["postal_code"] = code.upper()
        if code and not re.fullmatch(shape, code):
            wrong["postal_code"] = mark("A postal code there looks like %(example)s.", example=example)
    if not code and country not in WITHOUT_POSTCODE:
        wrong["postal_code"] = mark("The postal code is missing.")
    return wrong


def read_phone(form: Mapping[str, str], name: str = "phone") -> str:
    value = read.text(form, name, mark("The phone number"), 40, required=False)
    if value and not re.fullmatch(r"\+?[\d ()./-]{5,40}", value):
        raise InvalidInput(fields={name: mark("Write the phone number with digits, like +1 503 555 0100.")})
    return value
