"""The same page in the other languages: the switcher's links, and what search engines read."""

from __future__ import annotations

from flask import current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from shop.core.languages import NAMES, has_language, path_in, split_path
from shop.tenancy.languages import store_languages


def _known() -> tuple[str, ...]:
    """Never fails: error pages have a footer too."""
    try:
        return store_languages()
    except (SQLAlchemyError, RuntimeError):
        return ()


def other_languages() -> list[tuple[str, str, str]]:
    """(code, its own name, this page's address in it), every language of the store; empty where there is one."""
    known = _known()
    if len(known) < 2:
        return []
    path = _readable_path()
    return [(code, NAMES[code], path_in(path, code, known[0])) for code in known]


def _readable_path() -> str:
    """This page's path without its language; the home page where it answers a form and cannot be opened by a link."""
    if not has_language(request.path):
        return "/"
    if request.method in ("GET", "HEAD"):
        query = request.query_string.decode("ascii", "ignore")
        return request.path + (f"?{query}" if query else "")
    try:
        current_app.url_map.bind("").match(request.path, "GET")
    except HTTPException:
        return "/"
    return request.path


def alternates(canonical_url: str) -> list[tuple[str, str]]:
    """(hreflang, address) of this page in each language, and x-default; empty where there is one language."""
    known = _known()
    base = current_app.config["IMPRINT"].public_url.rstrip("/")
    if len(known) < 2 or not canonical_url.startswith(base + "/"):
        return []
    path = split_path(canonical_url[len(base) :])[1]
    found = [(code, base + path_in(path, code, known[0])) for code in known]
    return [*found, ("x-default", base + path)]
