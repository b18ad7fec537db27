"""Every answer of every address: security headers, a strict policy, cookies that cannot be read or carried off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config import Config
from shop import create_app
from shop.core import secrets
from shop.extensions import db, limiter
from tests.town import Town

WANTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": None,
    "Permissions-Policy": None,
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture(autouse=True)
def _no_throttle() -> Iterator[None]:
    limiter.enabled = False
    yield
    limiter.enabled = True


def directives(answer: TestResponse) -> dict[str, list[str]]:
    policy = answer.headers["Content-Security-Policy"]
    return {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}


def is_guarded(answer: TestResponse, path: str) -> None:
    what = f"{path} → {answer.status}"
    assert answer.headers.get("X-Content-Type-Options") == "nosniff", what
    if path.startswith("/media/") and answer.status_code == 404:  # a line of plain text, from before the shop
        assert answer.mimetype == "text/plain"
        return
    rules = directives(answer)
    if answer.mimetype not in ("text/html", "application/problem+json") and "sandbox" in rules:  # a file, not a page
        assert rules["default-src"] == ["'none'"] and "script-src" not in rules, what
        return
    for name, value in WANTED.items():
        assert name in answer.headers and (value is None or answer.headers[name] == value), (what, name)
    assert rules["default-src"] == ["'none'"] and rules["object-src"] == ["'none'"] and rules["base-uri"] == ["'none'"]
    assert rules["script-src"] == ["'self'"] and rules["style-src"] == ["'self'"], what
    assert rules["frame-ancestors"] == ["'none'"], what
    for sources in rules.values():
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"} & set(sources), what


def is_free_of_inline_code(answer: TestResponse, path: str) -> None:
    """What the policy would block must not be there in the first place."""
    if answer.mimetype != "text/html":
        return
    page = re.sub(r"<script[^>]*type=\"application/(ld\+)?json\"[^>]*>.*?</script>", "", answer.text, flags=re.S)
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", page), f"{path}: a script inside the page"
    assert "<style" not in page and not re.search(r"<[^>]+\sstyle=", page), f"{path}: a style inside the page"
    assert not re.search(r"<[^>]+\son[a-z]+=", page), f"{path}: a handler inside the page"
    assert "javascript:" not in page, path


def crawl(client: FlaskClient, start: list[str]) -> dict[str, TestResponse]:
    """Every page of ours that can be reached, one of each kind of product and collection page at least."""
    waiting, seen = list(start), {}
    while waiting and len(seen) < 150:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen[path] = answer = client.get(path)
        if answer.mimetype == "text/html":
            for link in re.findall(r'(?:href|src|action)="(/[^"#]*)"', answer.text):
                link = link.replace("&amp;", "&")
                if link not in seen and not link.startswith(("//", "/media/")):
                    waiting.append(link)
    return seen


def test_every_page_that_can_be_reached_is_guarded_and_free_of_inline_code(town: Town) -> None:
    client = town.app.test_client()
    order = town.paid_order()
    start = ["/", "/cart", f"/orders/{order.token}", "/checkout/return?session_id=cs_x", "/orders/find", "/contact",
             "/search?q=shirt", "/nothing-here", "/api/products", "/api/nothing", "/admin/sign-in", "/sitemap.xml",
             "/robots.txt", "/manifest.webmanifest", "/favicon.svg", "/brand.css", "/healthz", "/metrics"]  # fmt: skip
    pages = crawl(client, start)
    assert len(pages) > 60
    for path, answer in pages.items():
        is_guarded(answer, path)
        is_free_of_inline_code(answer, path)
        assert "Server" not in answer.headers or "Python" not in answer.headers["Server"]


def test_every_address_is_guarded_whatever_it_answers(town: Town) -> None:
    client = town.app.test_client()
    for rule in town.app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        for method in ("GET", "POST", "PUT", "OPTIONS", "HEAD"):
            answer = client.open(path, method=method, headers={"Sec-Fetch-Site": "same-origin"})
            is_guarded(answer, path)
        is_guarded(client.post(path, headers={"Origin": "https://evil.example"}), path)


def test_what_is_private_is_kept_by_nobody(town: Town) -> None:
    client = town.app.test_client()
    order = town.paid_order()
    for path in ("/cart", f"/orders/{order.token}", "/checkout/return?session_id=cs_x"):
        assert "no-store" in client.get(path).headers["Cache-Control"], path
    for path in ("/", "/collections", "/search?q=x"):
        assert client.get(path).headers.getlist("Set-Cookie") == [], f"{path} is the same for everyone"


@pytest.fixture
def secure_app(config: Config, app: Flask) -> Iterator[Flask]:
    made = create_app(replace(config, public_url="https://shop.example"))
    yield made
    with made.app_context():
        db.engine.dispose()
    secrets.load_keys(config.encryption_keys)


def cookies(answer: TestResponse) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in answer.headers.getlist("Set-Cookie"):
        for name, morsel in SimpleCookie(line).items():
            found[name] = {k: str(v) for k, v in morsel.items()}
    return found


def test_cookies_are_locked_to_the_shop(town: Town, secure_app: Flask) -> None:
    variant = town.a_shirt().id
    client = secure_app.test_client()
    https = {"Sec-Fetch-Site": "same-origin"}
    answers = [
        client.post("/cart/lines", data={"variant": variant}, headers=https, base_url="https://shop.example"),
        client.post("/cart/lines", data={"variant": "x"}, headers=https, base_url="https://shop.example"),
        client.get("/admin/sign-in", base_url="https://shop.example"),
        client.post("/checkout", headers=https, base_url="https://shop.example"),
    ]
    seen = {name: flags for answer in answers for name, flags in cookies(answer).items()}
    assert "__Host-cart" in seen and "__Host-session" in seen
    for name, flags in seen.items():
        assert flags["secure"], name
        assert flags["path"] == "/" and not flags["domain"], name
        assert flags["samesite"] in ("Lax", "Strict"), name
        if name != "cart_count":  # the page's script shows it; it says a number and nothing else
            assert name.startswith("__Host-") and flags["httponly"], name
    home = client.get("/", base_url="https://shop.example")
    assert "max-age=" in home.headers["Strict-Transport-Security"]
