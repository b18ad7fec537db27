"""A shopper's browser without JavaScript, and the letters that were written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from shop.accounts import signing_in
from shop.accounts.passwords import hash_password
from shop.accounts.shopper_models import Shopper, ShopperRegistration
from shop.accounts.shoppers.registering import confirm_registration, note_registration
from shop.accounts.shoppers.sessions import start_session
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.sealing import open_sealed
from shop.extensions import db, limiter
from tests.admin.conftest import TOKEN, Staff

PASSWORD = "seven green bottles"
_hash: list[str] = []


class Visitor(Staff):
    """A browser in the shop; `post` takes its token from the page before."""

    def post(self, path: str, data: dict[str, Any] | None = None, **kw: Any) -> TestResponse:
        if not self.token:
            self.get("/account/sign-in")
        answer = self._open(path, method="POST", data={"csrf_token": self.token, **(data or {})}, **kw)
        found = TOKEN.search(answer.text)
        self.token = found[1] if found else ""
        db.session.remove()
        return answer

    def known_as(self, email: str) -> Visitor:
        with transaction() as session:
            shopper = session.execute(select(Shopper).where(Shopper.email == email)).scalar_one()
            token = start_session(session, shopper, "127.0.0.1", "a test")
        self.client.set_cookie("shopper", token)
        return self

    @property
    def session_token(self) -> str:
        cookie = self.client.get_cookie("shopper")
        return cookie.value if cookie else ""

    def is_in(self) -> bool:
        return self.get("/account").status_code == 200


def password_hash() -> str:
    if not _hash:
        _hash.append(hash_password(PASSWORD))
    return _hash[0]


def open_account(email: str, name: str = "Ada Byron") -> int:
    """Registered and confirmed, without the slow parts; returns the account's id."""
    with transaction() as session:
        _, token = note_registration(session, email, password_hash(), name, "en")
    with transaction() as session:
        return confirm_registration(session, token, PASSWORD).id


def letters(kind: str = "") -> list[tuple[str, str, dict[str, Any]]]:
    """[(letter, to, facts with their links)], oldest first."""
    db.session.remove()
    rows = db.session.execute(select(Letter).order_by(Letter.id)).scalars().all()
    found = [(row.letter, row.to_email, open_sealed(row.facts)) for row in rows if not kind or row.letter == kind]
    db.session.remove()
    return found


def link_in(kind: str, fact: str, to: str = "") -> str:
    """The path of the newest letter's link."""
    found = [facts[fact] for letter, email, facts in letters(kind) if not to or email == to]
    return re.sub(r"^https?://[^/]+", "", found[-1])


def count(table: Any = ShopperRegistration) -> int:
    db.session.remove()
    return len(db.session.execute(select(table.id)).all())


@pytest.fixture(autouse=True)
def _no_tries_yet() -> Iterator[None]:
    signing_in.forget_tries()
    limiter.reset()
    yield


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def shopper(app: Flask) -> Visitor:
    open_account("ada@example.com")
    return Visitor(app).known_as("ada@example.com")


@pytest.fixture
def another(app: Flask) -> Callable[[str], Visitor]:
    def make(email: str) -> Visitor:
        open_account(email, "Another One")
        return Visitor(app).known_as(email)

    return make
