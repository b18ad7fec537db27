"""A matrix made from the URL map: every address × signed out, each role, no token, another site, the wrong method."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.routing import Rule

from shop.accounts.staff import ROLES
from shop.admin.permissions import ROLE_MAY, May
from shop.core.transaction import transaction
from tests.admin import making
from tests.admin.conftest import Staff

OPEN = {
    "admin.sign_in", "admin.sign_in_now", "admin.sign_in_code", "admin.sign_in_code_now", "admin.sign_out",
    "admin.forgotten", "admin.forgotten_now", "admin.new_password", "admin.new_password_now",
    "admin.invitation", "admin.accept_invitation",
}  # fmt: skip


def rules(app: Flask) -> list[Rule]:
    return [r for r in app.url_map.iter_rules() if r.endpoint.startswith("admin.")]


def addresses(app: Flask, method: str) -> list[tuple[str, str]]:
    return [(r.endpoint, fill(r)) for r in rules(app) if method in (r.methods or set())]


def fill(rule: Rule) -> str:
    values = {
        "number": "AAAA-AAAA", "work_id": "1", "run_id": "1", "decision": "reject", "letter_id": "1", "letter": "shipped",
        "kind": "letters", "row_id": "1", "section": "general", "name": "redis",
        "product_id": "1", "collection_id": "1",
    }  # fmt: skip
    parts = []
    for piece in rule.rule.split("<"):
        if ">" not in piece:
            parts.append(piece)
            continue
        name, rest = piece.split(">", 1)
        parts.append(values.get(name.rpartition(":")[2], "1") + rest)
    return "".join(parts)


def test_every_view_names_its_permission(app: Flask) -> None:
    for rule in rules(app):
        view = app.view_functions[rule.endpoint]
        assert rule.endpoint in OPEN or isinstance(view.staff_permission, May), rule.endpoint  # type: ignore[attr-defined]


def test_a_view_that_changes_something_wants_more_than_looking(app: Flask) -> None:
    own_account = {r.endpoint for r in rules(app) if r.rule.startswith("/admin/account/")}
    for rule in rules(app):
        if "POST" in (rule.methods or set()) and rule.endpoint not in OPEN | own_account:
            assert app.view_functions[rule.endpoint].staff_permission != May.LOOK, rule.endpoint  # type: ignore[attr-defined]


def test_signed_out_sees_nothing(app: Flask, stranger: Staff) -> None:
    for endpoint, path in addresses(app, "GET"):
        if endpoint not in OPEN:
            answer = stranger.get(path)
            assert answer.status_code == 303, path
            assert answer.location.startswith("/admin/sign-in"), path


def test_signed_out_changes_nothing(app: Flask, stranger: Staff) -> None:
    for endpoint, path in addresses(app, "POST"):
        if endpoint not in OPEN:
            assert stranger.post(path).location.startswith("/admin/sign-in"), path


def test_a_signed_out_fragment_sends_the_whole_page(stranger: Staff) -> None:
    answer = stranger.get("/admin/catalog/progress", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/admin/sign-in")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_what_it_may_and_nothing_else(
    app: Flask, staff_as: Callable[[str], Staff], role: str
) -> None:
    someone = staff_as(role)
    with transaction() as session:
        making.letter(session)
        making.catalog_run(session)
    for endpoint, path in [*addresses(app, "GET"), *addresses(app, "POST")]:
        if endpoint in OPEN or "account" in path:
            continue
        is_post = endpoint in {e for e, _ in addresses(app, "POST")} and endpoint not in {"admin.settings"}
        answer = someone.post(path) if is_post else someone.get(path)
        permission = app.view_functions[endpoint].staff_permission  # type: ignore[attr-defined]
        may = permission in ROLE_MAY[role]
        assert (answer.status_code != 403) == may, (role, endpoint, answer.status_code)
        assert answer.status_code < 500, (role, endpoint, answer.text[:500])


def test_every_change_wants_the_token(app: Flask, staff: Staff) -> None:
    for endpoint, path in addresses(app, "POST"):
        answer = staff.bare_post(path)
        assert answer.status_code == (303 if endpoint == "admin.sign_in_now" else 400), path


def test_every_change_refuses_another_site(app: Flask, staff: Staff) -> None:
    for _, path in addresses(app, "POST"):
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            assert staff.post(path, headers=headers).status_code == 403, path


def test_no_change_answers_get(app: Flask, staff: Staff) -> None:
    pages = {path for _, path in addresses(app, "GET")}
    for _, path in addresses(app, "POST"):
        if path not in pages:
            assert staff.get(path).status_code in (404, 405), path


def test_pages_are_private_and_strict(staff: Staff) -> None:
    answer = staff.get("/admin/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_page_that_is_not_there_says_so_in_the_panel(staff: Staff) -> None:
    answer = staff.get("/admin/orders/AAAA-AAAA")
    assert answer.status_code == 404
    assert "There is no order with this number" in answer.text
    assert "admin-nav" in answer.text
