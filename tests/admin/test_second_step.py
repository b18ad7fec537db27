"""Two-step sign-in in the panel: set up, asked for, throttled, required, reset."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts import two_step
from shop.accounts.models import StaffMember
from shop.accounts.signing_in import PER_CODE
from shop.accounts.staff import add_staff, find_staff
from shop.core import clock
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.tenancy import profile
from tests.admin.conftest import PASSWORD, Staff
from tests.conftest import ADMIN_PASSWORD

NOON = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(app: Flask) -> Iterator[None]:
    """Codes hang on the clock: it stands still until a test moves it."""
    clock.fix(NOON)
    yield
    clock.fix(None)


@pytest.fixture
def phone(app: Flask) -> pyotp.TOTP:
    """The owner's phone, set up; a minute has passed since."""
    with transaction() as session:
        two_step.begin(session, owner())
    totp = pyotp.TOTP(owner().totp_secret or "")
    with transaction() as session:
        two_step.confirm(session, owner(), totp.at(clock.now()))
    clock.advance(timedelta(minutes=1))
    return totp


def owner() -> StaffMember:
    found = find_staff(db.session(), "admin@example.com")
    assert found is not None
    return found


def code_in(browser: Staff, code: str) -> int:
    return browser.post("/admin/sign-in/code", {"code": code}).status_code


def halfway(app: Flask) -> Staff:
    browser = Staff(app)
    browser.get("/admin/sign-in")
    answer = browser.post(
        "/admin/sign-in", {"email": "admin@example.com", "password": ADMIN_PASSWORD, "next": "/admin/orders"}
    )
    assert answer.location == "/admin/sign-in/code"
    browser.get("/admin/sign-in/code")
    return browser


def test_it_is_set_up_with_a_qr_code_and_a_first_code(staff: Staff) -> None:
    staff.press("/admin/account/two-step/begin")
    page = staff.get("/admin/account/two-step").text
    assert "<svg" in page and "style=" not in page
    key = re.search(r'class="key">([A-Z2-7 ]+)<', page)
    assert key
    wrong = staff.post("/admin/account/two-step/confirm", {"code": "12"})
    assert wrong.status_code == 422 and "not right" in wrong.text
    done = staff.post("/admin/account/two-step/confirm", {"code": pyotp.TOTP(key[1].replace(" ", "")).at(clock.now())})
    codes = re.findall(r"<li><code>([a-z0-9-]{14})</code>", done.text)
    assert len(codes) == 10
    again = staff.get("/admin/account/two-step").text
    assert codes[0] not in again and key[1] not in again
    letter = db.session.execute(select(Letter)).scalar_one()
    assert (letter.letter, letter.facts["change"]) == ("staff_security", "two_step_on")


def test_the_password_alone_lets_nobody_in(app: Flask, phone: pyotp.TOTP) -> None:
    browser = halfway(app)
    assert browser.get("/admin/").status_code == 303
    assert code_in(browser, "000000") == 401
    assert browser.get("/admin/").status_code == 303
    answer = browser.post("/admin/sign-in/code", {"code": phone.at(clock.now())})
    assert answer.location == "/admin/orders"
    assert browser.get("/admin/").status_code == 200


def test_a_code_that_was_used_does_not_let_a_second_browser_in(app: Flask, phone: pyotp.TOTP) -> None:
    code = phone.at(clock.now())
    assert code_in(halfway(app), code) == 303
    assert code_in(halfway(app), code) == 401


def test_guessing_codes_is_stopped(app: Flask, phone: pyotp.TOTP) -> None:
    browser = halfway(app)
    answers = [code_in(browser, "000000") for _ in range(PER_CODE + 1)]
    assert answers[-1] == 429
    assert code_in(browser, phone.at(clock.now())) == 429


