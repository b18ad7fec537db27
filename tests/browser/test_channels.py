"""A merchant connects each platform, looks at a plan, settles a conflict and takes a run back, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, text

from shop.catalog.models import Product
from shop.channels import registry
from shop.channels.models import Connection
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from tests.browser.conftest import Console
from tests.browser.test_accessibility import a_page, sign_in
from tests.channels.street import Platform
from tests.conftest import ADMIN_PASSWORD
from tests.town import Town

PLATFORMS = {"shopify": "Shopify", "woocommerce": "WooCommerce", "prestashop": "PrestaShop"}


@pytest.fixture
def street(town: Town) -> Iterator[Town]:
    """A shop that trades in euros, prices with tax, as its neighbours do."""
    with transaction() as session:
        session.execute(text("UPDATE store_profile SET currency = 'EUR', prices_include_tax = true"))
    profile.forget()
    yield town
    registry._made.clear()


def connect(page: Page, town: Town, key: str, name: str) -> None:
    """The wizard, as the platform's own facts fill it."""
    account = Platform(town, key).account()
    page.goto("/admin/channels")
    page.get_by_role("link", name=f"Connect {name}").click()
    expect(page.get_by_text("Rights it needs, and why")).to_be_visible()
    page.fill("[name=store_url]", account["store_url"])
    for field, value in {**account["settings"], **account["secrets"]}.items():
        if page.locator(f"[name={field}]").count():
            page.fill(f"[name={field}]", value)
    page.get_by_role("button", name="Connect and test").click()
    expect(page.locator(".toast")).to_contain_text("It works")
    expect(page.locator(".page-head .badge")).to_have_text("Connected")


def consent(page: Page) -> None:
    """Shopify a second time, on its own page: there and back."""
    page.get_by_role("link", name="Account").click()
    page.get_by_role("link", name="Agree there").click()
    page.get_by_role("button", name="Go on to Shopify").click()
    page.wait_for_url(re.compile(r"/admin/channels/\d+$"))
    expect(page.locator(".toast")).to_contain_text("It works")


def plan(page: Page, town: Town, connection_id: int) -> None:
    """Press the button, and let the worker run; the page follows by itself."""
    page.goto(f"/admin/channels/{connection_id}/sync")
    page.locator("#products").get_by_role("button", name="Show me a plan").click()
    expect(page.locator("#progress")).to_be_visible()
    town.work(JobName.DRAIN_SYNC)
    expect(page.locator("#progress")).to_have_count(0)


def test_a_merchant_connects_each_platform_looks_at_a_plan_settles_a_conflict_and_takes_a_run_back(
    street: Town, browser: Browser
) -> None:
    wood = Platform(street, "woocommerce")
    ids = wood.add_products(
        products=[
            {"title": title, "description_html": "", "status": "active", "tags": [], "options": [], "images": [],
             "variants": [{"sku": sku, "price_minor": 1900, "options": {}, "stock": 5}]}
            for title, sku in (("Oak board", "OAK"), ("Ash bowl", "ASH"))
        ]
    )  # fmt: skip
    with a_page(browser, street.url, "desktop") as page:
        console = Console(page)
        page.goto("/admin/sign-in")
        sign_in(page, ADMIN_PASSWORD)
        page.wait_for_url(re.compile("/admin/$"))
        for key, name in PLATFORMS.items():
            connect(page, street, key, name)
            if key == "shopify":
                consent(page)
        page.goto("/admin/channels")
        expect(page.locator("#connections .badge")).to_have_text(["Connected"] * 3)
        wood_id = connection_id("woocommerce")

        page.goto(f"/admin/channels/{wood_id}/sync")
        page.select_option("#f-products-direction", "both")
        page.check("#f-products-on")
        page.locator("#products").get_by_role("button", name="Save").click()
        expect(page.locator(".toast")).to_contain_text("Products: saved")
        plan(page, street, wood_id)
        expect(page.get_by_text("nothing has been changed yet")).to_be_visible()
        expect(page.locator(".steps")).to_contain_text("Oak board")
        first = page.url
        page.get_by_role("button", name="Apply 2 changes").click()
        street.work(JobName.DRAIN_SYNC)
        expect(page.locator(".page-head .badge")).to_have_text("Completed")
        assert {"Oak board", "Ash bowl"} <= titles()

        rename("Oak board", "Oak plank")
        wood.change_product(external_id=ids[0], changes={"title": "Oak tray"})
        plan(page, street, wood_id)
        page.get_by_role("link", name="Choose what is right").click()
        clash = page.locator(".clash").first
        expect(clash).to_contain_text("Oak board")
        clash.get_by_label(re.compile("Here")).check()
        page.get_by_role("button", name="Settle what I chose").click()
        expect(page.locator(".toast")).to_contain_text("1 field is settled")
        assert wood.list_products()[ids[0]]["title"] == "Oak plank"

        page.goto(first)
        page.get_by_text("Undo this run…").click()
        expect(page.get_by_text("2 new things go away again")).to_be_visible()
        page.get_by_role("button", name="Undo Products: everything").click()
        street.work(JobName.DRAIN_SYNC)
        expect(page.locator(".page-head .badge")).to_have_text(re.compile("Completed|Done in part"))
        assert "Ash bowl" not in titles()
        assert console.complaints == []


def connection_id(channel: str) -> int:
    db.session.remove()
    found = db.session.execute(select(Connection.id).where(Connection.channel == channel)).scalar_one()
    db.session.remove()
    return int(found)


def titles() -> set[str]:
    db.session.remove()
    found = set(db.session.execute(select(Product.title).where(Product.status != "archived")).scalars())
    db.session.remove()
    return found


def rename(before: str, after: str) -> None:
    with transaction() as session:
        session.execute(
            text("UPDATE products SET title = :after, updated_at = now() WHERE title = :before"),
            {"before": before, "after": after},
        )
