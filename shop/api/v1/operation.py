"""One operation of the API: its address, scope and types, from which it is served, checked and documented.

    @operation("GET", "/orders/<int:order_id>", "orders:read")
    def get_order(call: Call[Query, None], order_id: int) -> Answer[Order]: …

The types in the signature are the only description: query, body and answer are validated and documented from them.
"""

from __future__ import annotations

import functools
import hashlib
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
from flask import Blueprint, Response, request
from msgspec import Struct
from sqlalchemy.orm import Session

from shop.accounts import api_answers
from shop.accounts.api_answers import Kept, Ticket
from shop.api.v1.authenticating import Caller, authenticate, check_scope
from shop.api.v1.limiting import count_request
from shop.api.v1.problems import ApiProblem, WrongPart
from shop.api.v1.reading import MOST_BYTES, check_accept, read_body, read_query
from shop.core.transaction import transaction
from shop.extensions import db

Q = TypeVar("Q")
B = TypeVar("B")
T = TypeVar("T")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEY_SIGNS = (8, 255)  # an Idempotency-Key: visible ASCII

bp = Blueprint("v1", __name__, url_prefix="/v1")


@dataclass
class Answer(Generic[T]):
    """`body` None: 204."""

    body: T | None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @functools.cached_property
    def raw(self) -> bytes:
        return b"" if self.body is None else msgspec.json.encode(self.body)

    def kept(self) -> Kept:
        headers = dict(self.headers)
        if self.body is not None:
            headers.setdefault("ETag", f'"{version_of(self.raw)}"')
        return Kept(self.status if self.body is not None else 204, headers, self.raw)


@dataclass
class Call(Generic[Q, B]):
    """One request that was let in and understood."""

    key: Caller
    query: Q
    body: B
    ticket: Ticket | None = None
    is_kept: bool = False

    @property
    def who(self) -> str:
        return self.key.who

    def must_match(self, present: Struct) -> None:
        """`If-Match` names the version that the caller has seen. Raises 412 when it is another one."""
        wanted = request.headers.get("If-Match")
        if wanted is None:
            return
        if not request.if_match.contains(version_of(msgspec.json.encode(present))):
            raise ApiProblem("changed-meanwhile", "It was changed since you read it. Read it again.")

    def keep(self, session: Session, answer: Answer[T]) -> Answer[T]:
        """Keep the answer for repeats in the very transaction of the change."""
        if self.ticket is not None:
            api_answers.keep(session, self.ticket, answer.kept())
            self.is_kept = True
        return answer


@dataclass(frozen=True)
class Operation:
    """What is known of it beforehand."""

    method: str
    rule: str
    scope: str
    view: Callable[..., Answer[Any]]
    query: type[Struct]
    body: type[Struct] | None
    answer: type[Struct] | None
    status: int
    needs_key: bool  # Idempotency-Key
    versioned: bool  # If-Match
    fails: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def is_write(self) -> bool:
        return self.method in WRITES


OPERATIONS: list[Operation] = []
View = Callable[..., Answer[Any]]


def operation(
    method: str,
    rule: str,
    scope: str,
    *,
    status: int = 200,
    needs_key: bool = False,
    versioned: bool = False,
    fails: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Serve the view at this address. `fails`: kinds of problems (problems.KINDS) beside those every one may have."""

    def register(view: View) -> View:
        hints = typing.get_type_hints(view)
        query, body = typing.get_args(hints["call"])
        (answers,) = typing.get_args(hints["return"])
        found = Operation(
            method=method,
            rule=rule,
            scope=scope,
            view=view,
            query=query,
            body=None if body is type(None) else body,
            answer=None if answers is type(None) else answers,
            status=204 if answers is type(None) else status,
            needs_key=needs_key,
            versioned=versioned,
            fails=fails,
        )
        OPERATIONS.append(found)

        @functools.wraps(view)
        def serve(**where: Any) -> Response:
            return _perform(found, where)

        serve.api_scope = scope  # type: ignore[attr-defined]
        bp.add_url_rule(rule, view.__name__, serve, methods=[method], provide_automatic_options=False)
        return view

    return register


def version_of(raw: bytes) -> str:
    """A strong version: of the very bytes."""
    return hashlib.sha256(raw).hexdigest()[:32]


def _perform(found: Operation, where: dict[str, Any]) -> Response:
    request.max_content_length = MOST_BYTES
    key = authenticate()
    count_request(key.id, key.per_minute)
    check_scope(key, found.scope)
    check_accept()
    call: Call[Any, Any] = Call(
        key=key,
        query=read_query(found.query, request.args),
        body=read_body(found.body) if found.body else None,
    )
    if not found.is_write:
        return _respond(found.view(call, **where).kept())
    again = _begin(found, call)
    if again is not None:
        return _respond(again, replayed=True)
    try:
        answer = found.view(call, **where)
    except Exception:
        _let_go(call)
        raise
    if not call.is_kept and call.ticket is not None:
        with transaction() as session:
            call.keep(session, answer)
    return _respond(answer.kept())


def _begin(found: Operation, call: Call[Any, Any]) -> Kept | None:
    """Take the Idempotency-Key; the answer of the first one for a repeat."""
    name = request.headers.get("Idempotency-Key")
    if name is None:
        if found.needs_key:
            raise _wrong_key("is missing: money moves once for each key; a random UUID is best")
        return None
    if not KEY_SIGNS[0] <= len(name) <= KEY_SIGNS[1] or not all("!" <= sign <= "~" for sign in name):
        raise _wrong_key(f"must have {KEY_SIGNS[0]} to {KEY_SIGNS[1]} visible ASCII signs; a random UUID is best")
    asked = api_answers.Asked(
        api_key_id=call.key.id,
        key=name,
        method=request.method,
        path=request.full_path.rstrip("?"),
        body_hash=hashlib.sha256(request.get_data()).hexdigest(),
    )
    with transaction() as session:
        begun = api_answers.begin(session, asked)
    if isinstance(begun, Kept):
        return begun
    call.ticket = begun
    return None


def _wrong_key(why: str) -> ApiProblem:
    part = WrongPart("header", "Idempotency-Key", why)
    return ApiProblem("invalid", f"Idempotency-Key {why}.", [part])


def _let_go(call: Call[Any, Any]) -> None:
    """It failed: the key is free again, unless the change itself was committed with its answer."""
    if call.ticket is not None and not call.is_kept:
        db.session.rollback()
        with transaction() as session:
            api_answers.forget(session, call.ticket)


def _respond(kept: Kept, replayed: bool = False) -> Response:
    response = Response(kept.body, kept.status, mimetype="application/json")
    if kept.status == 204:
        response.headers.pop("Content-Type", None)
    response.headers.extend(kept.headers)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Authorization")
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    if request.method in ("GET", "HEAD"):
        response.make_conditional(request)
    return response
