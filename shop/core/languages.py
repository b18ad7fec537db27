"""The languages the shop can speak, and how an address says which one is meant: /products/x, /fr/products/x.

The store's main language has no prefix; the others it offers have their two letters in front. Only what a buyer opens
has a language: files, the panel, the API and what machines read do not.
"""

from __future__ import annotations

from collections.abc import Sequence

LOCALES = ("en", "fr", "de", "es")
NAMES = {"en": "English", "fr": "Français", "de": "Deutsch", "es": "Español"}
#: for og:locale
REGIONS = {"en": "en_US", "fr": "fr_FR", "de": "de_DE", "es": "es_ES"}
#: first parts of paths that are the same in every language
WITHOUT = ("static", "media", "admin", "api", "webhooks", "healthz", "readyz", "metrics", "brand.css",
           "robots.txt", "sitemap.xml", "favicon.svg", "favicon.ico", "manifest.webmanifest", *LOCALES)  # fmt: skip


def spoken(locale: str | None, others: str = "en") -> str:
    """The language of a locale when the shop speaks it: spoken("fr-CA") -> "fr", spoken("it") -> "en"."""
    code = (locale or "")[:2].lower()
    return code if code in LOCALES else others


def split_path(path: str) -> tuple[str | None, str]:
    """("fr", "/cart") for "/fr/cart"; (None, path) where no language stands in front."""
    if path[3:4] == "/" and path[:1] == "/" and path[1:3] in LOCALES:
        return path[1:3], path[3:]
    return None, path


def has_language(path: str) -> bool:
    """Is this path one of a buyer's pages, still without a language?"""
    if path[:1] != "/" or path[:2] == "//":
        return False
    first = path[1:].split("?", 1)[0].split("#", 1)[0].split("/", 1)[0]
    return first not in WITHOUT and not first.startswith("sitemap-")


def path_in(path: str, locale: str, main: str) -> str:
    """The path in a language: path_in("/cart", "fr", "en") -> "/fr/cart"; unchanged for the main one."""
    return path if locale == main or not has_language(path) else f"/{locale}{path}"


def offered(main: str, chosen: Sequence[str]) -> tuple[str, ...]:
    """Every language pages exist in, the main one first."""
    return (main, *(code for code in LOCALES if code in chosen and code != main))
