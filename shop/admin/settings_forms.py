"""The sections of the settings: which columns each owns, how they are shown, and how a form is read back.

`show` gives the flat fields of the form; `read` gives the columns, or raises InvalidInput with every wrong field.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from config import PRODUCTION_POLICIES
from shop.admin import reading_forms as read
from shop.admin.colours import brand_colours, read_colour
from shop.checkout.countries import known_codes
from shop.errors import InvalidInput
from shop.tenancy.brand_style import TYPE_PAIRS, fonts_of

MOST_ROWS = 80
MORE_ROWS = 3
DEFAULT_ACCENT = "#23553f"
Form = Mapping[str, str]


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    lede: str
    columns: tuple[str, ...]
    show: Callable[[Any], dict[str, str]]
    read: Callable[[Form, str], dict[str, Any]]
    #: done after every save, in transactions of its own
    after: Callable[[], None] | None = None
    #: what else its form is drawn with, of the stored row
    facts: Callable[[Any], dict[str, Any]] | None = None

    def version_of(self, profile: Any) -> str:
        """Changes whenever a column of this section does: what a form was filled from."""
        values = json.dumps({c: getattr(profile, c) for c in self.columns}, sort_keys=True, default=str)
        return hashlib.sha256(values.encode()).hexdigest()[:16]


def every(parts: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all; raise one InvalidInput with the errors of all."""
    found, errors = [], {}
    for part in parts:
        try:
            found.append(part())
        except InvalidInput as error:
            errors.update(error.fields)
    if errors:
        raise InvalidInput(fields=errors)
    return found


# -- general


def _show_general(p: Any) -> dict[str, str]:
    return {name: getattr(p, name) or "" for name in GENERAL_COLUMNS}


def _read_general(form: Form, currency: str) -> dict[str, Any]:
    values = every(
        [
            lambda: read.text(form, "name", "The shop's name", 120),
            lambda: read.text(form, "tagline", "The tagline", 200, required=False),
            lambda: read.text(form, "legal_name", "The legal name", 200, required=False),
            lambda: read.text(form, "address", "The address", 500, required=False, lines=True),
            lambda: read.email(form, "support_email", "The address for buyers"),
            lambda: read.email(form, "merchant_email", "Your address"),
        ]
    )
    return dict(zip(GENERAL_COLUMNS, values, strict=True))


GENERAL_COLUMNS = ("name", "tagline", "legal_name", "address", "support_email", "merchant_email")

# -- brand


def _show_brand(p: Any) -> dict[str, str]:
    brand = p.brand or {}
    return {"accent": brand.get("accent") or DEFAULT_ACCENT, "type": str(brand.get("type") or "")}


def _read_brand(form: Form, currency: str) -> dict[str, Any]:
    colours, pair = every(
        [
            lambda: brand_colours(read_colour(form.get("accent", "")[:20])),
            lambda: read.choice(form, "type", "Type", TYPE_PAIRS) if "type" in form else "",
        ]
    )
    return {"brand": {**colours, **fonts_of(pair)}}


# -- shipping


def _show_shipping(p: Any) -> dict[str, str]:
    values = {
        "free_shipping": read.plain_amount(p.free_shipping_minor, p.currency) if p.free_shipping_minor else "",
        "where": "some" if p.ships_to else "all",
        "own": "1" if p.own_shipping_prices else "",
    }
    values.update({f"to-{code}": "1" for code in p.ships_to})
    for i, row in enumerate(p.shipping_fallback):
        days = [*(row.get("days") or []), "", ""][:2]
        values[f"row-{i}-countries"] = ", ".join(row.get("countries", []))
        values[f"row-{i}-first"] = read.plain_amount(int(row.get("first_minor", 0)), p.currency)
        values[f"row-{i}-more"] = read.plain_amount(int(row.get("more_minor", 0)), p.currency)
        values[f"row-{i}-low"], values[f"row-{i}-high"] = str(days[0]), str(days[1])
    return values


def _read_shipping(form: Form, currency: str) -> dict[str, Any]:
    def rows() -> list[dict[str, Any]]:
        filled = filled_rows(form, ("countries", "first", "more"))
        return every([partial(_fallback_row, form, i, currency) for i in filled])

    free, ships_to, fallback = every(
        [
            lambda: read.amount(form, "free_shipping", "The amount", currency, required=False),
            lambda: _countries_chosen(form),
            rows,
        ]
    )
    own = form.get("own") == "1"
    return {
        "free_shipping_minor": free,
        "ships_to": ships_to,
        "shipping_fallback": fallback,
        "own_shipping_prices": own,
    }


def _countries_chosen(form: Form) -> list[str]:
    if form.get("where") == "all":
        return []
    chosen = sorted(code for code in known_codes() if form.get(f"to-{code}") == "1")
    if not chosen:
        raise InvalidInput(fields={"where": "Choose at least one country, or ship everywhere."})
    return chosen


