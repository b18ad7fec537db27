"""Where a list goes on: the last id that was given, signed, so that nobody writes one by hand.

A cursor names a place, not a page: rows that come or go meanwhile neither repeat nor skip what was there.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

LONGEST = 300


class BadCursor(ValueError):
    """Not one of ours, or of another list."""


def write_cursor(list_name: str, last_id: int) -> str:
    return str(_signer().dumps([list_name, last_id]))


def read_cursor(list_name: str, cursor: str) -> int:
    """The last id. Raises BadCursor."""
    if len(cursor) > LONGEST:
        raise BadCursor
    try:
        found: Any = _signer().loads(cursor)
    except (BadSignature, ValueError) as error:
        raise BadCursor from error
    if not isinstance(found, list) or len(found) != 2 or found[0] != list_name or not isinstance(found[1], int):
        raise BadCursor
    return found[1]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        current_app.config["SECRET_KEY"], salt="api cursor", signer_kwargs={"digest_method": hashlib.sha256}
    )
