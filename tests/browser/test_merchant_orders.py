"""A merchant's morning with orders: money back for one thing, a letter again, an address put right until it prints."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.workflows import watch_subscriptions
from tests.admin.conftest import Staff
from tests.browser.axe import violations
from tests.browser.conftest import Console
from tests.town import Buyer, Town


@pytest.mark.parametrize(
    ("scripts", "width"), [(True, 1280), (True, 390), (False, 1280)], ids=["desktop", "phone", "no-js"]
)
def test_a_merchants_morning(town: Town, browser: Browser, scripts: bool, width: int) -> None:
    shipped, refused = shipped_order(town), refused_order(town)
    context = browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=scripts, base_url=town.url
    )
    staff = Staff(town.app).known_as("admin@example.com")
    cookie = staff.client.get_cookie("session")
    assert cookie is not None
    context.add_cookies([{"name": "session", "value": cookie.value, "url": town.url}])
    page = context.new_page()
    console = Console(page)

    page.goto("/admin/orders?country=US")
    looks_right(page, scripts)
    page.locator("a.open", has_text=shipped).click()
    refund_one(page, shipped, scripts)
    town.work()
    page.reload()
    expect(page.locator(".page-head")).to_contain_text("Partly refunded")
    assert len(town.stripe.v1.refunds.list({"limit": 10}).data) == 1

    page.select_option("#f-letter", label="Shipped: parcel JD0146000")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("#toasts")).to_contain_text("goes to ada@example.com again")
    town.work()
    assert len([m for m in town.letters(to="ada@example.com") if "JD0146000" in m["text"]]) == 2

    page.goto(f"/admin/orders/{refused}")
    expect(page.locator(".notice.bad")).to_contain_text("was not sent to be printed")
    page.get_by_role("link", name="Edit the address").click()
    page.fill("#f-postal_code", "nonsense")
    page.get_by_role("button", name="Save the address").click()
    expect(page.locator("#f-postal_code-error")).to_contain_text("looks like")
    looks_right(page, scripts)
    page.fill("#f-postal_code", "97209")
    page.get_by_role("button", name="Save the address").click()
    expect(page.locator("#toasts")).to_contain_text("The address is changed")
    page.get_by_role("button", name="Submit again").click()
    town.work()
    page.reload()
    expect(page.locator(".work-order")).to_contain_text("In production")
    told = page.locator("#story")
    for words in ("Address corrected", "97209", "In production", "Order placed"):
        expect(told).to_contain_text(words)
    page.locator(".story-sorts a", has_text="Printing").click()
    expect(told).not_to_contain_text("Order placed")
    looks_right(page, scripts)
    (there,) = [o for o in town.provider_orders() if o["metadata"]["shop_order_id"] == refused]
    assert there["address_to"]["zip"] == "97209"
    assert console.complaints == [c for c in console.complaints if "422" in c]
    context.close()


def refund_one(page: Page, number: str, scripts: bool) -> None:
    page.locator(".page-head .actions a", has_text="Refund").click()
    page.wait_for_url(re.compile(f"{number}/refund$"))
    page.locator("select[name^=line-]").first.select_option("1")
    page.get_by_role("button", name="See what it comes to").click()
    expect(page.locator("h2").first).to_contain_text("gets $")
    looks_right(page, scripts)
    page.get_by_role("button", name=re.compile(r"^Give .* back$")).dblclick()
    page.wait_for_url(re.compile(f"{number}$"))


def shipped_order(town: Town) -> str:
    watch_subscriptions.run()
    order = town.paid_order(2)
    town.ship(carrier="dhl", number="JD0146000")
    town.work()
    return order.number


def refused_order(town: Town) -> str:
    """The payment page let an address without a postal code through, and Printify refuses it."""
    town.buyer = Buyer(town)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work(JobName.DRAIN_INBOUND)
    number = town.orders()[-1].number
    with transaction() as session:
        order = session.execute(select(Order).where(Order.number == number)).scalar_one()
        work = session.execute(select(FulfilmentOrder).where(FulfilmentOrder.order_id == order.id)).scalar_one()
        order.ship_to = {**order.ship_to, "postal_code": ""}
        work.ship_to = {**work.ship_to, "postal_code": ""}
    town.work()
    return number


def looks_right(page: Page, scripts: bool) -> None:
    """No sideways scrolling; no axe violation."""
    if scripts:  # without, nothing can be asked of the page
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert violations(page) == []
