"""Words and slugs: the same folding when a product is written down and when a visitor searches for it."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

MAX_QUERY = 100
MAX_QUERY_WORDS = 8

_TAG = re.compile(r"<[^>]{0,2000}>")
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
#: PostgreSQL's text search configuration by language; others are searched as written
_CONFIGS = {
    "en": "english",
    "fr": "french",
    "de": "german",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "sv": "swedish",
    "da": "danish",
    "fi": "finnish",
    "no": "norwegian",
}


def search_config(locale: str) -> str:
    """The text search configuration of a store's language: search_config("fr_CA") -> "french"."""
    return _CONFIGS.get(locale[:2].lower(), "simple")


def fold(text: str) -> str:
    """Lower case without accents: fold("Crème Brûlée") -> "creme brulee". Ours, since unaccent is not to be had."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


def plain_text(markup: str, limit: int = 20_000) -> str:
    """HTML without its tags, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", markup[: limit * 2])).split())[:limit].replace("\0", "")


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(fold(text))


def clean_query(raw: str | None) -> str:
    """What a visitor typed, bounded: no control characters, one line, 100 characters."""
    if not raw:
        return ""
    text = "".join(c if c.isprintable() else " " for c in raw[: MAX_QUERY * 4])
    return " ".join(text.split())[:MAX_QUERY].strip()


@lru_cache(maxsize=4096)
def slug_of(title: str) -> str:
    """slug_of("Heather Grey") -> "heather-grey"; a title without letters or digits keeps a stable stand-in."""
    slug = _NOT_SLUG.sub("-", fold(title)).strip("-")[:60].strip("-")
    return slug or "x" + title.encode().hex()[:20]
