"""Without JavaScript: every link leads somewhere, every button does something, lists and carts are worked by forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.showroom import Showroom
from tests.browser.test_buying import choose
from tests.town import Town

MOST_PAGES = 400
#: a button that only a script could answer
DEAD_BUTTONS = """() => [...document.querySelectorAll('button, [role=button], summary')].filter(b => {
  if (!b.checkVisibility({ visibilityProperty: true }) || b.tagName === 'SUMMARY') return false;
  if (b.hasAttribute('popovertarget')) return !document.getElementById(b.getAttribute('popovertarget'));
  return !(b.form && b.type === 'submit');
}).map(b => b.outerHTML.slice(0, 120))"""


@pytest.fixture
def showroom(town: Town) -> Showroom:
    return Showroom(town)


@pytest.fixture
def page(showroom: Showroom, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    context.set_default_timeout(15000)
    yield context.new_page()
    context.close()


class Links(HTMLParser):
    """Where a page leads, what can be jumped to, and what it shows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.parts: set[str] = {"top"}
        self.files: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.parts.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        if tag in ("img", "script") and found.get("src"):
            self.files.add(found["src"])
        if tag == "link" and found.get("rel") in ("stylesheet", "icon", "manifest"):
            self.files.add(found["href"])


def test_every_link_of_the_shop_leads_somewhere(showroom: Showroom) -> None:
    order = showroom.town.paid_order()
    waiting, seen, broken = ["/", "/nowhere-at-all", f"/orders/{order.token}"], set[str](), []
    files: set[str] = set()
    with requests.Session() as http:
        while waiting and len(seen) < MOST_PAGES:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            answer = http.get(showroom.url + path, timeout=20)
            if answer.status_code != (404 if path.startswith("/nowhere") else 200):
                broken.append(f"{path} answers {answer.status_code}")
            if not answer.headers["Content-Type"].startswith("text/html"):
                continue
            links = Links(answer.text)
            files |= links.files
            for link in links.links:
                where = urlsplit(urljoin(showroom.url + path, link))
                if where.scheme not in ("http", "https"):
                    continue
                if where.netloc != urlsplit(showroom.url).netloc:
                    broken.append(f"{path} leads away to {link}")
                elif link.startswith("#") and link[1:] not in links.parts:
                    broken.append(f"{path}: nothing is called {link}")
                else:
                    waiting.append(where.path + (f"?{where.query}" if where.query else ""))
        for name in files:
            if not name.startswith("data:") and not http.get(urljoin(showroom.url, name), timeout=20).ok:
                broken.append(f"{name} is missing")
    assert broken == []
    assert len(seen) > 60


def test_no_button_waits_for_a_script(showroom: Showroom, browser: Browser) -> None:
    cart = showroom.full_cart()
    order = showroom.town.paid_order()
    dead = []
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    context.add_cookies([{"name": "cart", "value": cart, "url": showroom.url}])
    page = context.new_page()
    for path in (
        "/",
        "/collections",
        "/collections/botanical",
        "/search?q=tee",
        f"/products/{showroom.product}",
        f"/products/{showroom.sold_out}",
        "/cart",
        f"/orders/{order.token}",
        "/orders/find",
        "/contact",
        "/pages/about",
        "/nowhere",
    ):
        page.goto(showroom.url + path)
        dead += [f"{path}: {html}" for html in page.evaluate(DEAD_BUTTONS)]
        assert page.locator("h1").count() == 1, path
    context.close()
    assert dead == []


def test_a_list_is_searched_filtered_sorted_and_paged(showroom: Showroom, page: Page) -> None:
    page.goto(showroom.url + "/search")
    page.locator("main [role=search] [name=q]").fill("tee")
    page.locator("main [role=search] button").click()
    page.wait_for_url(re.compile("q=tee"))
    before = page.locator(".product-card").count()
    page.locator("#filter-form .facet .check").first.click()
    page.locator("#filter-form .apply button").click()
    expect(page.locator(".chip").first).to_be_visible()
    assert 0 < page.locator(".product-card").count() <= before
    page.locator(".chips a", has_text="Clear all").click()
    page.select_option("#sort", "price_up")
    page.locator(".toolbar button.without-js").click()
    page.wait_for_url(re.compile("sort=price_up"))
    page.goto(showroom.url + "/search")
    page.locator(".pagination a", has_text="2").first.click()
    page.wait_for_url(re.compile("page=2"))
    expect(page.locator(".product-card").first).to_be_visible()


def test_a_cart_is_changed_and_emptied(showroom: Showroom, page: Page) -> None:
    page.goto(f"{showroom.url}/products/{showroom.product}")
    choose(page, "color")
    choose(page, "size")
    page.locator("[name=quantity]").fill("2")
    page.locator("[data-buy]").click()
    page.wait_for_url(re.compile("/cart$"))
    expect(page.locator(".cart-line [name=quantity]")).to_have_value("2")
    page.locator(".cart-line [name=quantity]").fill("3")
    page.locator(".cart-line .without-js").click()
    expect(page.locator(".cart-line [name=quantity]")).to_have_value("3")
    page.select_option("#country", "DE")
    page.locator(".destination button").click()
    expect(page.locator("#country")).to_have_value("DE")
    page.locator(".cart-line button", has_text="Remove").click()
    expect(page.locator(".empty")).to_be_visible()


def test_what_is_sold_out_cannot_be_put_in_the_cart(showroom: Showroom, page: Page) -> None:
    page.goto(f"{showroom.url}/products/{showroom.sold_out}")
    expect(page.locator("[data-buy]")).to_be_disabled()


def test_a_message_is_corrected_and_sent(showroom: Showroom, page: Page) -> None:
    page.goto(showroom.url + "/contact")
    page.fill("[name=name]", "Ada")
    page.fill("[name=email]", "ada@example")
    page.fill("[name=message]", "Is the mug safe in the dishwasher?")
    page.locator("main form button").click()
    expect(page.locator(".error-summary")).to_be_visible()
    page.fill("[name=email]", "ada@example.com")
    page.locator("main form button").click()
    page.wait_for_url(re.compile("sent"))
    showroom.town.work()
    assert any("dishwasher" in letter["text"] for letter in showroom.town.letters())
