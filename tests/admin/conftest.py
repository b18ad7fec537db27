"""Somebody at the panel: a signed-in browser without JavaScript, and a way to count statements."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from shop.accounts import signing_in
from shop.accounts.sessions import start_session
from shop.accounts.staff import add_staff, find_staff
from shop.core.transaction import transaction
from shop.extensions import db
from tests.conftest import ADMIN_PASSWORD

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PASSWORD = "seven green bottles"


class Staff:
    """A browser at the panel. `post` takes its token from the page before, as a form does."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.token = ""

    def get(self, path: str, **kw: Any) -> TestResponse:
        answer = self._open(path, method="GET", **kw)
        found = TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        if found:
            self.token = found[1]
        db.session.remove()
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **kw: Any) -> TestResponse:
        if not self.token:
            self.get("/admin/sign-in")
        answer = self._open(path, method="POST", data={"csrf_token": self.token, **(data or {})}, **kw)
        found = TOKEN.search(answer.text)
        if found:
            self.token = found[1]
        db.session.remove()
        return answer

    def bare_post(self, path: str, **kw: Any) -> TestResponse:
        """Without a token."""
        return self._open(path, method="POST", **kw)

    def _open(self, path: str, **kw: Any) -> TestResponse:
        """In a context of its own: inside the test's app context all requests would share one `g`, and so one user."""
        return contextvars.Context().run(self.client.open, path, **kw)

    def press(self, path: str, data: dict[str, Any] | None = None) -> str:
        """Post, follow the redirect, and return the page."""
        answer = self.post(path, data)
        assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:800]}"
        return self.get(answer.location.split("#")[0]).text

    def known_as(self, email: str) -> Staff:
        """Signed in without the form."""
        with transaction() as session:
            member = find_staff(session, email)
            assert member is not None
            cookie_id = start_session(session, member, "127.0.0.1", "a test")
        with self.client.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = cookie_id, True
        assert self.get("/admin/account").status_code == 200
        return self

    def sign_in(self, email: str = "admin@example.com", password: str = ADMIN_PASSWORD) -> TestResponse:
        self.get("/admin/sign-in")
        answer = self.post("/admin/sign-in", {"email": email, "password": password})
        self.token = ""
        if answer.status_code == 303:
            self.get("/admin/account")
        return answer


@pytest.fixture(autouse=True)
def _no_tries_yet() -> Iterator[None]:
    signing_in.forget_tries()
    yield


@pytest.fixture
def stranger(app: Flask) -> Staff:
    return Staff(app)


@pytest.fixture
def staff(app: Flask) -> Staff:
    """The owner, signed in (by a cookie: hashing a password for each test would take long)."""
    return Staff(app).known_as("admin@example.com")


@pytest.fixture
def staff_as(app: Flask) -> Callable[[str], Staff]:
    """Somebody with another role, signed in: staff_as("viewer")."""

    def make(role: str) -> Staff:
        with transaction() as session:
            add_staff(session, f"{role}@example.com", PASSWORD, name=role.title(), role=role)
        return Staff(app).known_as(f"{role}@example.com")

    return make


@contextmanager
def counting() -> Iterator[list[str]]:
    """Every statement sent meanwhile, but for the look at the store's versions, which depends on the clock."""
    seen: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        if "store_state" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
