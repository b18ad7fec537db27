"""The shop needs no cookie banner: this is every cookie a visitor ever gets, and what each is for."""

from __future__ import annotations

from sqlalchemy import select, update

from shop.content.models import ContentPage
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from tests.town import Town

#: name → why the shop would not work without it
NECESSARY = {
    "cart": "which cart is theirs",
    "cart_count": "how many things are in it",
    "session": "what was just done is told on the next page, and forms prove that they are ours",
    "shopper": "who is signed in",
    "currency": "the currency they chose",
    "language": "the language they chose",
}


def test_only_necessary_cookies_are_set_in_a_whole_journey(town: Town) -> None:
    buyer, seen = town.buyer, set()

    def look() -> set[str]:
        seen.update(cookie.name for cookie in buyer.http.cookies)
        return set(seen)

    for path in ("/", "/collections", "/search?q=tee", "/pages/privacy", "/pages/accessibility", "/contact",
                 "/orders/find", "/cart", "/sitemap.xml"):  # fmt: skip
        assert buyer.get(path).status_code == 200, path
    slug = buyer.get("/search").text.split('href="/products/')[1].split('"')[0]
    assert buyer.get(f"/products/{slug}").status_code == 200
    assert look() == set(), "looking around sets none"
    order = town.paid_order()
    assert look() <= {"cart", "cart_count", "session"}
    for path in (f"/orders/{order.token}", f"/orders/{order.token}/address", "/account/sign-in", "/account/register"):
        assert buyer.get(path).status_code == 200, path
    buyer.post(f"/orders/{order.token}/again")
    buyer.post("/cart/note", {"note": "hello"})
    assert look() <= set(NECESSARY)
    assert not [c for c in buyer.http.cookies if c.domain not in ("127.0.0.1", "localhost", "localhost.local")]


def test_the_privacy_page_says_so_and_every_page_leads_to_the_legal_ones(town: Town) -> None:
    text = town.buyer.get("/pages/privacy").text
    assert "no banner" in text and "No tracking" in text
    home = town.buyer.get("/").text
    slugs = db.session.execute(select(ContentPage.slug).where(ContentPage.legal != "")).scalars().all()
    assert {"imprint", "terms", "privacy", "returns", "shipping", "accessibility"} <= set(slugs)
    for slug in slugs:
        assert f"/pages/{slug}" in home, slug
    assert "WCAG" in town.buyer.get("/pages/accessibility").text


def test_vat_is_told_beside_prices_where_the_law_wants_it(town: Town) -> None:
    assert "incl. VAT" not in town.buyer.get("/").text
    with transaction() as session:
        rates = [{"country": "DE", "rate": "0.19", "name": "VAT"}, {"country": "FR", "rate": "0.2", "name": "VAT"}]
        session.execute(update(StoreProfile).values(country="DE", prices_include_tax=True, tax_rates=rates))
        profile.touch_settings(session)
    profile.forget()
    slug = town.buyer.get("/search").text.split('href="/products/')[1].split('"')[0]
    page = town.buyer.get(f"/products/{slug}").text
    assert 'incl. VAT, plus <a href="/pages/shipping">shipping</a>' in page
    town.buyer.fill_cart()
    german = town.buyer.post("/cart/destination", {"country": "DE", "method": "standard"}).text
    french = town.buyer.post("/cart/destination", {"country": "FR", "method": "standard"}).text
    assert "VAT (19%, Germany)" in german and "VAT (20%, France)" in french
