"""Checks requests and answers against the providers' OpenAPI documents, where they are at hand.

The documents are not part of the repository (SANDBOX_SPECS_DIR names their folder) and the validator is a development
dependency: without either of them every check silently finds nothing.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    from openapi_schema_validator import OAS30Validator
except ImportError:  # pragma: no cover - a runtime-only installation
    OAS30Validator = None

FILES: dict[str, str] = {"printify": "printify-reconstructed.openapi.json"}
_MOST_ITEMS = 3
_MOST_PROBLEMS = 5


@dataclass(slots=True)
class Operation:
    """One method of one path of a specification."""

    pattern: re.Pattern[str]
    names: list[str]
    method: str
    spec: dict[str, Any]
    parameters: list[dict[str, Any]]


class SpecBook:
    """The specifications by service; loaded when first needed."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._documents: dict[str, dict[str, Any] | None] = {}
        self._operations: dict[str, list[Operation]] = {}
        self._validators: dict[str, Any] = {}
        self._lock = threading.RLock()

    def knows(self, service: str) -> bool:
        """Whether requests of this service are checked at all."""
        return self._document(service) is not None

    def check_request(
        self, service: str, method: str, path: str, query: dict[str, str], body: Any, has_body: bool
    ) -> list[str]:
        """What is wrong with a request, as sentences ``place: complaint``; [] when it fits or nothing is known."""
        operation, values = self._find(service, method, path)
        if operation is None:
            return []
        problems: list[str] = []
        for parameter in operation.parameters:
            problems += self._check_parameter(service, parameter, values, query)
        content = operation.spec.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            if not has_body and operation.spec["requestBody"].get("required"):
                problems.append("body: a JSON body is required.")
            elif has_body:
                problems += self._check(service, content["schema"], body)
        return problems[:_MOST_PROBLEMS]

    def check_answer(self, service: str, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with our own answer; of long lists only the first items are looked at."""
        operation, _ = self._find(service, method, path)
        if operation is None:
            return []
        answer = operation.spec.get("responses", {}).get(str(status))
        if answer is None:
            return [f"status {status} is not in the specification"]
        content = answer.get("content", {}).get("application/json")
        return self._check(service, content["schema"], _shortened(body)) if content else []

    def _find(self, service: str, method: str, path: str) -> tuple[Operation | None, dict[str, str]]:
        if self._document(service) is None:
            return None, {}
        for operation in self._operations[service]:
            if operation.method == method.lower():
                match = operation.pattern.fullmatch(path)
                if match:
                    return operation, dict(zip(operation.names, match.groups(), strict=True))
        return None, {}

    def _check_parameter(
        self, service: str, parameter: dict[str, Any], values: dict[str, str], query: dict[str, str]
    ) -> list[str]:
        name, where = parameter["name"], parameter["in"]
        if where not in ("path", "query"):
            return []
        text = (values if where == "path" else query).get(name)
        if text is None:
            return [f"{name}: The {name} parameter is required."] if parameter.get("required") else []
        return [f"{name}: {problem}" for problem in self._check(service, parameter["schema"], _typed(text, parameter))]

    def _check(self, service: str, schema: dict[str, Any], value: Any) -> list[str]:
        key = f"{service}:{json.dumps(schema, sort_keys=True)}"
        with self._lock:
            validator = self._validators.get(key)
            if validator is None:
                document = self._document(service) or {}
                root = {"components": document.get("components", {}), "allOf": [schema]}
                validator = self._validators[key] = OAS30Validator(root)
        problems = []
        for error in validator.iter_errors(value):
            place = ".".join(str(part) for part in error.absolute_path)
            problems.append(f"{place}: {error.message[:200]}" if place else error.message[:200])
            if len(problems) == _MOST_PROBLEMS:
                break
        return problems

    def _document(self, service: str) -> dict[str, Any] | None:
        with self._lock:
            if service not in self._documents:
                self._documents[service] = self._load(service)
                self._operations[service] = _operations(self._documents[service] or {})
            return self._documents[service]

    def _load(self, service: str) -> dict[str, Any] | None:
        if self._directory is None or OAS30Validator is None or service not in FILES:
            return None
        path = self._directory / FILES[service]
        if not path.is_file():
            return None
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        document: dict[str, Any] = json.loads(raw)
        return document


def _operations(document: dict[str, Any]) -> list[Operation]:
    found = []
    # Paths without placeholders first: /orders/shipping.json is not an order called "shipping".
    for path, item in sorted(document.get("paths", {}).items(), key=lambda pair: pair[0].count("{")):
        names = re.findall(r"{([^}]+)}", path)
        pattern = re.compile("([^/]+)".join(re.escape(part) for part in re.split(r"{[^}]+}", path)))
        for method, spec in item.items():
            if method in ("get", "post", "put", "delete", "patch"):
                parameters = item.get("parameters", []) + spec.get("parameters", [])
                found.append(Operation(pattern, names, method, spec, parameters))
    return found


def _typed(text: str, parameter: dict[str, Any]) -> Any:
    kind = parameter["schema"].get("type")
    if kind == "integer" and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _shortened(body: Any) -> Any:
    if isinstance(body, list):
        return body[:_MOST_ITEMS]
    if isinstance(body, dict) and isinstance(body.get("data"), list):
        return {**body, "data": body["data"][:_MOST_ITEMS]}
    return body
