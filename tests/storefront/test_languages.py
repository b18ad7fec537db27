"""Languages by address: the main one without a prefix, the others behind two letters, nothing else in between."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from shop.catalog.models import Variant
from shop.core.languages import has_language, path_in, split_path
from shop.core.transaction import transaction
from shop.extensions import db
from shop.language_paths import in_language
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from tests.catalog_reading.goods import stock

PAGES = ("/", "/search", "/collections", "/products/quiet-fox-tee", "/cart", "/orders/find", "/contact",
         "/account/sign-in", "/account/register", "/pages/about")  # fmt: skip
LINKS = re.compile(r' (?:href|action|hx-get|hx-post)="(/[^"]*)"')


def speak(*codes: str) -> None:
    with transaction() as session:
        session.query(StoreProfile).one().languages = list(codes)
        profile.touch_settings(session)
    profile.forget()


@pytest.fixture
def client(app) -> FlaskClient:
    stock()
    speak("fr", "de")
    return app.test_client()


def test_a_path_has_one_language() -> None:
    assert split_path("/fr/cart") == ("fr", "/cart") and split_path("/fr/") == ("fr", "/")
    assert split_path("/frames") == (None, "/frames") and split_path("/it/cart") == (None, "/it/cart")
    assert path_in("/cart", "fr", "en") == "/fr/cart" and path_in("/cart", "en", "en") == "/cart"
    for path in ("/admin/", "/api/v1/orders", "/static/x.css", "/media/a.webp", "//evil.example", "/fr/cart", "cart"):
        assert not has_language(path) and path_in(path, "de", "en") == path, path


def test_addresses_of_buyers_pages_get_the_language_and_others_do_not() -> None:
    html = (
        '<a href="/cart"><a href="/"><form action="/cart/lines" hx-post="/cart/lines"><a href="/search?q=x">'
        '<a href="/admin/"><link href="/static/a.css"><a href="//x"><a href="/de/cart"><a href=\'/cart\'>'
        '<a href="/sitemap.xml"><input value="/cart"><a href="/entry"><a href="https://x/cart"><img src="/media/a">'
    )
    assert in_language(html, "fr") == (
        '<a href="/fr/cart"><a href="/fr/"><form action="/fr/cart/lines" hx-post="/fr/cart/lines">'
        '<a href="/fr/search?q=x"><a href="/admin/"><link href="/static/a.css"><a href="//x"><a href="/de/cart">'
        '<a href=\'/cart\'><a href="/sitemap.xml"><input value="/cart"><a href="/fr/entry">'
        '<a href="https://x/cart"><img src="/media/a">'
    )


def test_every_page_exists_in_every_language_and_stays_in_it(client: FlaskClient) -> None:
    for code in ("fr", "de"):
        for path in PAGES:
            answer = client.get(f"/{code}{path}")
            assert answer.status_code == 200, path
            assert f'<html lang="{code}"' in answer.text, path
            lost = [url for url in LINKS.findall(answer.text) if has_language(url)]
            assert lost == [], (path, lost)


def test_what_is_not_offered_is_not_there(client: FlaskClient) -> None:
    for path in ("/es/", "/en/", "/en/cart", "/it/", "/fr/admin/", "/fr/api/v1/orders", "/fr/static/css/base.css",
                 "/fr/robots.txt", "/fr/fr/", "/fr/nowhere", "/fr/healthz"):  # fmt: skip
        assert client.get(path).status_code == 404, path
    bare = client.get("/fr?x=1")
    assert (bare.status_code, bare.headers["Location"]) == (308, "/fr/?x=1")


def test_search_engines_are_told_of_all_languages(client: FlaskClient) -> None:
    for path in ("/products/quiet-fox-tee", "/fr/products/quiet-fox-tee"):
        page = client.get(path).text
        found = dict(re.findall(r'<link rel="alternate" hreflang="([a-z-]+)" href="[^"/]*//[^/]+(/[^"]*)"', page))
        own = "/products/quiet-fox-tee"
        assert found == {"en": own, "fr": "/fr" + own, "de": "/de" + own, "x-default": own}
        assert re.search(r'rel="canonical" href="[^"/]*//[^/]+([^"]*)"', page)[1] == path
    assert 'property="og:locale" content="fr_FR"' in page
    sitemap = client.get("/sitemap.xml").text
    assert "/fr/products/quiet-fox-tee</loc>" in sitemap and 'hreflang="x-default"' in sitemap
    speak()
    assert "hreflang" not in client.get("/products/quiet-fox-tee").text
    assert "hreflang" not in client.get("/sitemap.xml").text


def test_the_switcher_leads_to_this_page_in_the_others(client: FlaskClient) -> None:
    page = client.get("/fr/search?q=fox&page=1").text
    assert "href='/search?page=1&amp;q=fox'" in page and "href='/de/search?page=1&amp;q=fox'" in page
    assert '<span aria-current="true">Français</span>' in page


def test_redirects_stay_in_the_language(client: FlaskClient) -> None:
    assert client.get("/fr/account").headers["Location"].startswith("/fr/account/sign-in")
    goods = {"product": "quiet-fox-tee", "variant": str(db.session.query(Variant.id).first()[0]), "quantity": "1"}
    answer = client.post("/fr/cart/lines", data=goods)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/fr/cart")


def test_each_language_is_kept_by_itself(client: FlaskClient) -> None:
    first, english = client.get("/fr/search"), client.get("/search")
    assert first.headers["ETag"] != english.headers["ETag"]
    again = client.get("/fr/search", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and "X-Request-Id" not in again.headers
    speak("de")
    assert client.get("/fr/search").status_code == 404


def test_a_shop_of_another_main_language_keeps_its_addresses_plain(client: FlaskClient) -> None:
    with transaction() as session:
        session.query(StoreProfile).one().locale = "de"
        profile.touch_settings(session)
    db.session.remove()
    profile.forget()
    assert '<html lang="de"' in client.get("/search").text
    assert client.get("/de/search").status_code == 404
