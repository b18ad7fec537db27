"""The second step: codes that count once, backup codes that count once, and a drawn QR code."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import text

from shop.accounts import two_step
from shop.accounts.models import StaffMember
from shop.accounts.staff import find_staff
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db

NOON = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)


def owner() -> StaffMember:
    found = find_staff(db.session(), "admin@example.com")
    assert found is not None
    return found


def code(secret: str, seconds: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=seconds))


def turn_on() -> tuple[str, list[str]]:
    """(the phone's secret, the backup codes); then a minute passes."""
    clock.fix(NOON)
    with transaction() as session:
        two_step.begin(session, owner())
    secret = owner().totp_secret or ""
    with transaction() as session:
        codes = two_step.confirm(session, owner(), code(secret))
    clock.advance(timedelta(minutes=1))
    return secret, codes


def use(typed: str) -> str | None:
    with transaction() as session:
        return two_step.use_code(session, owner(), typed)


def test_it_is_not_on_before_a_first_code(app: Flask) -> None:
    clock.fix(NOON)
    with transaction() as session:
        two_step.begin(session, owner())
    assert owner().totp_on_at is None
    with pytest.raises(InvalidInput), transaction() as session:
        two_step.confirm(session, owner(), "000000")
    assert use(code(owner().totp_secret or "")) is None


def test_a_code_counts_once_and_none_before_it_counts_after(app: Flask) -> None:
    secret, _ = turn_on()
    assert use(code(secret)) == "code"
    assert use(code(secret)) is None
    assert use(code(secret, -30)) is None
    clock.advance(timedelta(seconds=30))
    assert use(code(secret)[:3] + " " + code(secret)[3:]) == "code"


def test_the_code_that_turned_it_on_does_not_sign_in(app: Flask) -> None:
    secret, _ = turn_on()
    assert use(code(secret, -60)) is None


def test_a_phone_half_a_minute_off_is_let_in_and_two_minutes_off_is_not(app: Flask) -> None:
    secret, _ = turn_on()
    assert use(code(secret, 120)) is None
    assert use(code(secret, -120)) is None
    assert use(code(secret, 30)) == "code"


def test_two_browsers_cannot_use_one_code(app: Flask) -> None:
    secret, _ = turn_on()
    typed = code(secret)
    found: list[str | None] = []

    def sign_in() -> None:
        with app.app_context():
            found.append(use(typed))

    threads = [threading.Thread(target=sign_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [None, None, None, "code"]


def test_each_backup_code_counts_once_however_it_is_typed(app: Flask) -> None:
    _, codes = turn_on()
    assert len(set(codes)) == 10
    assert use(codes[0].upper().replace("-", " ")) == "backup code"
    assert use(codes[0]) is None
    assert two_step.count_backup_codes(db.session(), owner()) == 9


def test_new_backup_codes_make_the_old_ones_worthless(app: Flask) -> None:
    _, old = turn_on()
    with transaction() as session:
        new = two_step.new_backup_codes(session, owner())
    assert use(old[3]) is None
    assert use(new[3]) == "backup code"


def test_neither_secret_nor_codes_are_in_the_database_in_clear(app: Flask) -> None:
    secret, codes = turn_on()
    with db.engine.connect() as connection:
        kept = str(connection.execute(text("SELECT totp_secret FROM staff_members")).scalar())
        kept += str(connection.execute(text("SELECT string_agg(code_hash, ',') FROM staff_backup_codes")).scalar())
        kept += str(connection.execute(text("SELECT string_agg(after::text, ',') FROM audit_entries")).scalar())
    assert secret not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "\0\0\0", "x" * 5000, "-"])
def test_odd_codes_are_wrong_codes(app: Flask, typed: str) -> None:
    turn_on()
    assert use(typed) is None


def test_the_qr_code_needs_no_style_and_no_script(app: Flask) -> None:
    with transaction() as session:
        two_step.begin(session, owner())
    drawn = two_step.draw_qr(two_step.setup_address(owner(), "Fern & Fable <script>"))
    assert drawn.startswith("<svg") and "viewBox" in drawn
    assert "style=" not in drawn and "script" not in drawn


def test_a_lost_encryption_key_does_not_keep_an_owner_from_resetting(app: Flask) -> None:
    turn_on()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE staff_members SET totp_secret = 'gone:unreadable'"))
    db.session.remove()
    with transaction() as session:
        assert two_step.turn_off(session, owner())
    assert owner().totp_on_at is None
