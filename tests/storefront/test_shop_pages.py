from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from flask.testing import FlaskClient

from shop.catalog.models import Collection
from shop.core.transaction import transaction
from shop.extensions import db
from shop.storefront import seo
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from tests.catalog_reading.goods import counted_statements, stock

LIST_MOST, PRODUCT_MOST = 4, 5


@pytest.fixture
def client(app) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def sea(app) -> str:
    with transaction() as session:
        session.add(Collection(slug="sea", title="By the <sea>", description_html="<p>Salt &amp; wind</p>"))
        profile.touch_catalog(session)
    return "sea"


def data_of(html: str) -> Any:
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)[1])


def test_every_page_answers(client: FlaskClient, sea: str) -> None:
    stock(collection=sea, pictures=2)
    for path in ("/", "/collections", "/collections/sea", "/products/quiet-fox-tee", "/search", "/search?q=fox",
                 "/search?q=foks", "/search/suggest?q=qu", "/pages/about", "/sitemap.xml", "/robots.txt", "/brand.css",
                 "/favicon.svg", "/favicon.ico", "/manifest.webmanifest"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert "Set-Cookie" not in answer.headers, path


def test_an_empty_shop_answers_too(client: FlaskClient) -> None:
    for path in ("/", "/collections", "/search", "/search?q=fox", "/search/suggest?q=fo", "/sitemap.xml"):
        assert client.get(path).status_code == 200, path


def test_what_is_not_there_is_a_404_in_the_shops_look(client: FlaskClient) -> None:
    for path in ("/products/none", "/collections/none", "/pages/none", "/nowhere", "/sitemap-9.xml", "/sitemap-x.xml",
                 "/products/%00", "/products/" + "x" * 500, "/collections/%FF%FE"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "Fern" in answer.text, path


def test_hostile_addresses_get_a_page(client: FlaskClient, sea: str) -> None:
    stock(collection=sea)
    for query in ("q=" + "x" * 10_000, "q=%00", "q=%FF%FE", "q=%27%22%3B--", "page=-1", "page=9999999", "sort=evil",
                  "color=" + "a" * 5000, "price_min=1e999999999", "&".join(f"color=c{n}" for n in range(500)),
                  "q=%3Cscript%3Ealert(1)%3C/script%3E", "type[]=1", "=&&=%"):  # fmt: skip
        for path in ("/search", "/collections/sea", "/search/suggest"):
            answer = client.get(f"{path}?{query}")
            assert answer.status_code == 200, (path, query[:60])
            assert "<script>alert" not in answer.text


def test_a_list_costs_four_statements_and_a_product_five_at_most(client: FlaskClient, sea: str) -> None:
    for n in range(30):
        stock(f"Thing {n}", slug=f"thing-{n}", collection=sea, pictures=2)
    for path, most in (
        ("/collections/sea", LIST_MOST),
        ("/collections/sea?color=black&sort=price_up&page=2", LIST_MOST),
        ("/search?q=thing", LIST_MOST),
        ("/search?q=thingg+fox", LIST_MOST),
        ("/products/thing-7", PRODUCT_MOST),
        ("/products/thing-7?option.color=102", PRODUCT_MOST),
    ):
        client.get("/pages/about")
        with counted_statements() as seen:
            assert client.get(path).status_code == 200
        assert len(seen) <= most, (path, seen)


def test_a_product_says_what_it_is_to_machines(client: FlaskClient, sea: str) -> None:
    stock(collection=sea, pictures=2, description_html="<p>Warm &lt;/script&gt; soft</p>", gone=["Navy / M"])
    page = client.get("/products/quiet-fox-tee").text
    crumbs, group = data_of(page)
    assert [c["name"] for c in crumbs["itemListElement"]][1:] == ["By the <sea>", "Quiet Fox Tee"]
    assert group["@type"] == "ProductGroup" and len(group["hasVariant"]) == 4
    offers = [v["offers"] for v in group["hasVariant"]]
    assert offers[0]["price"] == "24.00" and offers[0]["priceCurrency"] == "USD"
    assert [o["availability"].endswith("/OutOfStock") for o in offers] == [False, False, False, True]
    assert group["hasVariant"][3]["color"] == "Navy" and group["hasVariant"][3]["size"] == "M"
    assert group["image"][0].startswith("http")
    canonical = re.search(r'<link rel="canonical" href="([^"]+)"', page)[1]
    assert canonical == group["url"]


def test_a_variant_is_chosen_without_a_script(client: FlaskClient) -> None:
    stock(gone=["Navy / M"])
    plain = client.get("/products/quiet-fox-tee").text
    assert "From $24.00" in plain and 'value="101" data-value="101"' in plain
    chosen = client.get("/products/quiet-fox-tee?option.color=102&option.size=201").text
    assert "$26.00" in chosen and "From $26" not in chosen
    checked = re.findall(r'data-value="(\d+)"[^>]*checked', chosen)
    assert checked == ["102", "201"]
    variants = json.loads(re.search(r'<script type="application/json" id="variants">(.*?)</script>', plain, re.S)[1])
    assert [v["available"] for v in variants] == [True, True, True, False]
    by_id = client.get(f"/products/quiet-fox-tee?variant={variants[3]['id']}").text
    assert "Sold out" in by_id
    assert client.get("/products/quiet-fox-tee?variant=999999&option.size=<b>").status_code == 200


def test_filters_and_searches_are_not_for_robots_and_plain_pages_are(client: FlaskClient, sea: str) -> None:
    for n in range(30):
        stock(f"Thing {n}", slug=f"thing-{n}", collection=sea)
    for path in ("/collections/sea?color=black", "/collections/sea?sort=title", "/search?q=thing", "/search"):
        assert client.get(path).headers["X-Robots-Tag"].startswith("noindex"), path
    for path in ("/collections/sea", "/collections/sea?page=2", "/products/thing-1", "/"):
        assert "X-Robots-Tag" not in client.get(path).headers, path
    assert 'canonical" href="http' in client.get("/collections/sea?color=black&page=2").text
    assert "/collections/sea?page=2" in re.search(
        r'rel="canonical" href="([^"]+)"', client.get("/collections/sea?page=2&utm_source=x").text
    )[1]  # fmt: skip


def test_an_htmx_request_gets_the_list_alone(client: FlaskClient, sea: str) -> None:
    stock(collection=sea)
    part = client.get("/collections/sea?color=black", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="listing"') and "<html" not in part
    for whole in ({"HX-Boosted": "true"}, {"HX-History-Restore-Request": "true"}):
        assert "<html" in client.get("/collections/sea", headers={"HX-Request": "true", **whole}).text


def test_a_corrected_search_says_so_and_offers_the_original(client: FlaskClient) -> None:
    stock()
    page = client.get("/search?q=quite+foxx").text
    assert "quiet fox" in page and "/search?q=quite+foxx&amp;exact=1" in page
    assert "quiet fox" not in client.get("/search?q=quite+foxx&exact=1").text


def test_hostile_titles_are_text(client: FlaskClient, sea: str) -> None:
    stock("<img src=x onerror=alert(1)>", slug="evil", collection=sea, tags=["<b>"])
    for path in ("/", "/products/evil", "/collections/sea", "/search?q=img", "/search/suggest?q=img"):
        page = client.get(path).text
        assert "<img src=x" not in page and "onerror=alert(1)>" not in page.replace("&gt;", ""), path


def test_the_sitemap_lists_what_can_be_bought(client: FlaskClient, sea: str) -> None:
    stock(collection=sea)
    stock("Draft", status="draft")
    found = ET.fromstring(client.get("/sitemap.xml").data)
    spots = [e.text for e in found.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert any(s.endswith("/products/quiet-fox-tee") for s in spots) and not any("draft" in s for s in spots)
    assert any(s.endswith("/collections/sea") for s in spots) and any(s.endswith("/pages/about") for s in spots)


def test_a_long_sitemap_is_divided(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seo, "PER_SITEMAP", 2)
    for n in range(3):
        stock(f"Thing {n}", slug=f"thing-{n}")
    assert "sitemap-2.xml" in client.get("/sitemap.xml").text
    assert client.get("/sitemap-1.xml").text.count("<url>") == 2
    assert client.get("/sitemap-2.xml").text.count("<url>") == 1
    assert client.get("/sitemap-pages.xml").status_code == 200


def test_the_brand_is_colours_and_nothing_else(client: FlaskClient) -> None:
    with transaction() as session:
        row = session.query(StoreProfile).one()
        row.brand = {"accent": "#FFCC00", "accent_dark": "red;}body{display:none", "text_font": "Georgia, serif"}
        profile.touch_settings(session)
    profile.current_versions(fresh=True)
    css = client.get("/brand.css").text
    assert css == ":root{--brand-accent:#FFCC00;--brand-accent-ink:#000000;--brand-text:Georgia, serif}\n"
    db.session.remove()


def test_a_french_shop_speaks_french(client: FlaskClient) -> None:
    with transaction() as session:
        session.query(StoreProfile).one().locale = "fr"
        profile.touch_settings(session)
    profile.current_versions(fresh=True)
    stock("Chemise d'été", slug="chemise")
    page = client.get("/products/chemise").text
    assert '<html lang="fr"' in page and "24,00\N{NO-BREAK SPACE}$US" in page
    assert "chemise" in client.get("/search?q=ete").text
    db.session.remove()
