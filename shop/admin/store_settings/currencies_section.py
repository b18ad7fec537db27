"""Settings → Currencies: which others a shopper may choose, at what rate, rounded how; who typed a rate and when."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from flask import has_request_context
from flask_login import current_user
from sqlalchemy import select, text

from shop.admin import reading_forms as read
from shop.admin.settings_forms import SECTIONS, Form, Section, every, filled_rows
from shop.catalog.documents import rebuild
from shop.core import clock
from shop.core.amounts import NotAnAmount, read_number
from shop.core.money import exponent, format_minor
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.tenancy.currencies import KNOWN, pricing_for
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_catalog

ROUNDING_NAMES = (
    ("none", "not at all"), ("0.05", "to 0.05"), ("0.10", "to 0.10"), ("whole", "to whole ones"), ("10", "to tens"),
    ("100", "to hundreds"), ("99", "to end in .99"), ("95", "to end in .95"),
)  # fmt: skip
WAY_NAMES = (("nearest", "to the nearest"), ("up", "always up"))
#: of currencies without decimals nothing smaller than one can be asked for
_NEEDS_DECIMALS = ("0.05", "0.10", "99", "95")
MOST = 20


def _show(profile: Any) -> dict[str, str]:
    values = {}
    for i, row in enumerate(profile.currencies):
        for name in ("code", "rate", "rounding", "way"):
            values[f"row-{i}-{name}"] = str(row.get(name) or "")
    return values


def _read(form: Form, currency: str) -> dict[str, Any]:
    filled = filled_rows(form, ("code", "rate"))
    if len(filled) > MOST:
        raise InvalidInput(fields={f"row-{filled[MOST]}-code": f"At most {MOST} currencies."})
    rows = every([partial(_row, form, i, currency) for i in filled])
    seen: set[str] = set()
    for i, row in zip(filled, rows, strict=True):
        if row["code"] in seen:
            raise InvalidInput(fields={f"row-{i}-code": f"{row['code']} has a row already."})
        seen.add(row["code"])
    return {"currencies": [_signed(row) for row in rows]}


def _row(form: Form, i: int, currency: str) -> dict[str, Any]:
    at = f"row-{i}"
    code, rate, rounding, way = every(
        [
            partial(_code, form, f"{at}-code", currency),
            partial(_rate, form, f"{at}-rate"),
            lambda: read.choice(form, f"{at}-rounding", "Rounding", dict(ROUNDING_NAMES)),
            lambda: read.choice(form, f"{at}-way", "Which way", dict(WAY_NAMES)),
        ]
    )
    if not exponent(code) and rounding in _NEEDS_DECIMALS:
        raise InvalidInput(fields={f"{at}-rounding": f"{code} has no decimals: choose whole ones, tens or hundreds."})
    return {"code": code, "rate": rate, "rounding": rounding, "way": way}


def _code(form: Form, name: str, currency: str) -> str:
    code = form.get(name, "").strip().upper()[:10]
    if code == currency:
        raise InvalidInput(fields={name: f"{currency} is the shop’s own currency: it is offered anyway."})
    if code not in KNOWN:
        raise InvalidInput(fields={name: "Choose a currency from the list."})
    return code


def _rate(form: Form, name: str) -> str:
    """Text, "0.9137"."""
    example = "The rate is not a number. Write it like 0.92 or 151.3."
    try:
        rate = read_number(form.get(name, "").strip(), example=example)
    except NotAnAmount as refusal:
        raise InvalidInput(fields={name: refusal.about("The rate")}) from refusal
    if not 0 < rate <= 1_000_000 or rate != round(rate, 10):
        raise InvalidInput(fields={name: "The rate must be above 0, at most a million, with at most ten decimals."})
    return f"{rate.normalize():f}"


def _signed(row: dict[str, Any]) -> dict[str, Any]:
    """With who typed the rate and when: as it was where the rate is."""
    stored = db.session.execute(select(StoreProfile.currencies).limit(1)).scalar_one()
    before: Mapping[str, Any] = next((r for r in stored if r.get("code") == row["code"]), {})
    if before.get("rate") == row["rate"]:
        signed = {name: before[name] for name in ("changed_at", "changed_by") if name in before}
    else:
        who = current_user.name or current_user.email if has_request_context() else ""
        signed = {"changed_at": clock.now().isoformat(timespec="seconds"), "changed_by": str(who)[:80]}
    return {**row, **signed}


def _fill_cards() -> None:
    """Cards that were made before there were currencies learn what they need; once for each."""
    with transaction() as session:
        ids = [row[0] for row in session.execute(text("SELECT id FROM products WHERE NOT card ? 'was_minor'"))]
        if ids:
            rebuild(session, ids)
            touch_catalog(session)


def _facts(profile: Any) -> dict[str, Any]:
    """For the form: who typed each rate, and what a price becomes."""
    example = 25 * 10 ** exponent(profile.currency)
    told = {}
    for row in profile.currencies:
        pricing = pricing_for(profile, row.get("code"))
        said = [format_minor(pricing.price(n), pricing.code) for n in (example, example * 2 - example // 50)]
        told[row.get("code")] = {**row, "examples": said}
    own = [format_minor(n, profile.currency) for n in (example, example * 2 - example // 50)]
    return {
        "codes": [code for code in KNOWN if code != profile.currency],
        "roundings": ROUNDING_NAMES,
        "rounding_ways": WAY_NAMES,
        "told": told,
        "own_examples": own,
        "one": format_minor(int(Decimal(10) ** exponent(profile.currency)), profile.currency),
    }


SECTIONS["currencies"] = Section(
    "currencies", "Currencies", "What shoppers may pay in, beside the shop’s own.", ("currencies",), _show, _read,
    after=_fill_cards, facts=_facts,
)  # fmt: skip