def _fallback_row(form: Form, i: int, currency: str) -> dict[str, Any]:
    at = f"row-{i}"
    codes = [c.upper() for c in re.split(r"[,;\s]+", form.get(f"{at}-countries", "")[:1500]) if c]
    unknown = [c for c in codes if c != "*" and c not in known_codes()]

    def countries() -> list[str]:
        if not codes:
            raise InvalidInput(fields={f"{at}-countries": "Write country codes, like US, CA; or *."})
        if unknown:
            raise InvalidInput(fields={f"{at}-countries": f"No country we ship to: {', '.join(unknown[:5])}."})
        return list(dict.fromkeys(codes))

    found, first, more, low, high = every(
        [
            countries,
            lambda: read.amount(form, f"{at}-first", "The price of the first thing", currency),
            lambda: read.amount(form, f"{at}-more", "The price of each further thing", currency),
            lambda: read.whole(form, f"{at}-low", "Days, at least", 0, 120),
            lambda: read.whole(form, f"{at}-high", "Days, at most", 0, 120),
        ]
    )
    if low > high:
        raise InvalidInput(fields={f"{at}-high": "The most days cannot be fewer than the least."})
    return {"countries": found, "first_minor": first, "more_minor": more, "days": [low, high]}


# -- taxes


def _show_taxes(p: Any) -> dict[str, str]:
    values = {"prices_include_tax": "1" if p.prices_include_tax else "0"}
    for i, row in enumerate(p.tax_rates):
        values[f"row-{i}-countries"] = str(row.get("country", ""))
        values[f"row-{i}-rate"] = _as_percent(str(row.get("rate", "")))
        values[f"row-{i}-name"] = str(row.get("name") or "")
        if row.get("on_shipping", True):
            values[f"row-{i}-shipping"] = "1"
    return values


def _read_taxes(form: Form, currency: str) -> dict[str, Any]:
    filled = filled_rows(form, ("countries", "rate", "name"))
    rates = every([partial(_tax_row, form, i) for i in filled])
    seen: set[str] = set()
    for i, row in zip(filled, rates, strict=True):
        if row["country"] in seen:
            raise InvalidInput(fields={f"row-{i}-countries": f"{row['country']} has a rate already."})
        seen.add(row["country"])
    return {"prices_include_tax": form.get("prices_include_tax") == "1", "tax_rates": rates}


def _tax_row(form: Form, i: int) -> dict[str, Any]:
    at = f"row-{i}"

    def country() -> str:
        code = form.get(f"{at}-countries", "").strip().upper()[:10]
        if code not in known_codes():
            raise InvalidInput(fields={f"{at}-countries": "Write one country code, like DE."})
        return code

    code, rate, name = every(
        [
            country,
            lambda: read.percent(form, f"{at}-rate", "The rate"),
            lambda: read.text(form, f"{at}-name", "The name", 40, required=False),
        ]
    )
    return {"country": code, "rate": rate, "name": name or "Tax", "on_shipping": form.get(f"{at}-shipping") == "1"}


def _as_percent(rate: str) -> str:
    try:
        return f"{(Decimal(rate) * 100).normalize():f}"
    except InvalidOperation:
        return ""


# -- production


def _show_production(p: Any) -> dict[str, str]:
    return {"production_policy": p.production_policy, "production_delay_minutes": str(p.production_delay_minutes)}


def _read_production(form: Form, currency: str) -> dict[str, Any]:
    policy, delay = every(
        [
            lambda: read.choice(form, "production_policy", "When to print", PRODUCTION_POLICIES),
            lambda: read.whole(form, "production_delay_minutes", "The delay in minutes", 0, 10_080),
        ]
    )
    return {"production_policy": policy, "production_delay_minutes": delay}


# -- rows without JavaScript


def row_numbers(values: Form) -> list[int]:
    """Numbers of the rows in a form, filled or not."""
    found = {int(m[1]) for name in values if (m := re.fullmatch(r"row-(\d{1,3})-\w+", name))}
    return sorted(n for n in found if n < MOST_ROWS)


def filled_rows(form: Form, fields: tuple[str, ...]) -> list[int]:
    """Rows with something in them that are not to be removed."""
    return [
        i
        for i in row_numbers(form)
        if form.get(f"row-{i}-remove") != "1" and any(form.get(f"row-{i}-{f}", "").strip() for f in fields)
    ]


SECTIONS: dict[str, Section] = {
    s.key: s
    for s in (
        Section(
            "general", "Shop", "Who the shop is, on every page and letter.",
            GENERAL_COLUMNS, _show_general, _read_general,
        ),
        Section(
            "brand", "Brand", "One colour, a pair of faces and a logo. Everything else follows from them.",
            ("brand",), _show_brand, _read_brand,
        ),
        Section(
            "shipping", "Shipping", "Prices come from Printify, or from zones of your own.",
            ("free_shipping_minor", "ships_to", "shipping_fallback", "own_shipping_prices"),
            _show_shipping, _read_shipping,
        ),
        Section(
            "taxes", "Taxes", "A rate for each country you collect tax in.",
            ("prices_include_tax", "tax_rates"), _show_taxes, _read_taxes,
        ),
        Section(
            "production", "Printing", "When a paid order is sent to be printed.",
            ("production_policy", "production_delay_minutes"), _show_production, _read_production,
        ),
    )
}  # fmt: skip
