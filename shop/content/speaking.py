"""One text in several languages: the row's columns hold the store's own, `translations` the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text_in(locale: str, name: str, own: str, translations: Mapping[str, Any]) -> str:
    """The text called `name` in this language, else the store's own."""
    told = translations.get(locale)
    found = told.get(name) if isinstance(told, Mapping) else None
    return found if isinstance(found, str) and found else own


def with_texts(translations: Mapping[str, Any], locale: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """A copy of `translations` where this language says `texts`; empty texts are left out, an empty language too."""
    kept = {name: text for name, text in texts.items() if text}
    others = {key: value for key, value in translations.items() if key != locale}
    return {**others, locale: kept} if kept else others
