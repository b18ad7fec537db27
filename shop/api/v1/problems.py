"""Everything that goes wrong below /api/v1 is told as application/problem+json (RFC 9457).

`type` is stable and names the kind; `detail` is for people and may change; `errors` names each wrong part.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from flask import Response, current_app, g
from msgspec import Struct
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.api_answers import InProgress, UsedForAnother
from shop.core import log
from shop.errors import InvalidInput, OutsideError, RateLimited, ShopError
from shop.guards import ForeignOrigin

logger = log.get_logger("api")


class WrongPart(Struct):
    """One part of the request that is not as it must be."""

    where: str
    """body, query, header or path"""
    name: str
    """The field, with dots into what is nested: `price.amount_minor`"""
    detail: str


class Problem(Struct, omit_defaults=True):
    """What went wrong."""

    type: str
    title: str
    status: int
    detail: str
    reference: str
    """Name this when you ask us about it; it is the `X-Request-Id` too."""
    errors: list[WrongPart] = []


class ApiProblem(ShopError):
    """Raised by the machinery of the API itself."""

    def __init__(
        self, kind: str, detail: str = "", errors: list[WrongPart] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.kind, self.errors, self.headers = kind, errors or [], headers or {}
        self.status = KINDS[kind][0]
        super().__init__(detail or KINDS[kind][1])


#: kind → (status, title, when it happens): the documentation lists them
KINDS: dict[str, tuple[int, str, str]] = {
    "malformed": (400, "The request cannot be read", "The body is not JSON, or not HTTP as it should be."),
    "unauthorized": (401, "A key is needed", "No key, or one that is unknown, replaced, expired or revoked."),
    "out-of-scope": (403, "This key may not do that", "The key lacks the scope that the operation needs."),
    "foreign-origin": (403, "This request came from another site", "A browser sent it from a page of another site."),
    "not-found": (404, "Not found", "There is nothing at this address, or no such thing."),
    "method-not-allowed": (405, "This address answers other methods", "`Allow` names them."),
    "not-acceptable": (406, "Only JSON is spoken here", "`Accept` does not take application/json."),
    "conflict": (409, "This is not possible now", "The state of the thing forbids it; `detail` says why."),
    "in-progress": (409, "Still under way", "The first request with this Idempotency-Key has not ended yet."),
    "changed-meanwhile": (412, "It changed meanwhile", "`If-Match` names another version than the present one."),
    "too-large": (413, "The body is too large", "At most 512 KiB."),
    "unsupported-media": (415, "The body must be JSON", "`Content-Type` is not application/json."),
    "invalid": (422, "Please check what you sent", "Something does not fit its description; `errors` names it."),
    "key-reused": (422, "The Idempotency-Key was used before", "With another method, address or body."),
    "too-many": (429, "Too many requests", "`Retry-After` says when to go on."),
    "internal": (500, "Something broke on our side", "Nothing was half done. The reference helps us to find it."),
    "provider-refused": (502, "Another service did not answer as it should", "Stripe or the print provider refused."),
    "provider-unavailable": (503, "Another service cannot be reached", "Try again later; repeat with the same key."),
}
_BY_STATUS = {
    400: "malformed", 401: "unauthorized", 403: "out-of-scope", 404: "not-found", 405: "method-not-allowed",
    406: "not-acceptable", 409: "conflict", 412: "changed-meanwhile", 413: "too-large", 415: "unsupported-media",
    422: "invalid", 429: "too-many", 500: "internal", 502: "provider-refused", 503: "provider-unavailable",
}  # fmt: skip


def answer(error: Exception) -> BaseResponse:
    """The problem that an error is. Unknown errors show a reference, never their text."""
    if isinstance(error, ApiProblem):
        return _respond(error.kind, error.user_message, error.errors, error.headers)
    if isinstance(error, ShopError):
        return _of_the_shop(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    logger.exception("unhandled error", exc_info=error)
    return _respond("internal")


def _of_the_shop(error: ShopError) -> BaseResponse:
    if isinstance(error, ForeignOrigin):
        return _respond("foreign-origin", error.user_message)
    if isinstance(error, InProgress):
        return _respond("in-progress", error.user_message, headers={"Retry-After": "1"})
    if isinstance(error, UsedForAnother):
        return _respond("key-reused", error.user_message)
    if isinstance(error, InvalidInput):
        return _respond("invalid", error.user_message, [WrongPart("body", n, str(d)) for n, d in error.fields.items()])
    headers = {"Retry-After": "30"} if isinstance(error, RateLimited) or error.status == 503 else {}
    if isinstance(error, OutsideError):
        return _respond(_BY_STATUS.get(error.status, "provider-refused"), error.user_message, headers=headers)
    return _respond(_BY_STATUS.get(error.status, "conflict"), error.user_message)


def _of_http(error: HTTPException) -> BaseResponse:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(set(error.valid_methods)))
    if isinstance(error, RequestEntityTooLarge):
        headers["Connection"] = "close"
    kind = _BY_STATUS.get(code, "malformed" if code < 500 else "internal")
    return _respond(kind, headers=headers)


def _respond(
    kind: str, detail: str = "", errors: list[WrongPart] | None = None, headers: dict[str, str] | None = None
) -> Response:
    status, title, when = KINDS[kind]
    where = current_app.config["IMPRINT"].public_url.rstrip("/")
    body = Problem(
        type=f"{where}/api/v1/docs#problem-{kind}",
        title=title,
        status=status,
        detail=str(detail) or when.replace("`", ""),  # msgspec takes no text that knows more (words.py)
        reference=g.get("request_id", ""),
        errors=errors or [],
    )
    found = Response(msgspec.json.encode(body), status, mimetype="application/problem+json")
    found.headers.extend(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        found.headers["WWW-Authenticate"] = 'Bearer realm="api", error="invalid_token"'
    found.headers["Cache-Control"] = "no-store"
    return found
