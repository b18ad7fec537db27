"""Who gets in, and who does not."""

from __future__ import annotations

import statistics
import time

import pytest
from flask import Flask

from shop.accounts import signing_in
from shop.accounts.devices import device_token, known_device
from shop.accounts.passwords import hash_password, verify_password
from shop.accounts.signing_in import PER_ACCOUNT, may_try, network_of
from shop.accounts.staff import add_staff, find_staff
from shop.admin.permissions import local_path
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from tests.admin.conftest import ADMIN_PASSWORD, Staff


def test_the_owner_signs_in_and_out(stranger: Staff) -> None:
    assert stranger.sign_in().location == "/admin/"
    assert stranger.get("/admin/").status_code == 200
    assert stranger.post("/admin/sign-out").status_code == 303
    assert stranger.get("/admin/").status_code == 303


def test_signing_out_takes_a_post(staff: Staff) -> None:
    assert staff.get("/admin/sign-out").status_code == 405
    assert staff.get("/admin/").status_code == 200


def test_unknown_address_and_wrong_password_get_the_same_answer(stranger: Staff) -> None:
    wrong = stranger.sign_in(password="not the password")
    unknown = stranger.sign_in(email="admin@example.com".replace("admin", "nobody"), password="not the password")
    assert wrong.status_code == unknown.status_code == 401

    def said(text: str) -> str:
        return text[text.index("error-summary") : text.index("error-summary") + 120]

    assert said(wrong.text) == said(unknown.text)


def test_a_hash_costs_at_least_50_ms_and_nobody_costs_the_same() -> None:
    stored = hash_password("a quiet afternoon")

    def median(known: str | None) -> float:
        taken = []
        for _ in range(5):
            started = time.thread_time()
            verify_password(known, "something else")
            taken.append(time.thread_time() - started)
        return statistics.median(taken)

    verify_password(None, "warm")
    known, nobody = median(stored), median(None)
    assert known >= 0.05
    assert 0.4 < nobody / known < 2.5


def test_an_account_is_tried_at_most_twenty_times_an_hour(app: object) -> None:
    allowed = [may_try("Admin@Example.com", f"198.51.100.{n}") for n in range(40)]
    assert sum(allowed) == PER_ACCOUNT == 20 or (sum(allowed) == PER_ACCOUNT // 4 and not allowed[-1])
    assert may_try("somebody-else@example.com", "198.51.100.200")


def test_one_network_address_is_throttled_too(app: object) -> None:
    allowed = [may_try(f"person{n}@example.com", "203.0.113.9") for n in range(100)]
    assert sum(allowed) <= signing_in.PER_ADDRESS
    assert not allowed[-1]


def test_throttled_sign_in_does_not_look_at_the_password(stranger: Staff) -> None:
    while may_try("admin@example.com", "198.51.100.7"):
        pass
    answer = stranger.sign_in()
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    assert stranger.get("/admin/").status_code == 303


def test_ipv6_is_counted_by_network() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("garbage") == "unknown"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/admin", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/admin\n/x", "/adminx",
        "/cart", "", None, "/admin/../cart", "/admin/%0d" + "x" * 600,
    ],
)  # fmt: skip
def test_next_stays_in_the_panel(target: str | None) -> None:
    assert local_path(target) == "/admin/"


def test_next_leads_back(stranger: Staff) -> None:
    sent = stranger.get("/admin/orders?tab=held")
    assert sent.location == "/admin/sign-in?next=/admin/orders?tab%3Dheld"
    page = stranger.get(sent.location)
    assert 'name="next" value="/admin/orders?tab=held"' in page.text
    answer = stranger.post(
        "/admin/sign-in", {"email": "admin@example.com", "password": ADMIN_PASSWORD, "next": "/admin/orders?tab=held"}
    )
    assert answer.location == "/admin/orders?tab=held"
    evil = Staff(stranger.client.application)
    answer = evil.post(
        "/admin/sign-in", {"email": "admin@example.com", "password": ADMIN_PASSWORD, "next": "//evil.example/admin"}
    )
    assert answer.location == "/admin/"


