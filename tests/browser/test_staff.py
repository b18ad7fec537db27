"""A colleague joins: invited by the owner, led in by a letter, and asked for a code from the phone ever after."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
from playwright.sync_api import Browser, BrowserContext, Page, expect

from shop.core import clock
from tests.browser.axe import violations
from tests.browser.conftest import Console
from tests.conftest import ADMIN_PASSWORD
from tests.town import Town

PASSWORD = "nine calm herons on one leg"


def test_a_colleague_is_invited_and_signs_in_with_a_code(town: Town, browser: Browser) -> None:
    owners, colleagues = new_context(town, browser), new_context(town, browser)
    owner = owners.new_page()
    told = Console(owner)
    sign_in(owner, "admin@example.com", ADMIN_PASSWORD)
    owner.wait_for_url(re.compile("/admin/$"))
    owner.goto("/admin/staff")
    owner.get_by_label("E-mail address").fill("grace@example.com")
    owner.get_by_label("Manager").check()
    owner.get_by_role("button", name="Send the invitation").click()
    expect(owner.locator(".lines")).to_contain_text("grace@example.com")
    town.work()
    letter = town.letters(to="grace@example.com")[-1]
    link = re.search(r"https?://\S+/admin/invitation/\S+", letter["text"])
    assert link and "Manager" in letter["text"]

    page = colleagues.new_page()
    heard = Console(page)
    page.goto(link.group())
    page.get_by_label("Your name").fill("Grace Hopper")
    page.get_by_label("Choose a password").fill(PASSWORD)
    expect(page.locator("[data-strength]")).to_have_text("Strong.")
    page.get_by_label("The password, again").fill(PASSWORD)
    assert violations(page) == []
    page.get_by_role("button", name="Accept and sign in").click()
    page.wait_for_url(re.compile("/admin/$"))
    expect(page.locator(".admin-nav")).not_to_contain_text("Staff")

    page.goto("/admin/account/two-step")
    page.get_by_role("button", name="Set it up").click()
    expect(page.locator("svg.qr")).to_be_visible()
    assert violations(page) == []
    totp = pyotp.TOTP(page.locator("code.key").inner_text().replace(" ", ""))
    page.get_by_label("Code of six digits").fill(totp.at(clock.now()))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".backup-codes li")).to_have_count(10)
    assert violations(page) == []
    backup = page.locator(".backup-codes code").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.wait_for_url(re.compile("/admin/sign-in"))

    sign_in(page, "grace@example.com", PASSWORD)
    page.wait_for_url(re.compile("/admin/sign-in/code"))
    assert violations(page) == []
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".error-summary")).to_contain_text("not right")
    clock.advance(timedelta(seconds=60))
    page.get_by_label("Code").fill(totp.at(clock.now()))
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(re.compile("/admin/$"))

    owner.goto("/admin/staff")
    owner.get_by_role("link", name="Grace Hopper").click()
    expect(owner.locator("#sessions")).to_contain_text("Chrome")
    owner.get_by_role("button", name="Sign out everywhere").click()
    page.goto("/admin/orders")
    page.wait_for_url(re.compile("/admin/sign-in"))
    sign_in(page, "grace@example.com", PASSWORD)
    page.get_by_label("Code").fill(backup)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(re.compile("/admin/orders"))
    expect(page.locator(".toasts")).to_contain_text("9 left")
    owner.goto("/admin/staff/audit?person=grace")
    expect(owner.locator(".audit")).to_contain_text("sign in")
    assert violations(owner) == []
    assert told.complaints == []
    assert [line for line in heard.complaints if "401" not in line] == []
    owners.close()
    colleagues.close()


def sign_in(page: Page, email: str, password: str) -> None:
    if "/admin/sign-in" not in page.url:
        page.goto("/admin/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def new_context(town: Town, browser: Browser) -> BrowserContext:
    return browser.new_context(base_url=town.url, reduced_motion="reduce")
