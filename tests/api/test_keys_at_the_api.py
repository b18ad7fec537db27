"""Who gets in: a matrix made from the URL map, of every operation × no key, bad keys, each scope."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.api_keys import SCOPES, find_key, revoke_key, rotate_key
from shop.accounts.api_models import ApiKey
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from tests.admin import making
from tests.admin.conftest import counting
from tests.api.conftest import Program

OPEN = {"api.v1.document", "api.v1.docs"}


def operations(app: Flask) -> list[tuple[str, str, str]]:
    """(method, path, scope) of every address below /api/v1."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api.v1.") and rule.endpoint not in OPEN:
            scope = app.view_functions[rule.endpoint].api_scope  # type: ignore[attr-defined]
            path = re.sub(r"<[^>]+>", "999999", rule.rule)
            found += [(method, path, scope) for method in rule.methods or () if method not in ("HEAD", "OPTIONS")]
    return found


def the_key() -> ApiKey:
    db.session.remove()
    return db.session.execute(select(ApiKey)).scalar_one()


def test_every_operation_names_a_scope_that_exists(app: Flask) -> None:
    found = operations(app)
    assert len(found) >= 25
    for method, path, scope in found:
        assert scope in SCOPES
        assert scope.endswith(":read") == (method == "GET"), (method, path)


def test_without_a_good_key_nothing_is_answered(app: Flask) -> None:
    bad = [
        "",
        "x",
        "imp_live_aaaaaaaaaaaa_" + "b" * 43,
        "imp_test_" + "é" * 12 + "_b",
        "imp_live_" + "a" * 500,
        "sk_test_1_2",
    ]
    for method, path, _ in operations(app):
        for token in bad:
            answer = Program(app, token).ask(method, path)
            assert answer.status_code == 401, (method, path, token)
            assert answer.mimetype == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Set-Cookie" not in answer.headers


def test_each_scope_opens_its_own_operations_and_no_other(app: Flask, with_scopes: Callable[..., Program]) -> None:
    for scope in SCOPES:
        program = with_scopes(scope)
        held = {scope, scope.replace(":write", ":read")}
        for method, path, wanted in operations(app):
            answer = program.ask(method, path, None if method in ("GET", "DELETE", "PUT") else {})
            assert (answer.status_code == 403) == (wanted not in held), (scope, method, path, answer.text)
            assert answer.status_code < 500, (method, path, answer.text)


def test_a_signed_in_browser_without_a_key_is_nobody_here(app: Flask) -> None:
    from tests.admin.conftest import Staff

    staff = Staff(app).known_as("admin@example.com")
    assert staff.get("/api/v1/orders").status_code == 401
    assert staff.bare_post("/api/v1/refunds", json={}).status_code == 401


def test_another_site_is_refused_without_a_key_and_a_key_needs_no_origin(app: Flask, program: Program) -> None:
    theirs = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = Program(app, "").post("/collections", {"title": "Theirs"}, headers=theirs)
    assert answer.status_code == 403 and answer.json["type"].endswith("#problem-foreign-origin")
    assert program.post("/collections", {"title": "Ours"}, headers=theirs).status_code == 201


def test_a_revoked_or_expired_key_is_no_good(with_scopes: Callable[..., Program]) -> None:
    program = with_scopes("orders:read", expires_at=clock.now() + timedelta(days=1))
    assert program.get("/orders").status_code == 200
    clock.advance(timedelta(days=1, seconds=1))
    assert program.get("/orders").status_code == 401
    clock.fix(None)
    assert program.get("/orders").status_code == 200
    key_id = the_key().id
    with transaction() as session:
        key = find_key(session, key_id, to_change=True)
        assert key is not None and revoke_key(session, key) and not revoke_key(session, key)
    assert program.get("/orders").status_code == 401


def test_after_a_rotation_the_old_token_is_good_for_the_chosen_hours(app: Flask, program: Program) -> None:
    key_id = the_key().id
    with transaction() as session:
        key = find_key(session, key_id, to_change=True)
        assert key is not None
        token = rotate_key(session, key, generation=1, overlap_hours=6)
    new = Program(app, token)
    assert (program.get("/orders").status_code, new.get("/orders").status_code) == (200, 200)
    clock.advance(timedelta(hours=6, seconds=1))
    assert (program.get("/orders").status_code, new.get("/orders").status_code) == (401, 200)


def test_a_rotation_without_overlap_ends_the_old_token_at_once(app: Flask, program: Program) -> None:
    key_id = the_key().id
    with transaction() as session:
        key = find_key(session, key_id, to_change=True)
        assert key is not None
        token = rotate_key(session, key, generation=1, overlap_hours=0)
    assert program.get("/orders").status_code == 401
    assert Program(app, token).get("/orders").status_code == 200


def test_the_database_holds_no_token(program: Program) -> None:
    secret = program.token.split("_", 3)[3]
    row = the_key()
    assert secret not in str([getattr(row, column.name) for column in ApiKey.__table__.c])
    assert row.last_signs == program.token[-4:]


def test_use_is_noted_at_most_once_a_minute(program: Program) -> None:
    program.get("/orders")
    first = the_key().last_used_at
    assert first is not None and the_key().last_used_ip == "127.0.0.1"
    with counting() as statements:
        program.get("/orders")
    assert not [s for s in statements if s.startswith("UPDATE")]
    clock.advance(timedelta(seconds=61))
    program.get("/orders")
    later = the_key().last_used_at
    assert later is not None and later > first


def test_a_key_has_its_requests_of_the_minute_and_is_told_so(with_scopes: Callable[..., Program]) -> None:
    program, other = with_scopes("orders:read", per_minute=3), with_scopes("orders:read", per_minute=3)
    answers = [program.get("/orders") for _ in range(5)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"key";q=3;w=60'
    assert re.fullmatch(r'"key";r=2;t=\d+', answers[0].headers["RateLimit"])
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].json["type"].endswith("#problem-too-many")
    assert other.get("/orders").status_code == 200


def test_guessing_is_throttled_by_address(app: Flask) -> None:
    seen = {Program(app, "imp_live_aaaaaaaaaaaa_guess").get("/orders").status_code for _ in range(310)}
    assert seen == {401, 429}


@pytest.mark.parametrize("path", ["/nowhere", "/orders/x", "/orders/12345678901234567890", "/"])
def test_what_is_not_there_is_a_problem_too(program: Program, path: str) -> None:
    answer = program.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_change_is_written_down_as_the_keys(program: Program) -> None:
    from shop.accounts.audit_models import AuditEntry

    with transaction() as session:
        product_id = making.product(session).id
    assert program.patch(f"/products/{product_id}", {"title": "Tide tee"}).status_code == 200
    entry = db.session.execute(select(AuditEntry).where(AuditEntry.who == "API key Warehouse")).scalars().one()
    assert entry.subject == f"product {product_id}" and entry.after["title"] == "Tide tee"
