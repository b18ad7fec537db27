"""The catalogue's pages of the panel in a real browser: rich text, pictures in order, a grid, a file with its undo."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, text

from launch.setup import VENDOR
from shop.catalog.models import Image, Product
from shop.extensions import db
from tests.browser.conftest import Console
from tests.browser.showroom import Showroom
from tests.browser.test_accessibility import a_page, sign_in
from tests.conftest import ADMIN_PASSWORD
from tests.town import Town


@pytest.fixture
def showroom(town: Town) -> Showroom:
    return Showroom(town)


def enter(page: Page) -> None:
    page.goto("/admin/sign-in")
    sign_in(page, ADMIN_PASSWORD)
    page.wait_for_url(re.compile("/admin/$"))


def goods(room: Showroom) -> int:
    found = db.session.execute(select(Product.id).where(Product.slug == room.product)).scalar_one()
    db.session.rollback()
    return int(found)


def test_a_merchant_writes_in_bold_moves_pictures_and_takes_it_back(showroom: Showroom, browser: Browser) -> None:
    if not (VENDOR / "squire.js").exists():
        pytest.skip("no editor here: `make test` fetches it (npm)")
    product_id = goods(showroom)
    with a_page(browser, showroom.url, "desktop") as page:
        console = Console(page)
        enter(page)
        page.goto(f"/admin/catalog/{product_id}")
        rich = page.get_by_role("textbox", name=re.compile("Description")).first
        expect(rich).to_have_attribute("contenteditable", "true")
        rich.click()
        page.keyboard.press("Control+A")
        page.keyboard.type("Soft and ")
        page.get_by_role("button", name="Bold", exact=True).click()
        page.keyboard.type("warm")
        page.fill("#f-seo_title", "Found by searching")
        expect(page.locator("[data-seo-title]")).to_have_text("Found by searching")
        price = page.locator(".prices input").first
        price.fill("1.00")
        expect(page.locator("[data-earned]").first).to_contain_text("loss")
        price.fill(price.evaluate("e => e.defaultValue"))
        first = page.locator(".pictures-editor li").first.locator("[name=move]").first.get_attribute("value")
        page.locator(".pictures-editor li").nth(0).get_by_role("button", name=re.compile("down")).click()
        page.locator(".save-row button").click()
        expect(page.locator("#toasts")).to_contain_text("Saved")
        db.session.remove()
        row = db.session.get_one(Product, product_id)
        assert re.fullmatch(r"<p>Soft and <(b|strong)>warm</\1></p>", row.description_html), row.description_html
        order = select(Image.id).where(Image.product_id == product_id).order_by(Image.position, Image.id)
        assert str(list(db.session.execute(order).scalars())[1]) == str(first).partition("-")[0]
        page.get_by_role("button", name="Put this back").first.click()
        expect(page.locator("#toasts")).to_contain_text("Put back")
        db.session.remove()
        assert "warm" not in db.session.get_one(Product, product_id).description_html
        assert console.complaints == []


def test_a_merchant_changes_prices_in_the_grid_on_a_phone(showroom: Showroom, browser: Browser) -> None:
    product_id = goods(showroom)
    with a_page(browser, showroom.url, "phone") as page:
        console = Console(page)
        enter(page)
        page.goto(f"/admin/catalog/grid?ids={product_id}")
        cell = page.locator("input[name$=-price]").first
        cell.fill("41.50")
        expect(page.locator("[data-differ]")).to_have_text("1 cell differs.")
        cell.press("ArrowDown")
        assert page.evaluate("document.activeElement.name").endswith("-price")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="See what would change").click()
        expect(page.locator("main")).to_contain_text("$41.50")
        page.get_by_role("button", name="Save 1 change").click()
        expect(page.locator("#toasts")).to_contain_text("1 change saved")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("main")).to_contain_text("Put back 1")
        assert console.complaints == []


def test_a_file_is_checked_applied_and_undone(showroom: Showroom, browser: Browser) -> None:
    from jobs.catalog import run_changes

    slug = showroom.product
    with a_page(browser, showroom.url, "desktop") as page:
        enter(page)
        page.goto("/admin/catalog/csv")
        content = f"Handle,Title\n{slug},Renamed by a file\nnowhere,x\n".encode()
        page.set_input_files("#f-file", {"name": "spring.csv", "mimeType": "text/csv", "buffer": content})
        page.get_by_role("button", name="Check the file").click()
        page.wait_for_url(re.compile(r"/admin/catalog/changes/\d+"))
        run_changes()
        expect(page.get_by_role("button", name="Apply 1 change")).to_be_visible(timeout=10_000)
        page.get_by_role("link", name=re.compile("Cannot be used")).click()
        expect(page.locator("main")).to_contain_text("There is no product with the handle nowhere")
        page.get_by_role("button", name="Apply 1 change").click()
        expect(page.locator("main")).to_contain_text("Renamed by a file")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#toasts")).to_contain_text("Undone")
        db.session.remove()
        titles = db.session.execute(text("SELECT count(*) FROM products WHERE title = 'Renamed by a file'")).scalar()
        assert titles == 0
