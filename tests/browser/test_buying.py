"""A person buys a shirt, from the home page to the letter that says it was shipped: with JavaScript and without."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from shop.workflows import watch_subscriptions
from tests.browser.conftest import Console
from tests.town import Town


@pytest.mark.parametrize(
    ("scripts", "size"),
    [(True, (1280, 900)), (True, (390, 844)), (False, (1280, 900))],
    ids=["desktop", "phone", "no-js"],
)
def test_a_shirt_is_bought_and_shipped(town: Town, browser: Browser, scripts: bool, size: tuple[int, int]) -> None:
    watch_subscriptions.run()
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts, base_url=town.url
    )
    foreign: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: foreign.append(request.url) if is_foreign(request.url, town) else None)
    console = Console(page)

    page.goto("/")
    page.locator("main a[href^='/collections/']").first.click()
    page.wait_for_url(re.compile("/collections/"))
    page.locator("a[href^='/products/']", has_text=re.compile("tee", re.I)).first.click()
    page.wait_for_url(re.compile("/products/"))
    choose(page, "color")
    choose(page, "size")
    page.locator("[data-buy]").click()
    if scripts:
        expect(page.locator("#cart-drawer")).to_be_visible()
        page.locator("#cart-drawer a[href='/cart']").click()
    page.wait_for_url(re.compile("/cart$"))
    if scripts:
        with page.expect_response(lambda answer: "/cart/destination" in answer.url):
            page.select_option("#country", "DE")
        page.wait_for_load_state("networkidle")  # the new total is on the page: it goes along with the button
    else:
        page.select_option("#country", "DE")
        page.locator(".destination button").click()
    expect(page.locator("#country")).to_have_value("DE")
    page.locator("form.pay button").click()
    page.wait_for_url(re.compile("/pay/"))
    pay(page)
    page.wait_for_url(re.compile("/checkout/return"), timeout=20000)
    expect(page.locator("h1")).to_have_text("Thank you")
    page.locator("a", has_text="See your order").click()
    page.wait_for_url(re.compile("/orders/"))

    town.work()
    town.ship(carrier="dhl", number="JD0146000")
    town.work()
    page.reload()
    expect(page.locator("h1")).to_contain_text("on its way")
    expect(page.locator(".parcel")).to_contain_text("JD0146000")
    letters = town.letters(to="ada@example.com")
    assert len(letters) == 2 and "JD0146000" in letters[1]["text"]
    assert town.order().ship_to["country"] == "DE"
    assert foreign == []
    assert console.complaints == []
    context.close()


def test_the_cart_survives_a_browser_restart(town: Town, browser: Browser) -> None:
    context = browser.new_context(base_url=town.url)
    page = context.new_page()
    page.goto("/search?q=tee")
    page.locator("main a[href^='/products/']").first.click()
    choose(page, "color")
    choose(page, "size")
    page.locator("[data-buy]").click()
    expect(page.locator("#cart-drawer")).to_be_visible()
    kept = context.storage_state()
    context.close()
    again = browser.new_context(base_url=town.url, storage_state=kept)
    page = again.new_page()
    page.goto("/")
    expect(page.locator("[data-cart-count]").first).to_have_text("1")
    page.goto("/cart")
    expect(page.locator(".cart-line")).to_have_count(1)
    again.close()


def test_a_declined_card_can_be_tried_again(town: Town, browser: Browser) -> None:
    context = browser.new_context(base_url=town.url)
    page = context.new_page()
    town.buyer.fill_cart()
    context.add_cookies([{"name": "cart", "value": town.buyer.http.cookies["cart"], "url": town.url}])
    page.goto("/cart")
    page.locator("form.pay button").click()
    page.wait_for_url(re.compile("/pay/"))
    pay(page, card="4000000000000002", country="US")
    expect(page.locator("body")).to_contain_text(re.compile("declined", re.I))
    page.fill("[name=card_number]", "4242424242424242")
    page.fill("[name=card_expiry]", "12 / 34")
    page.fill("[name=card_cvc]", "123")
    page.locator("button.pay").click()
    page.wait_for_url(re.compile("/checkout/return"), timeout=20000)
    town.work()
    assert len(town.orders()) == 1
    context.close()


def choose(page: Page, kind: str) -> None:
    """Pick the first option of this kind that can be had; radios may be dressed as swatches."""
    option = page.locator(f"fieldset.option.{kind} label.value:not(.out)").first
    if option.count():
        option.click()


def pay(page: Page, card: str = "4242424242424242", country: str = "DE") -> None:
    """Fill the payment page as Ada."""
    page.fill("[name=email]", "ada@example.com")
    page.fill("[name=ship_name]", "Ada Buyer")
    page.fill("[name=ship_line1]", "Hauptstr. 1")
    page.fill("[name=ship_city]", "Berlin")
    page.fill("[name=ship_postal_code]", "10115" if country == "DE" else "97209")
    state = page.locator("[name=ship_state]")
    if state.count() and state.is_visible():
        if state.evaluate("el => el.tagName") == "SELECT":
            state.select_option("OR")
        else:
            state.fill("OR")
    phone = page.locator("[name=phone]")
    if phone.count() and phone.is_visible():
        phone.fill("+49 30 1234567")
    page.fill("[name=card_number]", card)
    page.fill("[name=card_expiry]", "12 / 34")
    page.fill("[name=card_cvc]", "123")
    page.fill("[name=card_name]", "Ada Buyer")
    page.locator("button.pay").click()


def is_foreign(url: str, town: Town) -> bool:
    """Neither the shop nor the payment page."""
    if url.startswith(("data:", "blob:")):
        return False
    where = urlsplit(url)
    ours = {urlsplit(town.url).netloc, urlsplit(town.sandbox_url).netloc}
    return where.netloc not in ours