def test_the_session_is_new_after_signing_in(stranger: Staff) -> None:
    stranger.get("/admin/sign-in")
    with stranger.client.session_transaction() as cookie:
        cookie["left_by_somebody"] = "x"
        before = cookie["csrf_token"]
    stranger.sign_in()
    with stranger.client.session_transaction() as cookie:
        assert "left_by_somebody" not in cookie
        assert cookie.get("csrf_token") != before


def test_the_cookie_is_kept_from_scripts(stranger: Staff) -> None:
    cookie = stranger.sign_in().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_one_press_signs_every_browser_out(staff: Staff, stranger: Staff) -> None:
    stranger.sign_in()
    assert staff.press("/admin/account/sign-out-everywhere").count("signed out") == 1
    assert stranger.get("/admin/").status_code == 303


def test_a_new_password_signs_other_sessions_out(staff: Staff, stranger: Staff) -> None:
    stranger.sign_in()
    form = {"current": ADMIN_PASSWORD, "password": "nine calm herons", "again": "nine calm herons"}
    assert "Your password is changed" in staff.press("/admin/account/password", form)
    assert stranger.get("/admin/").status_code == 303
    assert stranger.sign_in().status_code == 401
    assert stranger.sign_in(password="nine calm herons").status_code == 303


def test_a_bad_new_password_is_told_beside_its_field(staff: Staff) -> None:
    bad = {"current": ADMIN_PASSWORD, "password": "short", "again": "short"}
    answer = staff.post("/admin/account/password", bad)
    assert answer.status_code == 422
    assert "at least 12 characters" in answer.text
    answer = staff.post("/admin/account/password", {"current": "wrong", "password": "x" * 12, "again": "x" * 12})
    assert "not your current password" in answer.text


def test_a_disabled_account_is_out_at_once(staff: Staff) -> None:
    with transaction() as session:
        member = find_staff(session, "admin@example.com")
        assert member is not None
        member.is_enabled = False
    assert staff.get("/admin/").status_code == 303
    assert staff.sign_in().status_code == 401


def test_odd_input_gets_an_answer(stranger: Staff) -> None:
    for email, password in (("a\0b", "x"), ("x" * 9000, "y" * 9000), ("", ""), ("' OR 1=1 --", "x")):
        assert stranger.sign_in(email, password).status_code in (401, 422)


def test_staff_is_added_once(app: object) -> None:
    with transaction() as session:
        first, is_new = add_staff(session, "New@Example.com", "seven green bottles", role="support")
        assert is_new
    with transaction() as session:
        again, is_new = add_staff(session, "new@example.com", "another password", role="owner")
        assert not is_new
        assert again.id == first.id
        assert again.role == "support"
    with pytest.raises(InvalidInput), transaction() as session:
        add_staff(session, "x@example.com", "short")
    db.session.remove()


def test_a_stranger_who_guesses_cannot_lock_out_a_browser_that_was_here(app: Flask, stranger: Staff) -> None:
    owner = Staff(app)
    assert owner.sign_in().location == "/admin/"
    owner.post("/admin/sign-out")
    for n in range(PER_ACCOUNT):  # each from another address: the account's own limit is what stops them
        may_try("admin@example.com", f"198.51.100.{n}")
    assert stranger.sign_in().status_code == 429
    assert owner.sign_in().location == "/admin/"


def test_a_device_cookie_of_another_account_or_made_up_is_worth_nothing(app: object) -> None:
    token = device_token("admin@example.com")
    assert known_device(token, "Admin@example.com ")
    assert known_device(token, "other@example.com") is None
    assert known_device(token + "x", "admin@example.com") is None
    assert known_device("nonsense", "admin@example.com") is None
