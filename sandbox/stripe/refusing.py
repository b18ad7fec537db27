"""How Stripe says no. Source: contracts/stripe.md §10."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer of the shape ``{"error": {...}}``.

    ``stored`` says whether an idempotency key keeps it: failures before the work began are never kept.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        stored: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.stored = stored
        error: dict[str, Any] = {"message": message, "type": kind}
        if code:
            error["code"] = code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param:
            error["param"] = param
        error.update({key: value for key, value in more.items() if value is not None})
        self.error = error


def missing(kind: str, id_: str, param: str = "id") -> Refusal:
    """404: no such object. Also used (as 400) when a parameter names one, see ``unknown_reference``."""
    return Refusal(f"No such {kind}: '{id_}'", status=404, code="resource_missing", param=param)


def unknown_reference(kind: str, id_: str, param: str) -> Refusal:
    """400: a parameter names an object that does not exist."""
    return Refusal(f"No such {kind}: '{id_}'", code="resource_missing", param=param)


def required(param: str) -> Refusal:
    return Refusal(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(param: str) -> Refusal:
    return Refusal(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
