"""Texts of products and collections in other languages, beside the originals; what is not translated falls back.

They are kept in the row they belong to: {locale: {field: text, "from": {field: mark of the original then}}}. A mark
that differs from today's original says that the original changed since. Words that many products share (a type, the
name of an option, a colour) are translated once for all of them, in `catalog_words`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.catalog.models import CatalogWord, Collection, Product

MOST_WORDS = 500
MOST_CHARS = 120

#: field → (what it is called, most characters, column of the original); html is cleaned as the original is
PRODUCT_FIELDS = {
    "title": ("Title", 300, "title"),
    "html": ("Description", 60_000, "description_html"),
    "seo_title": ("Title for search engines", 200, "seo_title"),
    "seo_description": ("Description for search engines", 400, "seo_description"),
}
COLLECTION_FIELDS = {
    "title": ("Title", 200, "title"),
    "html": ("Description", 60_000, "description_html"),
}
FIELDS: dict[type[Product] | type[Collection], dict[str, tuple[str, int, str]]] = {
    Product: PRODUCT_FIELDS,
    Collection: COLLECTION_FIELDS,
}


def originals(row: Product | Collection) -> dict[str, str]:
    """{field: text of the store's main language}"""
    return {name: str(getattr(row, column) or "") for name, (_, _, column) in FIELDS[type(row)].items()}


def told(row: Product | Collection, locale: str) -> dict[str, str]:
    """{field: text in this language, empty where there is none}"""
    mine = row.translations.get(locale) or {}
    return {name: str(mine.get(name) or "") for name in FIELDS[type(row)]}


def outdated(row: Product | Collection, locale: str) -> set[str]:
    """Translated fields whose original changed since."""
    mine = row.translations.get(locale) or {}
    marks = mine.get("from") or {}
    return {name for name, text in originals(row).items() if mine.get(name) and marks.get(name) != mark_of(text)}


def write_texts(row: Product | Collection, locale: str, texts: Mapping[str, str]) -> None:
    """Say `texts` in this language from now on; empty ones fall back. The caller rebuilds, touches and commits."""
    kept: dict[str, Any] = {name: text for name, text in texts.items() if text}
    others = {code: value for code, value in row.translations.items() if code != locale}
    if kept:
        now = originals(row)
        kept["from"] = {name: mark_of(now[name]) for name in kept}
        others[locale] = kept
    row.translations = others


def mark_of(text: str) -> str:
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:12]


def texts_for_pages(translations: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What cards and documents carry with them: no marks, nothing empty."""
    return {
        locale: {name: text for name, text in mine.items() if name != "from" and text}
        for locale, mine in translations.items()
        if isinstance(mine, Mapping)
    }


# -- words


def words_in_use(products: Sequence[Any]) -> list[str]:
    """Types, names of options and their values, each once; sizes are numbers and letters in every language."""
    found: dict[str, None] = {}
    for product in products:
        if product.product_type:
            found[product.product_type] = None
        for option in product.options:
            found[option["name"]] = None
            if option.get("kind") != "size":
                found.update(dict.fromkeys(v["title"] for v in option["values"]))
    return [word for word in found if word and len(word) <= MOST_CHARS]


def write_words(session: Session, locale: str, words: Mapping[str, str]) -> None:
    """Say these words so in this language; empty ones fall back. The caller rebuilds, touches and commits."""
    rows = session.execute(select(CatalogWord).where(CatalogWord.word.in_(words)).with_for_update()).scalars()
    known = {row.word: row for row in rows}
    for word, text in words.items():
        row = known.get(word)
        if row is not None:
            others = {code: value for code, value in row.translations.items() if code != locale}
            row.translations = {**others, locale: text} if text else others
        elif text:
            session.execute(
                insert(CatalogWord)
                .values(word=word, translations={locale: text})
                .on_conflict_do_nothing(index_elements=["word"])
            )
