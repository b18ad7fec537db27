"""API keys in the panel: a token is seen once, a form makes one key, bad forms come back with what was typed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.api_keys import create_key
from shop.accounts.api_models import ApiKey
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from tests.admin.conftest import Staff, counting
from tests.api.conftest import Program

TOKEN = re.compile(r"imp_test_[a-z2-9]{12}_[A-Za-z0-9_-]{43}")
FORM = {"name": "Warehouse", "may-orders": "write", "may-products": "read", "lives": "90", "per_minute": "120"}


def created(staff: Staff, **more: str) -> str:
    """The token."""
    form_key = re.search(r'name="form_key" value="([^"]+)"', staff.get("/admin/developers/keys/new").text)
    assert form_key
    answer = staff.post("/admin/developers/keys/new", {**FORM, "form_key": form_key[1], **more})
    assert answer.status_code == 200, answer.text
    found = TOKEN.search(answer.text)
    assert found
    return found[0]


def key() -> ApiKey:
    db.session.remove()
    return db.session.execute(select(ApiKey)).scalar_one()


def test_a_token_is_shown_once_and_opens_what_was_chosen(app: Flask, staff: Staff) -> None:
    token = created(staff)
    row = key()
    assert row.scopes == ["products:read", "orders:read", "orders:write"]
    assert row.expires_at is not None and row.expires_at - clock.now() > timedelta(days=89)
    assert (row.created_by, row.per_minute) == ("Owner", 120)
    program = Program(app, token)
    assert program.get("/orders").status_code == 200 and program.get("/customers").status_code == 403
    for page in ("/admin/developers", f"/admin/developers/keys/{row.id}"):
        text = staff.get(page).text
        assert "Warehouse" in text and row.last_signs in text
        assert token not in text and token.split("_", 3)[3] not in text
    assert "127.0.0.1" in text


def test_the_same_form_sent_twice_makes_one_key(staff: Staff) -> None:
    created(staff, form_key="the very same form")
    answer = staff.post("/admin/developers/keys/new", {**FORM, "form_key": "the very same form"})
    assert answer.status_code == 303
    assert "created already" in staff.get(answer.location).text
    assert key().name == "Warehouse"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "The name is missing"),
        ({"name": "x" * 81}, "too long"),
        ({"name": "\x00"}, "The name is missing"),
        ({"may-orders": "none", "may-products": "none"}, "Choose at least one thing"),
        ({"may-orders": "everything"}, "Choose one of the options"),
        ({"lives": "1000000"}, "choose one of the options"),
        ({"per_minute": "0"}, "must be a whole number from 10 to 6000"),
        ({"per_minute": "many"}, "must be a whole number"),
    ],
)
def test_a_wrong_form_comes_back_with_what_was_typed(staff: Staff, wrong: dict[str, str], message: str) -> None:
    answer = staff.post("/admin/developers/keys/new", {**FORM, **wrong})
    assert answer.status_code == 422
    assert message in answer.text
    assert 'value="120"' in answer.text or "per_minute" in wrong
    assert db.session.execute(select(ApiKey)).first() is None


def test_a_rotation_shows_a_new_token_and_its_form_rotates_once(app: Flask, staff: Staff) -> None:
    old = created(staff)
    path = f"/admin/developers/keys/{key().id}"
    answer = staff.post(f"{path}/rotate", {"generation": "1", "overlap": "6"})
    found = TOKEN.search(answer.text)
    assert answer.status_code == 200 and found and found[0] != old
    assert Program(app, old).get("/orders").status_code == Program(app, found[0]).get("/orders").status_code == 200
    again = staff.post(f"{path}/rotate", {"generation": "1", "overlap": "0"})
    assert again.status_code == 303 and "was rotated meanwhile" in staff.get(again.location).text
    assert Program(app, found[0]).get("/orders").status_code == 200
    assert "choose one of the options" in staff.press(f"{path}/rotate", {"generation": "2", "overlap": "25"})
    assert key().generation == 2


def test_revoking_asks_once_and_ends_the_key(app: Flask, staff: Staff) -> None:
    token = created(staff)
    path = f"/admin/developers/keys/{key().id}"
    assert "Tick the box" in staff.press(f"{path}/revoke")
    assert Program(app, token).get("/orders").status_code == 200
    assert "is revoked" in staff.press(f"{path}/revoke", {"sure": "1"})
    assert Program(app, token).get("/orders").status_code == 401
    assert "was revoked already" in staff.press(f"{path}/revoke", {"sure": "1"})
    assert "revoked or expired" in staff.press(f"{path}/rotate", {"generation": "1", "overlap": "0"})


def test_what_staff_do_with_keys_is_written_down_without_the_token(staff: Staff) -> None:
    from shop.accounts.audit_models import AuditEntry

    token = created(staff)
    staff.post(f"/admin/developers/keys/{key().id}/rotate", {"generation": "1", "overlap": "6"})
    staff.post(f"/admin/developers/keys/{key().id}/revoke", {"sure": "1"})
    entries = db.session.execute(select(AuditEntry).where(AuditEntry.subject.ilike("api key%"))).scalars().all()
    assert len(entries) >= 3
    told = " ".join(f"{e.subject} {e.before} {e.after}" for e in entries)
    assert "orders:write" in told and token.split("_", 3)[3] not in told
    assert not re.search(r"[0-9a-f]{64}", told)


def test_the_list_asks_as_much_for_many_keys_as_for_few(staff: Staff) -> None:
    def fill(n: int) -> None:
        with transaction() as session:
            for i in range(n):
                create_key(session, name=f"Key {i}", scopes=["orders:read"], is_test=True)

    def cost() -> int:
        with counting() as statements:
            assert staff.get("/admin/developers").status_code == 200
        return len(statements)

    fill(5)
    few = cost()
    fill(15)
    assert cost() == few


def test_a_role_without_it_sees_no_keys(staff_as: Any) -> None:
    assert staff_as("support").get("/admin/developers").status_code == 403
