"""What a platform told, as our database may hold it: JSON, bounded, without NUL characters. Pure."""

from __future__ import annotations

from typing import Any

import orjson

MOST_BYTES = 200_000  # of an answer that is kept


def raw_to_keep(raw: Any) -> Any:
    """Their answer; of one that is too large, its beginning."""
    if raw is None:
        return None
    try:
        body = orjson.dumps(raw, default=str, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError):  # half a character, or nested without end
        return {"cut": clean(repr(raw)[:MOST_BYTES].encode("ascii", "backslashreplace").decode())}
    if len(body) > MOST_BYTES:
        return {"cut": body[:MOST_BYTES].decode(errors="replace").replace("\x00", "")}
    return clean(orjson.loads(body))


def clean(value: Any) -> Any:
    """The same without NUL characters, which no database takes."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    if isinstance(value, dict):
        return {str(name).replace("\x00", ""): clean(one) for name, one in value.items()}
    return value
