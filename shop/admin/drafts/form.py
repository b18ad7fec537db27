"""The form of a draft: how it is filled, and how it is read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import every
from shop.checkout.countries import known_codes
from shop.checkout.shipping import LABELS
from shop.core.languages import LOCALES
from shop.core.money import exponent
from shop.drafts.models import DraftItem, DraftOrder
from shop.errors import InvalidInput

MOST_ITEMS = 50
MOST_OF_ONE = 200
ADDRESS = ("line1", "line2", "city", "state", "postal_code")
LABEL = {
    "email": "E-mail address", "customer_name": "Name", "phone": "Telephone", "line1": "Street", "line2": "Second line",
    "city": "Town", "state": "State", "postal_code": "Postal code", "country": "Country", "shipping_method": "Shipping",
    "percent_off": "Percent off", "reason": "Reason", "note": "Note", "locale": "Language",
}  # fmt: skip


@dataclass(frozen=True)
class ItemEdit:
    quantity: int
    own_minor: int | None
    percent_off: str
    reason: str
    handed_over: bool
    remove: bool


@dataclass(frozen=True)
class DraftEdit:
    columns: dict[str, Any]
    items: dict[int, ItemEdit]


def fill(draft: DraftOrder, items: Sequence[DraftItem]) -> dict[str, str]:
    values = {name: getattr(draft, name) or "" for name in ("email", "customer_name", "phone", "reason", "note")}
    values |= {name: str(draft.ship_to.get(name) or "") for name in (*ADDRESS, "country")}
    values |= {"shipping_method": draft.shipping_method, "locale": draft.locale}
    values["percent_off"] = as_percent(draft.percent_off)
    for item in items:
        at = f"i-{item.id}"
        values[f"{at}-quantity"] = str(item.quantity)
        values[f"{at}-own"] = "" if item.own_minor is None else read.plain_amount(item.own_minor, draft.currency)
        values[f"{at}-off"] = as_percent(item.percent_off)
        values[f"{at}-reason"] = item.reason
        values[f"{at}-handed"] = "1" if item.handed_over else ""
    return values


def labels(items: Sequence[DraftItem]) -> dict[str, str]:
    names = dict(LABEL)
    for n, item in enumerate(items, 1):
        for key, label in (("quantity", "quantity"), ("own", "own price"), ("off", "percent off"), ("reason", "reason"), ("handed", "taken away")):  # noqa: E501
            names[f"i-{item.id}-{key}"] = f"Line {n}: {label}"
    return names


def read_edit(form: Mapping[str, str], items: Sequence[DraftItem], currency: str) -> DraftEdit:
    """Raises InvalidInput with every wrong field. Items that the form does not name stay as they are."""
    email, name, phone, reason, note, percent, method, locale, country, *address = every(
        [
            lambda: read.email(form, "email", "The e-mail address", required=False),
            lambda: read.text(form, "customer_name", "The name", 200, required=False),
            lambda: read.text(form, "phone", "The telephone number", 40, required=False),
            lambda: read.text(form, "reason", "The reason", 200, required=False),
            lambda: read.text(form, "note", "The note", 2000, required=False, lines=True),
            lambda: _percent(form, "percent_off"),
            lambda: read.choice(form, "shipping_method", "Shipping", LABELS),
            lambda: read.choice(form, "locale", "The language", LOCALES),
            lambda: _country(form),
            *(_address_line(form, part) for part in ADDRESS),
            lambda: _items(form, items, currency),
        ]
    )
    edits: dict[int, ItemEdit] = address.pop()
    ship_to = {"name": name, **dict(zip(ADDRESS, address, strict=True)), "country": country}
    return DraftEdit(
        columns={
            "email": email.lower(), "customer_name": name, "phone": phone, "reason": reason, "note": note,
            "percent_off": percent, "shipping_method": method, "locale": locale, "ship_to": ship_to,
        },
        items=edits,
    )  # fmt: skip


def _address_line(form: Mapping[str, str], part: str) -> Any:
    return lambda: read.text(form, part, LABEL[part], 200, required=False)


def _items(form: Mapping[str, str], items: Sequence[DraftItem], currency: str) -> dict[int, ItemEdit]:
    named = [item for item in items if f"i-{item.id}-quantity" in form]
    found = every([_item_reader(form, item, currency) for item in named])
    return {item.id: edit for item, edit in zip(named, found, strict=True)}


def _item_reader(form: Mapping[str, str], item: DraftItem, currency: str) -> Any:
    at = f"i-{item.id}"

    def work() -> ItemEdit:
        if form.get(f"{at}-remove") == "1":
            return ItemEdit(item.quantity, None, "", "", False, True)
        quantity, own, off, reason = every(
            [
                lambda: read.whole(form, f"{at}-quantity", "The quantity", 1, MOST_OF_ONE),
                lambda: _own(form, f"{at}-own", currency),
                lambda: _percent(form, f"{at}-off"),
                lambda: read.text(form, f"{at}-reason", "The reason", 200, required=False),
            ]
        )
        if own is not None and off:
            raise InvalidInput(fields={f"{at}-off": "Either a price of its own or percent off, not both."})
        if own is not None and not reason:
            raise InvalidInput(fields={f"{at}-reason": "Say why: a price of its own needs a reason."})
        return ItemEdit(quantity, own, off, reason, form.get(f"{at}-handed") == "1", False)

    return work


def _own(form: Mapping[str, str], name: str, currency: str) -> int | None:
    if not form.get(name, "").strip():
        return None
    minor = read.amount(form, name, "The price", currency)
    if minor > 100_000 * 10 ** exponent(currency):
        raise InvalidInput(fields={name: "The price is out of range."})
    return minor


def _percent(form: Mapping[str, str], name: str) -> str:
    return read.percent(form, name, "The percentage") if form.get(name, "").strip() else ""


def _country(form: Mapping[str, str]) -> str:
    code = form.get("country", "").strip().upper()[:10]
    if code not in known_codes():
        raise InvalidInput(fields={"country": "Choose a country."})
    return code


def as_percent(rate: str) -> str:
    return f"{float(rate) * 100:g}" if rate else ""
