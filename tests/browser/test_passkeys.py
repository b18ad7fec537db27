"""Passkeys in a real browser, with an authenticator of its own: added, used without a password, refused when unverified."""

from __future__ import annotations

from dataclasses import replace

from playwright.sync_api import Browser, expect
from sqlalchemy import select

from shop.catalog.models import Product
from shop.extensions import db
from tests.browser.conftest import Console
from tests.storefront.account.conftest import Visitor, open_account
from tests.town import Town

AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def test_a_passkey_is_added_and_signs_in_and_a_wish_is_kept_on_the_way(town: Town, browser: Browser) -> None:
    open_account("ada@example.com")
    product_id = town.a_shirt().product_id
    slug = db.session.execute(select(Product.slug).where(Product.id == product_id)).scalar_one()
    db.session.remove()
    known = Visitor(town.app).known_as("ada@example.com").session_token
    before, url = town.app.config["IMPRINT"], town.url.replace("127.0.0.1", "localhost")
    town.app.config["IMPRINT"] = replace(before, public_url=url)
    context = browser.new_context(base_url=url)
    page = context.new_page()
    console = Console(page)
    try:
        keys = context.new_cdp_session(page)
        keys.send("WebAuthn.enable")
        key = keys.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
        context.add_cookies([{"name": "shopper", "value": known, "url": url}])
        page.goto("/account/security")
        page.get_by_label("Name").fill("My phone")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_text("The passkey is added")).to_be_visible()
        expect(page.get_by_text("My phone", exact=True)).to_be_visible()
        context.clear_cookies()

        page.goto(f"/products/{slug}")
        page.get_by_role("button", name="Save to wishlist").click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", name="Your wishlist")).to_be_visible()
        expect(page.locator(".wish")).to_have_count(1)
        context.clear_cookies()

        keys.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
        page.goto("/account/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_text("That did not work, or was stopped")).to_be_visible()
        assert console.complaints == []
    finally:
        context.close()
        town.app.config["IMPRINT"] = before
