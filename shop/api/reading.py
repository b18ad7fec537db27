"""Read a JSON body from outside."""

from __future__ import annotations

from typing import Any

import orjson
from flask import request

from shop.errors import InvalidInput


def json_body() -> dict[str, Any]:
    """The body as an object. Raises InvalidInput when it is not JSON, or not an object."""
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise InvalidInput("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object.")
    return body


def text_of(body: dict[str, Any], name: str, *, most: int, default: str = "") -> str:
    """A text field, bounded. Raises InvalidInput naming the field."""
    value = body.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str) or len(value) > most or "\x00" in value:
        raise InvalidInput(fields={name: f"must be a text of at most {most} characters"})
    return value.strip()
