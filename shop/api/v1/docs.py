"""The document for machines, and the same for people: a page made from it on the server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, current_app, request
from markupsafe import Markup, escape

from shop.api.v1.openapi import build_document
from shop.api.v1.operation import bp
from shop.api.v1.problems import KINDS
from shop.core.pages import render
from shop.tenancy.profile import current_profile

_built: dict[tuple[str, str], tuple[dict[str, Any], bytes]] = {}
_MOST_BUILT = 20


@dataclass(frozen=True)
class Row:
    """One field or parameter."""

    name: str
    kind: str
    words: str
    required: bool = False


@bp.get("/openapi.json", provide_automatic_options=False)
def document() -> Response:
    """Open to everybody, and the same for everybody."""
    _, raw = current_document()
    return _cached(Response(raw, mimetype="application/json"), raw)


@bp.get("/docs", provide_automatic_options=False)
def docs() -> Response:
    told, raw = current_document()
    answer = render(
        "api/docs.html",
        page_title=told["info"]["title"],
        info=told["info"],
        groups=_groups(told),
        schemas=_schemas(told),
        problems=KINDS,
        server=told["servers"][0]["url"],
        ticks=ticks,
    )
    return _cached(answer, answer.get_data() + raw)


def current_document() -> tuple[dict[str, Any], bytes]:
    """Built once for each address and name of the shop."""
    config = current_app.config["IMPRINT"]
    key = (config.public_url.rstrip("/"), current_profile().name)
    if key not in _built:
        if len(_built) >= _MOST_BUILT:
            _built.clear()
        told = build_document(*key)
        _built[key] = (told, orjson.dumps(told))
    return _built[key]


def _cached(answer: Response, of: bytes) -> Response:
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.set_etag(hashlib.sha256(of).hexdigest()[:32])
    answer.make_conditional(request)
    return answer


def ticks(text: str) -> Markup:
    """Words with `code` and **strong** parts, nothing else."""
    parts = str(escape(text)).split("`")
    marked = "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
    bold = marked.split("**")
    return Markup("".join(f"<strong>{part}</strong>" if n % 2 else part for n, part in enumerate(bold)))  # noqa: S704


def _groups(told: dict[str, Any]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        tag["name"]: {"name": tag["name"], "words": tag["description"], "operations": []} for tag in told["tags"]
    }
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]]["operations"].append(_operation(path, method, operation))
    return list(found.values())


def _operation(path: str, method: str, told: dict[str, Any]) -> dict[str, Any]:
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    success = next((code, each) for code, each in told["responses"].items() if code.startswith("2"))
    answer = success[1].get("content", {}).get("application/json", {}).get("schema", {})
    words, _, _ = told["description"].rpartition("Needs `")
    return {
        "id": told["operationId"],
        "method": method.upper(),
        "path": path,
        "title": told["summary"].rstrip("."),
        "words": words.strip(),
        "scope": told["x-scope"],
        "parameters": [
            Row(p["name"], _kind(p["schema"]), p.get("description", ""), p["required"]) for p in told["parameters"]
        ],
        "body": _name(body),
        "answer": (success[0], _name(answer)),
        "errors": [code for code in told["responses"] if code >= "4"],
    }


def _schemas(told: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, schema in sorted(told["components"]["schemas"].items()):
        needed = schema.get("required", [])
        rows = [
            Row(field, _kind(each), each.get("description", ""), field in needed)
            for field, each in schema.get("properties", {}).items()
        ]
        found.append({"name": name, "words": schema.get("description", ""), "rows": rows})
    return found


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _kind(schema: dict[str, Any]) -> str:
    """A type in few words: "text, at most 80", "list of Variant", "Money or null"."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "string":
        names = {"date-time": "time", "etag": "version", "uri": "address"}
        form = str(schema.get("format", ""))
        shown = "cursor" if form.endswith("cursor") else names.get(form, "text")
        return f"{shown}, at most {schema['maxLength']}" if "maxLength" in schema and shown == "text" else shown
    if kind == "integer":
        low, high = schema.get("minimum"), schema.get("maximum")
        return f"number, {low} to {high}" if low is not None and high is not None and high < 10**9 else "number"
    return {"boolean": "true or false", "null": "null", "object": "object"}.get(str(kind), "any")
