"""The second step of a shopper: a code after the password, once each; what strangers learn, and what helps when the
phone is lost."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.shopper_models import Shopper, ShopperBackupCode
from shop.accounts.signing_in import PER_CODE
from shop.core import clock
from shop.extensions import db
from tests.storefront.account.conftest import PASSWORD, Visitor, letters, link_in, open_account

EMAIL = "ada@example.com"


def secret() -> str:
    db.session.remove()
    found = db.session.execute(select(Shopper.totp_secret).where(Shopper.email == EMAIL)).scalar_one() or ""
    db.session.remove()
    return found


def code(steps: int = 0) -> str:
    """What the phone shows, `steps` half minutes from now."""
    return pyotp.TOTP(secret()).at(int(clock.now().timestamp()) + 30 * steps)


def switch_on(shopper: Visitor) -> list[str]:
    """The backup codes."""
    shopper.get("/account/two-step")
    shopper.post("/account/two-step/begin")
    page = shopper.get("/account/two-step").text
    assert "<svg" in page and secret()[:4] in page
    answer = shopper.post("/account/two-step/confirm", {"code": code(-1)})
    assert answer.status_code == 200, answer.text
    found = re.findall(r"<code>([0-9a-z-]{14})</code>", html.unescape(answer.text))
    assert len(found) == 10
    return found


def password(app: Flask, **form: str) -> tuple[Visitor, Any]:
    visitor = Visitor(app)
    visitor.get("/account/sign-in")
    return visitor, visitor.post("/account/sign-in", {"email": EMAIL, "password": PASSWORD, **form})


def test_a_code_is_asked_after_the_password_and_counts_once(app: Flask, shopper: Visitor) -> None:
    switch_on(shopper)
    assert letters("account_security")[-1][2]["change"] == "two_step_on"
    one, answer = password(app, next="/account/addresses")
    assert answer.location == "/account/sign-in/code" and not one.is_in()
    one.get("/account/sign-in/code")
    for wrong in ("", "١٢٣٤٥٦", "x" * 500, "0\0", code(-1), code(-9)):
        assert one.post("/account/sign-in/code", {"code": wrong}).status_code == 401, wrong
    now = code()
    two, _ = password(app)
    two.get("/account/sign-in/code")
    assert one.post("/account/sign-in/code", {"code": f"{now[:3]} {now[3:]}"}).location == "/account/addresses"
    assert two.post("/account/sign-in/code", {"code": now}).status_code == 401, "seen over a shoulder"
    assert one.is_in() and not two.is_in()
    assert "Password and code" in one.get("/account/security").text


def test_the_password_form_says_no_more_than_before(app: Flask, shopper: Visitor) -> None:
    switch_on(shopper)
    open_account("eve@example.com")
    said = set()
    for email in (EMAIL, "eve@example.com", "nobody@example.com"):
        visitor, answer = password(app, email=email, password="not the right one")
        said.add((answer.status_code, answer.text.replace(visitor.token, "").replace(email, "")))
    assert len(said) == 1
    assert Visitor(app).get("/account/sign-in/code").location == "/account/sign-in"


def test_guessing_codes_ends_soon(app: Flask, shopper: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_on(shopper)
    thief, _ = password(app)
    thief.get("/account/sign-in/code")
    answers = [thief.post("/account/sign-in/code", {"code": f"{n:06}"}).status_code for n in range(PER_CODE + 1)]
    assert 429 in answers and answers[0] == 401 and answers[-1] == 429
    assert thief.post("/account/sign-in/code", {"code": code()}).status_code == 429


def test_half_way_ends_with_time_and_with_what_changes(app: Flask, shopper: Visitor, monkeypatch: Any) -> None:
    switch_on(shopper)
    late, _ = password(app)
    changed, _ = password(app)
    late.get("/account/sign-in/code")
    now = clock.now()
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: now + timedelta(minutes=11))
        assert late.post("/account/sign-in/code", {"code": code()}).location == "/account/sign-in"
    visitor = Visitor(app)
    visitor.get("/account/forgotten")
    visitor.post("/account/forgotten", {"email": EMAIL})
    link = link_in("account_reset", "reset_url")
    visitor.get(link)
    visitor.post(link, {"password": "a new one, quite long"})
    assert changed.get("/account/sign-in/code").location == "/account/sign-in"
    _, answer = password(app, password="a new one, quite long")
    assert answer.location == "/account/sign-in/code", "a new password by letter does not go round the phone"


def test_backup_codes_stand_in_for_a_lost_phone_once_each(app: Flask, shopper: Visitor) -> None:
    first, second, *_ = switch_on(shopper)
    db.session.remove()
    hashes = db.session.execute(select(ShopperBackupCode.code_hash)).scalars().all()
    assert len(hashes) == 10 and not any(first.replace("-", "") in kept for kept in hashes)
    phoneless, _ = password(app)
    phoneless.get("/account/sign-in/code")
    assert phoneless.post("/account/sign-in/code", {"code": first.upper()}).status_code == 303
    assert "9 are left" in phoneless.get("/account").text
    again, _ = password(app)
    again.get("/account/sign-in/code")
    assert again.post("/account/sign-in/code", {"code": first}).status_code == 401
    answer = phoneless.post("/account/two-step/codes", {"codes_proof": PASSWORD})
    assert answer.status_code == 200 and second not in answer.text
    assert again.post("/account/sign-in/code", {"code": second}).status_code == 401, (
        "those from before are worth nothing"
    )


def test_switching_off_wants_the_password_or_a_code(app: Flask, shopper: Visitor) -> None:
    switch_on(shopper)
    shopper.get("/account/two-step")
    for wrong in ("", "nonsense nonsense", "000000"):
        assert shopper.post("/account/two-step/off", {"off_proof": wrong}).status_code == 422
    assert shopper.post("/account/two-step/off", {"off_proof": code()}).status_code == 303
    assert [facts["change"] for *_, facts in letters("account_security")] == ["two_step_on", "two_step_off"]
    assert password(app)[1].location == "/account"
    assert shopper.post("/account/two-step/off", {"off_proof": PASSWORD}).status_code == 409
    switch_on(shopper)
    assert shopper.post("/account/two-step/begin").status_code == 409, "nobody gets another secret while it is on"
    assert shopper.post("/account/two-step/off", {"off_proof": PASSWORD}).status_code == 303
