"""The product page follows what is chosen: pictures, price, what can be had, the address."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from shop.catalog import documents
from shop.catalog.models import Product, Variant
from shop.core.transaction import transaction
from shop.tenancy import profile
from tests.browser.conftest import Console
from tests.browser.showroom import Showroom
from tests.town import Town


@pytest.fixture
def showroom(town: Town) -> Showroom:
    return Showroom(town)


@pytest.fixture
def page(showroom: Showroom, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=showroom.url)
    found = context.new_page()
    console = Console(found)
    yield found
    context.close()
    assert console.complaints == []


def colour(page: Page, nth: int) -> str:
    """Choose the nth colour; returns its name."""
    value = page.locator("fieldset.option.color label.value").nth(nth)
    value.click()
    return str(value.get_attribute("title"))


def test_the_gallery_follows_the_colour(showroom: Showroom, page: Page) -> None:
    page.goto(f"/products/{showroom.product}")
    first, second = colour(page, 0), None
    shown = page.locator("[data-slide]:visible").evaluate_all("all => all.map(a => a.dataset.colours)")
    second = colour(page, 1)
    then = page.locator("[data-slide]:visible").evaluate_all("all => all.map(a => a.dataset.colours)")
    assert first != second and shown != then
    expect(page.locator("fieldset.option.color .chosen")).to_have_text(second)
    expect(page.locator("[data-thumb]:visible").first).to_have_attribute("aria-current", "true")


def test_what_cannot_be_had_together_is_struck(showroom: Showroom, page: Page) -> None:
    with transaction() as session:
        product = session.execute(select(Product).where(Product.slug == showroom.product)).scalar_one()
        first = session.execute(
            select(Variant).where(Variant.product_id == product.id).order_by(Variant.position).limit(1)
        ).scalar_one()
        names = first.title.split(" / ")
        session.execute(update(Variant).where(Variant.id == first.id).values(is_available=False))
        documents.rebuild(session, [product.id])
        profile.touch_catalog(session)
    profile.forget()
    page.goto(f"/products/{showroom.product}")
    page.locator("fieldset.option.color label.value", has_text=names[0]).first.click()
    size = page.locator("fieldset.option.size label.value").filter(has_text=re.compile(f"^{names[1]}$"))
    expect(size).to_have_class(re.compile("out"))
    size.click()
    expect(page.locator("[data-buy]")).to_be_disabled()
    expect(page.locator("[data-buy]")).to_have_text("Not available like this")


def test_price_and_address_follow_the_variant(showroom: Showroom, page: Page) -> None:
    page.goto(f"/products/{showroom.product}")
    colour(page, 0)
    expect(page.locator(".big-price")).to_contain_text("From")
    sizes = page.locator("fieldset.option.size label.value:not(.out)")
    sizes.first.click()
    expect(page.locator(".big-price")).not_to_contain_text("From")
    low = page.locator(".big-price").inner_text()
    sizes.last.click()
    assert page.locator(".big-price").inner_text() != low
    assert re.search(r"\?variant=\d+$", page.url)
    price = page.locator(".big-price").inner_text()
    page.reload()
    expect(page.locator(".big-price")).to_contain_text(price)


def test_what_is_sold_out_stays_sold_out(showroom: Showroom, page: Page) -> None:
    page.goto(f"/products/{showroom.sold_out}")
    expect(page.locator("[data-buy]")).to_be_disabled()
    expect(page.locator("[data-buy]")).to_have_text("Sold out")
    colour(page, 1)
    expect(page.locator("[data-buy]")).to_be_disabled()


def test_a_double_click_puts_one_thing_into_the_cart(showroom: Showroom, page: Page) -> None:
    page.goto(f"/products/{showroom.product}")
    colour(page, 0)
    page.locator("fieldset.option.size label.value:not(.out)").first.click()
    page.locator("[data-buy]").dblclick(no_wait_after=True)
    expect(page.locator("#cart-drawer .cart-line")).to_contain_text("Quantity 1")
    expect(page.locator("[data-cart-count]").first).to_have_text("1")


def test_the_drawer_closes_by_key_and_gives_the_focus_back(showroom: Showroom, page: Page) -> None:
    page.goto(f"/products/{showroom.product}")
    colour(page, 0)
    page.locator("fieldset.option.size label.value:not(.out)").first.click()
    page.locator("[data-buy]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cart-drawer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#cart-drawer")).to_be_hidden()
    expect(page.locator("[data-buy]")).to_be_focused()
