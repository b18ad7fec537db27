"""A merchant raises the prices of chosen products: sees what would change, does it, and the shop asks the new price."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Console
from tests.browser.showroom import Showroom
from tests.browser.test_accessibility import choose_products, sign_in
from tests.conftest import ADMIN_PASSWORD
from tests.town import Town


def test_prices_of_chosen_products_are_raised_together(town: Town, browser: Browser) -> None:
    room = Showroom(town)
    context = browser.new_context(base_url=room.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    console = Console(page)
    page.goto("/admin/sign-in")
    sign_in(page, ADMIN_PASSWORD)
    page.wait_for_url(re.compile("/admin/$"))
    page.keyboard.press("Control+k")
    page.fill("#palette-q", "catalogue")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/admin/catalog$"))
    title = page.locator("tbody tr .open").first.inner_text().strip()
    choose_products(page)
    page.locator("[name=change][value=price]").check()
    page.fill("[name=by]", "50")
    page.get_by_role("button", name="See what would change").click()
    expect(page.locator("main")).to_contain_text(title)
    page.get_by_role("button", name="Change 3 products").click()
    expect(page.locator("#toasts")).to_contain_text("3 products changed")
    page.get_by_role("link", name=title).first.click()
    expect(page.locator(".own-mark, .prices").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("Yours")
    assert console.complaints == []
    context.close()
