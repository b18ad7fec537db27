"""Reading Stripe's form encoding: ``line_items[0][price_data][currency]=usd`` becomes nested dicts and lists.

Every leaf stays text; the readers below turn one into a number or a truth value where it is used, and refuse it in
Stripe's words when it is not one. Source: contracts/stripe.md §1.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from sandbox.stripe.refusing import Refusal, required

Params = dict[str, Any]

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")
_URL = re.compile(r"^https?://[^\s/?#]+[^\s]*$", re.IGNORECASE)
_DEEPEST = 8
_MOST_FIELDS = 5000


def decode(body: bytes) -> Params:
    """A form body (or query string) as nested data. Refusal 400 for bad UTF-8, too many or clashing keys."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except UnicodeDecodeError:
        raise Refusal("Invalid UTF-8 in request body.") from None
    except ValueError:
        raise Refusal("Too many parameters.") from None
    return nest(pairs)


def nest(pairs: list[tuple[str, str]]) -> Params:
    """Bracketed pairs as nested data; ``a[]=x`` appends."""
    tree: Params = {}
    for key, value in pairs:
        _plant(tree, key, value)
    return {key: _lists(value, key) for key, value in tree.items()}


def _plant(tree: Params, key: str, value: str) -> None:
    match = _KEY.match(key)
    if match is None:
        raise Refusal(f"Invalid parameter name: {key[:100]}", param=key[:100])
    path = [match.group(1), *_PART.findall(match.group(2))]
    if len(path) > _DEEPEST:
        raise Refusal(f"Parameter is nested too deeply: {key[:100]}", param=key[:100])
    branch = tree
    for part in path[:-1]:
        branch = branch.setdefault(part or str(len(branch)), {})
        if not isinstance(branch, dict):
            raise Refusal(f"Invalid object: {key[:100]}", param=key[:100])
    leaf = path[-1] or str(len(branch))
    if isinstance(branch.get(leaf), dict):
        raise Refusal(f"Invalid object: {key[:100]}", param=key[:100])
    branch[leaf] = value


def _lists(node: Any, name: str) -> Any:
    """Dicts whose keys are all numbers are lists, except metadata, whose keys are the caller's."""
    if not isinstance(node, dict):
        return node
    if name == "metadata":
        return node
    if node and all(key.isdigit() for key in node):
        return [_lists(node[key], name) for key in sorted(node, key=int)]
    return {key: _lists(value, key) for key, value in node.items()}


def text(params: Params, name: str, path: str = "", *, needed: bool = False, longest: int = 5000) -> str | None:
    """A text parameter, or None when it is absent or empty."""
    value = params.get(name)
    where = f"{path}[{name}]" if path else name
    if value is None or value == "":
        if needed:
            raise required(where)
        return None
    if not isinstance(value, str):
        raise Refusal(f"Invalid string: {where}", param=where)
    if len(value) > longest:
        raise Refusal(f"Invalid string: {value[:10]}...{value[-5:]}; must be at most {longest} characters", param=where)
    return value


def whole(
    params: Params, name: str, path: str = "", *, least: int | None = None, most: int | None = None
) -> int | None:
    """An integer parameter, or None when absent."""
    raw = text(params, name, path)
    if raw is None:
        return None
    where = f"{path}[{name}]" if path else name
    if not re.fullmatch(r"-?\d{1,18}", raw):
        raise Refusal(f"Invalid integer: {raw[:50]}", code="parameter_invalid_integer", param=where)
    value = int(raw)
    if least is not None and value < least:
        message = f"This value must be greater than or equal to {least}."
        raise Refusal(message, code="parameter_invalid_integer", param=where)
    if most is not None and value > most:
        message = f"This value must be less than or equal to {most}."
        raise Refusal(message, code="parameter_invalid_integer", param=where)
    return value


def decimal(params: Params, name: str, path: str = "") -> Decimal | None:
    """A decimal parameter, or None when absent."""
    raw = text(params, name, path)
    if raw is None:
        return None
    where = f"{path}[{name}]" if path else name
    try:
        value = Decimal(raw)
    except InvalidOperation:
        raise Refusal(f"Invalid decimal: {raw[:50]}", param=where) from None
    if not value.is_finite() or abs(value) > 10**15:
        raise Refusal(f"Invalid decimal: {raw[:50]}", param=where)
    return value


def truth(params: Params, name: str, path: str = "") -> bool | None:
    """A boolean parameter, or None when absent."""
    raw = text(params, name, path)
    if raw is None:
        return None
    if raw not in ("true", "false"):
        where = f"{path}[{name}]" if path else name
        raise Refusal(f"Invalid boolean: {raw[:50]}", param=where)
    return raw == "true"


def branch(params: Params, name: str, path: str = "") -> Params:
    """A nested object; empty when absent."""
    value = params.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        where = f"{path}[{name}]" if path else name
        raise Refusal("Invalid object", param=where)
    return value


def rows(params: Params, name: str, path: str = "") -> list[Any]:
    """A list; empty when absent."""
    value = params.get(name)
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        where = f"{path}[{name}]" if path else name
        raise Refusal("Invalid array", param=where)
    return value


def url(params: Params, name: str, path: str = "", *, needed: bool = False) -> str | None:
    """A web address, or None when absent."""
    value = text(params, name, path, needed=needed)
    if value is not None and not _URL.match(value):
        where = f"{path}[{name}]" if path else name
        message = (
            "Not a valid URL" if "://" in value else "Invalid URL: An explicit scheme (such as https) must be provided."
        )
        raise Refusal(message, code="url_invalid", param=where)
    return value


def merge_metadata(old: dict[str, str], params: Params, path: str = "metadata") -> dict[str, str]:
    """Metadata after an update: an empty value removes its key, ``metadata=""`` removes all."""
    given = params.get("metadata")
    if given is None:
        return dict(old)
    if given == "":
        return {}
    if not isinstance(given, dict):
        raise Refusal("Invalid object", param=path)
    merged = dict(old)
    for key, value in given.items():
        if not isinstance(value, str):
            raise Refusal("Metadata values must be strings.", param=f"{path}[{key[:40]}]")
        if len(key) > 40:
            message = f"Metadata keys can be up to 40 characters, but you passed in a key of {len(key)} characters."
            raise Refusal(message, param=path)
        if len(value) > 500:
            message = f"Metadata values can have up to 500 characters, but you passed in a value of {len(value)}."
            raise Refusal(message, param=f"{path}[{key}]")
        if value == "":
            merged.pop(key, None)
        else:
            merged[key] = value
    if len(merged) > 50:
        raise Refusal("Metadata can have up to 50 keys.", param=path)
    return merged
