"""The form of a newsletter: what is stored as text, and what was typed as columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.admin import reading_forms as read
from shop.catalog.models import Product
from shop.content.html import clean_page, has_words
from shop.core import clock
from shop.core.languages import NAMES
from shop.errors import InvalidInput
from shop.subscribers.campaigns import MOST_PRODUCTS
from shop.subscribers.models import Campaign
from shop.tenancy.languages import store_languages

MOST_CHARS = 30_000


def names_of() -> dict[str, str]:
    """{field: its label}, in the order of the form."""
    fields = {"title": "Name"}
    for locale in store_languages():
        fields[f"subject_{locale}"] = f"Subject ({NAMES[locale]})"
        fields[f"body_{locale}"] = f"Text ({NAMES[locale]})"
    return {**fields, "products": "Products"}


def fill(session: Session, row: Campaign | None) -> dict[str, str]:
    values = dict.fromkeys(names_of(), "")
    if row is None:
        return values
    values["title"] = row.title
    for locale in store_languages():
        texts = (row.texts or {}).get(locale) or {}
        values[f"subject_{locale}"] = str(texts.get("subject") or "")
        values[f"body_{locale}"] = str(texts.get("body_html") or "")
    chosen = session.execute(select(Product.id, Product.slug).where(Product.id.in_(row.product_ids)))
    slugs = {each.id: each.slug for each in chosen}
    values["products"] = ", ".join(slugs[i] for i in row.product_ids if i in slugs)
    return values


def typed_in(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form.get(name, "").replace("\0", "")[: MOST_CHARS * 2] for name in names_of()}


def read_columns(session: Session, typed: Mapping[str, str], kept: Mapping[str, Any]) -> dict[str, Any]:
    """title, texts, product_ids. `kept`: texts in languages that the store does not offer now stay. Raises InvalidInput
    with the field's name."""
    errors: dict[str, str] = {}
    texts = {locale: dict(found) for locale, found in kept.items()}
    title = ""
    try:
        title = read.text(typed, "title", "The name", 120)
    except InvalidInput as error:
        errors |= error.fields
    for locale in store_languages():
        subject, body = typed.get(f"subject_{locale}", ""), typed.get(f"body_{locale}", "")
        try:
            subject = read.text(typed, f"subject_{locale}", "The subject", 150, required=False)
        except InvalidInput as error:
            errors |= error.fields
        if len(body) > MOST_CHARS:
            errors[f"body_{locale}"] = f"The text is too long: at most {MOST_CHARS:,} signs of HTML."
        html = clean_page(body)
        texts[locale] = {"subject": subject, "body_html": html if has_words(html) else ""}
    ids: list[int] = []
    try:
        ids = _products(session, typed.get("products", ""))
    except InvalidInput as error:
        errors |= error.fields
    if errors:
        raise InvalidInput(fields=errors)
    return {"title": title, "texts": texts, "product_ids": ids, "changed_at": clock.now()}


def _products(session: Session, typed: str) -> list[int]:
    """By the last part of their addresses, in this order."""
    parts = list(dict.fromkeys(typed.replace(",", " ").lower().split()))
    if len(parts) > MOST_PRODUCTS:
        raise InvalidInput(fields={"products": f"At most {MOST_PRODUCTS} products."})
    named = [part.split("?")[0].rstrip("/").rpartition("/")[2][:160] for part in parts]
    rows = session.execute(select(Product.slug, Product.id).where(Product.slug.in_(named), Product.status == "active"))
    found: dict[str, int] = {row.slug: row.id for row in rows}
    unknown = next((name for name in named if name not in found), None)
    if unknown is not None:
        raise InvalidInput(fields={"products": f"No product in the shop has the address “{unknown[:60]}”."})
    return [found[name] for name in named]


def read_moment(form: Mapping[str, str], name: str) -> datetime | None:
    """UTC, as the browser's field writes it; None where it is empty."""
    raw = form.get(name, "").strip()
    if not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw[:19]).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput("Write the time like 2026-12-01T09:00.") from error
    if moment.year > clock.now().year + 2:
        raise InvalidInput("That is too far away.")
    return moment
