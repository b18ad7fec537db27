"""Webhooks, their logs and jobs: no accessibility rule broken, nothing wider than a phone, and they refresh."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from jobs.schedule import run_due
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.inbound.models import InboundEvent
from shop.webhook_delivery.endpoints import find_endpoint, rotate_secret
from tests.admin import making
from tests.browser.axe import COLOUR_RULES, violations
from tests.browser.test_accessibility import SIZES, a_page, sign_in
from tests.conftest import ADMIN_PASSWORD
from tests.town import Town
from tests.webhook_delivery.conftest import Post

HOOKS = "/admin/developers/webhooks"
LONG = "warehouse-with-a-rather-long-name-that-nobody-breaks"


@pytest.fixture
def paths(town: Town) -> list[str]:
    """Every page, each in the state that holds most."""
    post = Post(town.world, town.sandbox_url)
    good = post.endpoint("books", events=["order.paid", "order.placed"], description="Bookkeeping")
    bad = post.endpoint(LONG, failing_since=clock.now() - timedelta(hours=3))
    gone = post.endpoint("gone")
    with transaction() as session:
        row = find_endpoint(session, good.id, to_change=True)
        assert row is not None
        rotate_secret(session, row)
    post.answer(LONG, "500")
    post.answer("gone", "410")
    town.paid_order()
    with transaction() as session:
        making.parked_event(session)
        making.letter(session, "parked")
        making.letter(session, "due", due_at=clock.now() - timedelta(minutes=9))
    run_due()
    deliveries = [row.id for row in post.deliveries()]
    event = db.session.query(InboundEvent).filter_by(topic="checkout.session.completed").one().id
    db.session.remove()
    return [
        HOOKS,
        f"{HOOKS}/new",
        *(f"{HOOKS}/{row.id}" for row in (good, bad, gone)),
        f"{HOOKS}/log",
        *(f"{HOOKS}/deliveries/{n}" for n in deliveries[:4]),
        "/admin/developers/webhook-log",
        f"/admin/developers/webhook-log/{event}",
        "/admin/jobs",
        "/admin/failures",
    ]


@pytest.mark.parametrize("size", SIZES)
def test_no_page_breaks_a_rule_or_is_too_wide(town: Town, browser: Browser, paths: list[str], size: str) -> None:
    problems: list[str] = []
    with a_page(browser, town.url, size) as page:
        page.goto("/admin/sign-in")
        sign_in(page, ADMIN_PASSWORD)
        page.wait_for_url(re.compile("/admin/$"))
        for path in paths:
            page.emulate_media(color_scheme="light")
            page.goto(path)
            for summary in page.locator("main details > summary").all():
                summary.click()
            problems += [f"{path} {line}" for line in violations(page)]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                problems.append(f"{path} is wider than the window")
            page.emulate_media(color_scheme="dark")
            problems += [f"{path}, dark {line}" for line in violations(page, COLOUR_RULES)]
    assert problems == []


def test_the_jobs_page_refreshes_itself_and_keeps_the_focus(town: Town, browser: Browser) -> None:
    run_due()
    with a_page(browser, town.url, "desktop") as page:
        page.goto("/admin/sign-in")
        sign_in(page, ADMIN_PASSWORD)
        page.wait_for_url(re.compile("/admin/$"))
        page.goto("/admin/jobs")
        page.locator("#run-clean_up").focus()
        with transaction() as session:
            making.letter(session, "parked")
        expect(page.locator("#to-letters")).to_have_text("1", timeout=8000)
        assert page.evaluate("document.activeElement.id") == "run-clean_up"
        page.keyboard.press("Enter")
        expect(page.locator(".toast")).to_contain_text("runs within a few seconds")
