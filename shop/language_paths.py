"""The language in front of an address: taken off before the page is looked for, put back into what is answered.

Views, templates and merchants write addresses without a language ("/cart"). A request for /fr/cart reaches the view of
/cart with `g.locale` "fr"; in its answer every address of a buyer's page gets /fr in front, so a buyer stays in their
language whatever they press. The main language pays nothing for this; the others one pass over a page that is then
kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from shop.core.languages import LOCALES, WITHOUT, has_language, split_path
from shop.errors import NotFound
from shop.tenancy.languages import store_languages
from shop.words import mark

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEY = "imprint.language"
#: blueprints that have no language
SILENT = frozenset({None, "admin", "api", "webhooks", "health"})
_HEADERS = ("Location", "HX-Redirect", "HX-Push-Url", "HX-Replace-Url", "HX-Location")
#: an address in double quotes; a template that means another language writes single ones. It begins with a plain text,
#: which the engine looks for fast: a third of a millisecond for 140 kB, a seventh of the obvious pattern.
_NAMES = (" href", " action", " formaction", " hx-get", " hx-post")
_ADDRESS = re.compile(
    '="/(?:' + "|".join(f'(?<={name}="/)' for name in _NAMES) + ")"
    "(?!/|sitemap-|(?:" + "|".join(map(re.escape, WITHOUT)) + ')(?:[/"?#]))'
)


class LanguagePaths:
    """WSGI: /fr/… goes on as /… with its language noted beside it."""

    def __init__(self, inner: WSGIApplication) -> None:
        self.inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path[3:4] == "/" and path[1:3] in LOCALES:
            environ[KEY], environ["PATH_INFO"] = split_path(path)
        elif len(path) == 3 and path[1:] in LOCALES:
            query = environ.get("QUERY_STRING", "")
            start_response("308 Permanent Redirect", [("Location", f"{path}/" + (f"?{query}" if query else "")),
                                                      ("Content-Length", "0")])  # fmt: skip
            return []
        return self.inner(environ, start_response)


def init_app(app: Flask) -> None:
    app.before_request(choose)
    app.after_request(put_back)


def choose() -> None:
    """A language the store does not offer, or in front of what has none, is no address of ours."""
    locale = request.environ.get(KEY)
    g.locale = g.prefix = None
    if locale is None:
        return
    if request.blueprint in SILENT or not has_language(request.path) or locale not in store_languages()[1:]:
        raise NotFound(mark("This page does not exist."))
    g.locale = g.prefix = locale


def put_back(response: Response) -> Response:
    prefix = g.get("prefix")
    if prefix is None:
        return response
    for name in _HEADERS:
        if name in response.headers:
            response.headers[name] = _moved(response.headers[name], prefix)
    if response.mimetype == "text/html" and not response.direct_passthrough:
        response.set_data(in_language(response.get_data(as_text=True), prefix))
    return response


def in_language(html: str, prefix: str) -> str:
    """Every address of a buyer's page in this HTML, with its language in front."""
    return _ADDRESS.sub(f'="/{prefix}/', html)


def _moved(url: str, prefix: str) -> str:
    """The same for one address; absolute ones where they are ours."""
    start = request.host_url.rstrip("/") if url.startswith(request.host_url) else ""
    path = url[len(start):]
    return f"{start}/{prefix}{path}" if has_language(path) else url
