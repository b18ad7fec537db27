"""Requests against the derived OpenAPI description of Stripe v1, when it is at hand.

The description is read once, when first needed (about 60 ms), and only its request schemas are walked. Where it is
missing nothing is checked here: the handlers still refuse what they cannot use. Source: contracts/stripe.md §12.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from pathlib import Path
from typing import Any

from sandbox.stripe.refusing import Refusal, required, unknown

SPEC_FILE = "stripe-v1-2026-10-28.derived.openapi.json.gz"
_PLACEHOLDER = re.compile(r"\{[^}]+\}")
_REMOVED = {
    "payment_method_types": (
        "payment_method_types_no_longer_supported",
        "The parameter `payment_method_types` is no longer supported. Manage payment methods in the Dashboard, or use "
        "`allowed_payment_method_types` or `excluded_payment_method_types`.",
    ),
}

Schema = dict[str, Any]
_lock = threading.Lock()
_loaded: dict[Path, SpecChecker | None] = {}


def checker_for(directory: Path | None) -> SpecChecker | None:
    """The checker for a folder of specifications, or None when there is none (checks are off)."""
    if directory is None:
        return None
    path = Path(directory) / SPEC_FILE
    with _lock:
        if path not in _loaded:
            _loaded[path] = SpecChecker(path) if path.is_file() else None
        return _loaded[path]


class SpecChecker:
    """Checks decoded parameters of one operation; raises Refusal in Stripe's words."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rb") as file:
            document = json.load(file)
        self._schemas: dict[str, Schema] = document["components"]["schemas"]
        self._operations: dict[tuple[str, str], Schema] = {}
        for template, operations in document["paths"].items():
            for method, operation in operations.items():
                key = (method.upper(), _PLACEHOLDER.sub("{}", template))
                self._operations[key] = _request_schema(operation)

    def check(self, method: str, template: str, params: dict[str, Any]) -> None:
        """``template`` is the path with its variables in braces. Unknown operations are not checked."""
        schema = self._operations.get((method, _PLACEHOLDER.sub("{}", template)))
        if schema is not None:
            self._check(params, schema, "")

    def _check(self, value: Any, schema: Schema, path: str) -> None:
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rsplit("/", 1)[-1]]
        if "anyOf" in schema:
            self._check_any(value, schema["anyOf"], path)
            return
        kind = schema.get("type")
        if kind == "object":
            self._check_object(value, schema, path)
        elif kind == "array":
            if not isinstance(value, list):
                raise Refusal("Invalid array", param=path)
            for number, item in enumerate(value):
                self._check(item, schema.get("items", {}), f"{path}[{number}]")
        else:
            _check_leaf(value, schema, path)

    def _check_any(self, value: Any, choices: list[Schema], path: str) -> None:
        failure: Refusal | None = None
        for choice in choices:
            try:
                self._check(value, choice, path)
                return
            except Refusal as refusal:
                # The choice that fits the value's shape explains best what is wrong with it.
                if failure is None or (isinstance(value, dict | list) and "$ref" in choice):
                    failure = refusal
        if failure is not None:
            raise failure

    def _check_object(self, value: Any, schema: Schema, path: str) -> None:
        if not isinstance(value, dict):
            raise Refusal("Invalid object", param=path)
        known = schema.get("properties", {})
        extra = schema.get("additionalProperties", True)
        for name, item in value.items():
            where = f"{path}[{name}]" if path else name
            if name in known:
                self._check(item, known[name], where)
            elif extra is False:
                if name in _REMOVED:
                    code, message = _REMOVED[name]
                    raise Refusal(message, code=code, param=where)
                raise unknown(where)
            elif isinstance(extra, dict) and item != "":
                self._check(item, extra, where)
        for name in schema.get("required", ()):
            if name not in value:
                raise required(f"{path}[{name}]" if path else name)


def _request_schema(operation: Schema) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema: Schema = media.get("schema", {})
        return schema
    query = {item["name"]: item["schema"] for item in operation.get("parameters", ()) if item["in"] == "query"}
    return {"type": "object", "properties": query, "additionalProperties": False}


def _check_leaf(value: Any, schema: Schema, path: str) -> None:
    if not isinstance(value, str):
        raise Refusal(f"Invalid {schema.get('type', 'string')}", param=path)
    kind = schema.get("type")
    choices = schema.get("enum")
    if choices is not None:
        if value not in choices:
            allowed = ", ".join(str(choice) or "an empty string" for choice in choices[:60])
            raise Refusal(f"Invalid {path}: must be one of {allowed}", param=path)
        return
    if value == "":
        message = (
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{path}' cannot be unset. You should remove '{path}' from your request or supply a "
            "non-empty value."
        )
        raise Refusal(message, code="parameter_invalid_empty", param=path)
    if kind == "integer" and not re.fullmatch(r"-?\d{1,18}", value):
        raise Refusal(f"Invalid integer: {value[:50]}", code="parameter_invalid_integer", param=path)
    if kind == "boolean" and value not in ("true", "false"):
        raise Refusal(f"Invalid boolean: {value[:50]}", param=path)
    if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise Refusal(f"Invalid decimal: {value[:50]}", param=path)
