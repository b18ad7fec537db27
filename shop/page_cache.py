"""Whole pages, kept: anonymous storefront pages are the same for everyone, so they are answered before Flask wakes up.

A view says `allow()`; the page is then kept under store, versions of catalogue and settings, language, currency, path,
known parameters and whether a fragment was asked for: first in this process (bounded), then in Redis. A committed
change raises a version, so it is seen by every worker within a second, and nothing has to be thrown away. Redis down:
pages are made again. Database down: what is kept is still served.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from flask import Flask, request
from flask.globals import request_ctx
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config import Config
from shop.core.build import build_key
from shop.core.redis import RedisDoor
from shop.core.scope import current_store, scoped_key
from shop.extensions import db
from shop.insights.visits import VisitCounter
from shop.kept_pages import KeptPage, ProcessShelf, RedisShelf
from shop.language_paths import KEY as LANGUAGE
from shop.language_paths import LanguagePaths
from shop.page_answers import answer, capture, compress_dynamic
from shop.storefront.currency import NOTED, asked_for
from shop.storefront.statics import Files
from shop.tenancy.currencies import offered
from shop.tenancy.profile import current_profile, on_forget, versions_at

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROCESS_BYTES = 8 * 1024 * 1024
MAX_QUERY_STRING = 2000
MAX_PAIRS = 60

_LIST = frozenset({"type", "color", "size", "collection", "price_min", "price_max", "sort", "page"})
_SEARCH = _LIST | {"q", "exact"}
_REVIEWS = frozenset({"stars", "sort", "page"})
_OPTION = re.compile(r"^option\.[a-z0-9-]{1,60}$")
Known = Callable[[str], bool]
#: beginning of a path → which parameters may change the page
_PATHS: tuple[tuple[str, Known], ...] = (
    ("/products/", lambda key: key == "variant" or _OPTION.match(key) is not None),
    ("/collections", lambda key: key in _LIST),
    ("/search", lambda key: key in _SEARCH),
    ("/pages/", lambda key: False),
    ("/sitemap", lambda key: False),
)
_FILES = frozenset({"/brand.css", "/robots.txt", "/favicon.svg", "/favicon.ico", "/manifest.webmanifest"})
_EXACT = _FILES | {"/"}


def init_app(app: Flask) -> None:
    """Stand in front of the app: files first, then kept pages, then Flask. `PAGE_CACHE=False` keeps no page."""
    cache = PageCache(app, app.wsgi_app)
    app.extensions["imprint.page_cache"] = cache
    app.wsgi_app = Files(LanguagePaths(cache), app)  # type: ignore[method-assign]


def allow(*, shared: bool = True) -> None:
    """Called by a view once its page is made: it is the same for every visitor. A view or template that looked at the
    session is not believed. `shared=False` leaves Redis out: pages of many combinations (filters, search) are worth
    keeping only where they are hot."""
    opened = getattr(request_ctx, "_session", None)  # the property `session` would count as looking at it
    if not getattr(opened, "accessed", False):
        request.environ["imprint.cacheable"] = "shared" if shared else "here"


def wants_fragment(environ: WSGIEnvironment) -> bool:
    """Does this request ask for a block of the page? Boosted links and history restores want all of it."""
    return (
        "HTTP_HX_REQUEST" in environ
        and "HTTP_HX_BOOSTED" not in environ
        and "HTTP_HX_HISTORY_RESTORE_REQUEST" not in environ
    )


def known_parameters(path: str) -> Known | None:
    """Which parameters may change this page; None: the path is never kept."""
    if path in _EXACT:
        return lambda key: False
    if path.startswith("/products/") and path.endswith("/reviews"):
        return _REVIEWS.__contains__
    for start, known in _PATHS:
        if path.startswith(start):
            return known
    return None


def normalise(query_string: str, known: Known) -> str:
    """Known parameters only, each pair once, in order: one page, one key, whatever order or extra they come with."""
    if not query_string:
        return ""
    pairs = parse_qsl(query_string[:MAX_QUERY_STRING], errors="replace", max_num_fields=None)
    return urlencode(sorted({(k, v) for k, v in pairs[:MAX_PAIRS] if v and known(k)}))


class PageCache:
    """The WSGI layer that keeps pages. It asks Flask for nothing when it has the answer."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self.app, self.inner = app, inner
        self.on = bool(app.config.get("PAGE_CACHE", True))
        config: Config = app.config["IMPRINT"]
        self.build = build_key(config.public_url, config.media_url)
        self.here = ProcessShelf(PROCESS_BYTES)
        self.visits = VisitCounter(app.extensions.get("imprint.redis"))
        self._offered: tuple[str, tuple[str, ...]] = ("", ())
        on_forget(self.forget)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return compress_dynamic(self.inner, environ, start_response)
        path = environ.get("PATH_INFO", "")
        known = known_parameters(path)
        if known is None or environ.get("SCRIPT_NAME"):
            return compress_dynamic(self.inner, environ, start_response)
        environ["imprint.page"] = True
        if path not in _FILES and not path.startswith("/sitemap"):
            self.visits.note(environ)
        environ[NOTED] = asked = asked_for(environ)
        environ["QUERY_STRING"] = query = normalise(environ.get("QUERY_STRING", ""), known)
        version = self._version() if self.on else None
        if version is None:
            return compress_dynamic(self.inner, environ, start_response)
        way = f"{int(wants_fragment(environ))}|{environ.get(LANGUAGE, '')}|{self._currency(asked, version)}"
        key = f"{self.build}|{version}|{way}|{path}|{query}"
        page = self.here.get(key)
        if page is None:
            page = self._shared().get(key)
            if page is not None:
                self.here.put(key, page)
        if page is None:
            return self._make(key, environ, start_response)
        return answer(page, environ, start_response)

    def forget(self) -> None:
        """Drop this process's pages."""
        self.here.clear()
        self._offered = ("", ())

    def _make(self, key: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        environ["REQUEST_METHOD"] = "GET"  # a page asked for by HEAD is kept whole
        conditional = {n: environ.pop(n, None) for n in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")}
        status, headers, body = capture(self.inner, environ)
        environ["REQUEST_METHOD"] = method
        if conditional["HTTP_IF_NONE_MATCH"]:
            environ["HTTP_IF_NONE_MATCH"] = conditional["HTTP_IF_NONE_MATCH"]
        keep = environ.get("imprint.cacheable")
        if not keep or not status.startswith("200") or any(name.lower() == "set-cookie" for name, _ in headers):
            return compress_dynamic(_ready(status, headers, body), environ, start_response)
        page = KeptPage.made(headers, body)
        result = answer(page, environ, start_response)
        self.here.put(key, page)
        if keep == "shared" and page.packed is not None:
            self._shared().put(key, page)
        return result

    def _shared(self) -> RedisShelf:
        door: RedisDoor | None = self.app.extensions.get("imprint.redis")
        return RedisShelf(door, scoped_key("page"))

    def _currency(self, asked: str, version: str) -> str:
        """A currency that pages are made in, or "" for the store's own: whatever is asked for, there are no more pages
        than currencies."""
        if not asked:
            return ""
        if self._offered[0] != version:
            with self.app.app_context():
                self._offered = (version, offered(current_profile())[1:])
        return asked if asked in self._offered[1] else ""

    def _version(self) -> str | None:
        """store@database and both versions; None when nothing is known and the database is down."""
        where = f"{current_store()}@{self.app.config['DATABASE_KEY']}"
        try:
            versions = versions_at(where, self._find_engine)
        except SQLAlchemyError:
            return None
        return f"{where}|{versions.catalog}|{versions.settings}"

    def _find_engine(self) -> Engine:
        with self.app.app_context():
            return db.engine


def _ready(status: str, headers: list[tuple[str, str]], body: bytes) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    return app
