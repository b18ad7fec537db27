"""Every address there is, with everything in it that an address can hold."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.admin.test_every_route import OPEN
from tests.bad_input.hostile import SEGMENTS, TEXTS, is_civil, ours, rows
from tests.town import Town

QUERIES = (
    "page", "q", "sort", "type", "color", "size", "price", "price_min", "price_max", "collection", "variant", "exact",
    "session_id", "order", "next", "lang", "currency", "sent", "v", "from", "to", "status", "kind", "row", "offset",
)  # fmt: skip


@pytest.fixture
def client(town: Town) -> FlaskClient:
    return town.app.test_client()


def rules(app: Flask, method: str = "GET") -> list[Rule]:
    return [r for r in app.url_map.iter_rules() if method in (r.methods or ())]


def filled(rule: Rule, segment: str) -> str:
    return re.sub(r"<[^>]+>", lambda _: segment, rule.rule)


def test_no_path_breaks_a_page(client: FlaskClient, town: Town) -> None:
    before = rows()
    for rule in rules(town.app):
        if rule.arguments:
            for segment in SEGMENTS:
                is_civil(client.get(filled(rule, segment)), (rule.rule, segment))
    for segment in SEGMENTS:
        is_civil(client.get(f"/{segment}"), segment)
        is_civil(client.get(f"/static/{segment}"), segment)
        is_civil(client.get(f"/media/{segment}"), segment)
    assert rows() == before


def test_no_query_breaks_a_page(client: FlaskClient, town: Town) -> None:
    before = rows()
    values = [quote(value[:2000], safe="") for value in TEXTS[2::3]] + ["%ff", "%00", "%", "%zz", "1" * 40]
    pages = [r for r in rules(town.app) if not r.rule.startswith("/admin")]
    for rule in pages:
        path = filled(rule, "1")
        is_civil(client.get(f"{path}?{'&'.join(f'{name}=%00%ff' for name in QUERIES)}"), rule.rule)
        is_civil(client.get(f"{path}?{'a=1&' * 2000}"), rule.rule)
    for path in ("/search", "/search/suggest", "/collections/tees", "/checkout/return", "/api/checkout/success",
                 "/api/products", "/contact", "/cart"):  # fmt: skip
        for name in QUERIES[:17]:
            for value in values:
                is_civil(client.get(f"{path}?{name}={value}"), (path, name, value[:40]))
    assert rows() == before


def test_every_admin_address_asks_a_stranger_to_sign_in(client: FlaskClient, town: Town) -> None:
    for method in ("GET", "POST"):
        for rule in rules(town.app, method):
            if not rule.rule.startswith("/admin") or rule.endpoint in OPEN:
                continue
            answer = client.open(filled(rule, "1"), method=method, headers=ours())
            is_civil(answer, rule.rule)
            assert answer.status_code in (302, 303, 400, 401, 403, 404), (method, rule.rule, answer.status_code)
            if answer.status_code in (302, 303):
                assert answer.headers["Location"].startswith("/admin/sign-in"), rule.rule


def test_an_address_answers_only_what_it_is_for(client: FlaskClient, town: Town) -> None:
    before = rows()
    addresses = town.app.url_map.bind("localhost")
    for rule in rules(town.app, "POST"):
        path = re.sub(r"<[^>]+>", "1", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule))
        if not addresses.test(path, method="GET"):  # "/orders/bulk" is an order's address too
            assert client.get(path).status_code == 405, rule.rule
    for rule in rules(town.app):
        for method in ("PUT", "DELETE", "PATCH"):
            if rule.rule.startswith("/api/v1/") and addresses.test(filled(rule, "1"), method=method):
                continue
            answer = client.open(filled(rule, "1"), method=method, headers=ours())
            assert answer.status_code in (404, 405), (method, rule.rule, answer.status_code)
        assert client.open(filled(rule, "1"), method="TRACE").status_code in (404, 405), rule.rule
    assert rows() == before


HOSTS = ("evil.example", "https://evil.example", "//evil.example/x", r"\\evil.example", "/\\evil.example", "/%09/evil.example",
         "javascript:alert(1)", "http:evil.example", "%2f%2fevil.example", "/./evil.example/..//evil.example", "@evil.example")  # fmt: skip


def test_no_answer_sends_anybody_to_another_site(client: FlaskClient, town: Town) -> None:
    names = ("next", "url", "return", "return_to", "redirect", "continue", "session_id", "product")
    for target in HOSTS:
        found = []
        for path in ("/cart", "/admin/sign-in", "/checkout/return", "/contact", "/orders/find", "/search"):
            for name in names:
                found.append(client.get(f"{path}?{name}={target}"))
        for path in ("/cart/lines", "/cart/note", "/cart/destination", "/checkout", "/orders/find", "/contact",
                     "/admin/sign-in"):  # fmt: skip
            for name in names:
                headers = {**ours(), "Referer": target}
                found.append(client.post(f"{path}?{name}={target}", data={name: target}, headers=headers))
        for path in (f"//{target}", f"/{target}/", f"///{target}", f"/cart//{target}"):
            found.append(client.get("/", environ_overrides={"PATH_INFO": path}))
        for answer in found:
            where = answer.headers.get("Location", "").removeprefix("http://localhost")
            assert not where or (where.startswith("/") and not where.startswith(("//", "/\\"))), where


def test_a_foreign_host_header_reaches_no_link(client: FlaskClient, town: Town) -> None:
    for path in ("/", "/cart", "/sitemap.xml", "/robots.txt", "/contact", "/orders/find"):
        page = client.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert "evil.example" not in page.text, path
