"""Settings → Region: where the shop is, its languages and its currency."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import select

from shop.admin import reading_forms as read
from shop.admin.settings_forms import SECTIONS, Form, Section, every
from shop.catalog.documents import rebuild_all
from shop.checkout.countries import known_codes
from shop.core.languages import LOCALES, NAMES
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.orders.models import Order
from shop.tenancy.currencies import KNOWN
from shop.tenancy.profile import current_profile, current_versions, touch_catalog

COLUMNS = ("country", "locale", "currency", "languages")
SPEAK = "speak-"  # the beginning of a language's box in the form
CURRENCIES = KNOWN


def languages() -> list[tuple[str, str]]:
    return [(code, NAMES.get(code, code)) for code in LOCALES]


def currencies(now: str) -> list[tuple[str, str]]:
    return [(code, code) for code in (CURRENCIES if now in CURRENCIES else (now, *CURRENCIES))]


def rewrite_prices() -> None:
    """Every product's prices and words, in the new currency and language. A repeat writes the same."""
    current_versions(fresh=True)
    with transaction() as session:
        rebuild_all(session)
        touch_catalog(session)


def _show(profile: Any) -> dict[str, str]:
    locale = profile.locale[:2].lower()
    boxes = {SPEAK + code: "1" for code in profile.languages}
    return {"country": profile.country, "locale": locale, "currency": profile.currency, **boxes}


def _read_currency(form: Form, now: str) -> str:
    chosen = read.choice(form, "currency", "The currency", (now, *CURRENCIES))
    if chosen != now and db.session.execute(select(Order.id).limit(1)).first() is not None:
        raise InvalidInput(fields={"currency": f"Orders were placed in {now}: the currency stays as it is."})
    if chosen != now and current_profile().currencies:
        why = f"Other currencies are offered, at rates for {now}. Take them out first, under Currencies."
        raise InvalidInput(fields={"currency": why})
    return chosen


def _read(form: Form, currency: str) -> dict[str, Any]:
    found = every(
        [
            lambda: read.choice(form, "country", "The country", tuple(known_codes())),
            lambda: read.choice(form, "locale", "The language", LOCALES),
            partial(_read_currency, form, currency),
        ]
    )
    spoken_too = [code for code in LOCALES if form.get(SPEAK + code) and code != found[1]]
    return dict(zip(COLUMNS, [*found, spoken_too], strict=True))


SECTIONS["region"] = Section(
    "region",
    "Region",
    "Where the shop is, its languages and its currency.",
    COLUMNS,
    _show,
    _read,
    after=rewrite_prices,
)
