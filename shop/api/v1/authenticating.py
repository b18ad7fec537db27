"""`Authorization: Bearer imp_…`, and nothing else: no cookie is looked at here."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request

from shop.accounts.api_keys import find_by_token, is_due_to_note_use, note_use
from shop.accounts.auditing import act_for_this_request
from shop.api.v1.limiting import count_failure
from shop.api.v1.problems import ApiProblem
from shop.core import log
from shop.core.transaction import transaction
from shop.extensions import db


@dataclass(frozen=True)
class Caller:
    """The key as it was when the request came in."""

    id: int
    name: str
    scopes: frozenset[str]
    per_minute: int

    @property
    def who(self) -> str:
        """As stories and the audit log tell it."""
        return f"API key {self.name}"[:80]


def authenticate() -> Caller:
    """The key that the request proves. Raises 401; 429 for an address that has guessed too often."""
    token = bearer_token()
    key = find_by_token(db.session(), token) if token else None
    if key is None or token is None:
        count_failure(request.remote_addr or "unknown")
        raise ApiProblem("unauthorized", "Send Authorization: Bearer with a key that is good.")
    caller = Caller(key.id, key.name, frozenset(key.scopes), key.per_minute)
    g.api_key = caller
    log.bind(api_key=key.id)
    if is_due_to_note_use(key):
        with transaction() as session:
            note_use(session, key, token, request.remote_addr or "")
    act_for_this_request(caller.who)
    return caller


def bearer_token() -> str | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def check_scope(caller: Caller, scope: str) -> None:
    """Raises 403."""
    if scope not in caller.scopes:
        raise ApiProblem("out-of-scope", f"This key lacks the scope {scope}.")
