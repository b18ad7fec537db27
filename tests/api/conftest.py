"""A program with a key."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from shop.accounts.api_keys import SCOPES, create_key
from shop.core.transaction import transaction
from shop.extensions import db


class Program:
    """Speaks JSON to /api/v1 with its key, and keeps no cookies."""

    def __init__(self, app: Flask, token: str) -> None:
        self.app, self.token = app, token

    def ask(
        self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None, **kw: Any
    ) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if json is not None:
            kw["json"] = json
        client = self.app.test_client(use_cookies=False)
        answer = contextvars.Context().run(
            client.open, path if path.startswith("/api") else "/api/v1" + path, method=method,
            headers={**sent, **(headers or {})}, **kw,
        )  # fmt: skip
        db.session.remove()
        return answer

    def get(self, path: str, **kw: Any) -> TestResponse:
        return self.ask("GET", path, **kw)

    def post(self, path: str, json: Any = None, **kw: Any) -> TestResponse:
        return self.ask("POST", path, {} if json is None else json, **kw)

    def patch(self, path: str, json: Any, **kw: Any) -> TestResponse:
        return self.ask("PATCH", path, json, **kw)

    def put(self, path: str, **kw: Any) -> TestResponse:
        return self.ask("PUT", path, **kw)

    def delete(self, path: str, **kw: Any) -> TestResponse:
        return self.ask("DELETE", path, **kw)


@pytest.fixture
def with_scopes(app: Flask) -> Callable[..., Program]:
    """with_scopes("orders:read"): a program whose key may do this."""

    def make(*scopes: str, per_minute: int = 100_000, **more: Any) -> Program:
        with transaction() as session:
            _, token = create_key(
                session, name="Warehouse", scopes=scopes or SCOPES, is_test=True, per_minute=per_minute, **more
            )
        assert token is not None
        return Program(app, token)

    return make


@pytest.fixture
def program(with_scopes: Callable[..., Program]) -> Program:
    """It may do everything."""
    return with_scopes()