def test_half_way_ends_after_ten_minutes_or_with_the_password(app: Flask, phone: pyotp.TOTP) -> None:
    slow, changed = halfway(app), halfway(app)
    with transaction() as session:
        found = find_staff(session, "admin@example.com")
        assert found is not None
        found.password_hash = "x"
    assert changed.post("/admin/sign-in/code", {"code": phone.at(clock.now())}).location == "/admin/sign-in"
    clock.advance(timedelta(minutes=11))
    assert slow.post("/admin/sign-in/code", {"code": phone.at(clock.now())}).location == "/admin/sign-in"


def test_nobody_comes_to_the_second_step_without_the_first(stranger: Staff, phone: pyotp.TOTP) -> None:
    assert stranger.get("/admin/sign-in/code").location == "/admin/sign-in"
    assert stranger.post("/admin/sign-in/code", {"code": phone.at(clock.now())}).location == "/admin/sign-in"


@pytest.mark.parametrize("code", ["", "\0", "x" * 9000, "١٢٣٤٥٦", "<script>"])
def test_odd_codes_get_an_answer(app: Flask, phone: pyotp.TOTP, code: str) -> None:
    assert code_in(halfway(app), code) == 401


def test_turning_it_off_and_new_codes_ask_for_the_password(app: Flask, staff: Staff, phone: pyotp.TOTP) -> None:
    for path in ("off", "codes"):
        answer = staff.post(f"/admin/account/two-step/{path}", {"password": "wrong"})
        assert answer.status_code == 422 and "not your current password" in html.unescape(answer.text)
    assert owner().totp_on_at is not None
    fresh = staff.post("/admin/account/two-step/codes", {"password": ADMIN_PASSWORD})
    assert fresh.text.count("<li><code>") == 10
    assert "is off" in staff.press("/admin/account/two-step/off", {"password": ADMIN_PASSWORD})
    assert Staff(app).sign_in().location == "/admin/"


def test_beginning_again_while_it_is_on_changes_nothing(staff: Staff, phone: pyotp.TOTP) -> None:
    assert "is on already" in staff.press("/admin/account/two-step/begin")
    assert owner().totp_secret == phone.secret


def test_an_owner_requires_it_and_whoever_lacks_it_can_do_nothing_else(
    app: Flask, staff: Staff, phone: pyotp.TOTP
) -> None:
    with transaction() as session:
        add_staff(session, "grace@example.com", PASSWORD, role="manager")
    grace = Staff(app).known_as("grace@example.com")
    assert "Everybody needs" in staff.press("/admin/staff/two-step-for-all", {"required": "1"})
    profile.forget()
    for path in ("/admin/", "/admin/orders", "/admin/account", "/admin/staff/audit"):
        assert grace.get(path).location == "/admin/account/two-step", path
    assert grace.post("/admin/account/name", {"name": "x"}).location == "/admin/account/two-step"
    htmx = grace.get("/admin/orders", headers={"HX-Request": "true"})
    assert (htmx.status_code, htmx.headers["HX-Redirect"]) == (401, "/admin/account/two-step")
    grace.press("/admin/account/two-step/begin")
    found = find_staff(db.session(), "grace@example.com")
    assert found is not None
    code = pyotp.TOTP(found.totp_secret or "").at(clock.now())
    assert grace.post("/admin/account/two-step/confirm", {"code": code}).status_code == 200
    assert grace.get("/admin/orders").status_code == 200
    assert staff.get("/admin/orders").status_code == 200


def test_an_owner_resets_it_for_a_lost_phone(app: Flask, phone: pyotp.TOTP) -> None:
    with transaction() as session:
        add_staff(session, "second@example.com", PASSWORD, role="owner")
    lost = Staff(app).known_as("admin@example.com")
    second = Staff(app).known_as("second@example.com")
    assert "is reset" in second.press("/admin/staff/1/reset-two-step")
    assert lost.get("/admin/").status_code == 303
    assert lost.sign_in().location == "/admin/"
    assert "was off already" in second.press("/admin/staff/1/reset-two-step")
    changes = [row.facts["change"] for row in db.session.execute(select(Letter)).scalars()]
    assert changes == ["two_step_reset"]
