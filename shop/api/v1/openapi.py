"""The OpenAPI 3.1 document, made from the operations and their types: there is no second description to fall behind."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from shop.accounts.api_keys import RESOURCES
from shop.api.v1.operation import KEY_SIGNS, OPERATIONS, Operation
from shop.api.v1.problems import KINDS, Problem

VERSION = "1.0.0"
ORDER = ("products", "variants", "collections", "orders", "fulfilments", "refunds", "customers", "webhooks")
PROBLEM = "application/problem+json"
_PLACE = re.compile(r"<int:(\w+)>")
_INTRO = """JSON over HTTPS, with a key from the panel (Developers → API keys) as `Authorization: Bearer imp_…`.

**Money** is `{amount_minor, currency}`, in the smallest unit of the currency. **Times** are RFC 3339 in UTC.
**Lists** give `next`, a cursor, and the same as a `Link` header; send it as `cursor` until it is null.
**Versions**: each answer has a strong `ETag`. Send it as `If-None-Match` to hear 304 when nothing has changed, and as
`If-Match` with a write to be refused (412) when somebody else was faster.
**Repeats**: give each write an `Idempotency-Key`. Sent again within 24 hours it is answered as the first time
(`Idempotency-Replayed: true`) and nothing is done twice. Only successes are kept: after an error the key is free.
**Rates**: `RateLimit-Policy` and `RateLimit` tell what a key may ask for and what is left; a 429 carries `Retry-After`.
**Errors** are `application/problem+json` (RFC 9457) with a stable `type`, and `errors` that name each wrong part.
**Growth**: fields may be added to answers; ignore what you do not know. Fields that we do not know are refused."""


def build_document(server: str, store_name: str) -> dict[str, Any]:
    """`server`: where the shop is, "https://example.com"."""
    types = _types()
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    refs = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for found in _in_order():
        path = "/api/v1" + _PLACE.sub(r"{\1}", found.rule)
        paths.setdefault(path, {})[found.method.lower()] = _operation(found, refs, components)
    queries = {kind.__name__ for kind in types if kind in {found.query for found in OPERATIONS}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{store_name} API", "version": VERSION, "description": _INTRO},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "tags": [{"name": tag, "description": _tag_words(tag)} for tag in _tags()],
        "paths": paths,
        "components": {
            "schemas": {name: _described(schema) for name, schema in components.items() if name not in queries},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key from the panel."}},
            "headers": _HEADERS,
            "responses": {kind: _problem(kind) for kind in KINDS},
        },
    }


def _types() -> list[type[Struct]]:
    found: list[type[Struct]] = [Problem]
    for each in OPERATIONS:
        found += [kind for kind in (each.query, each.body, each.answer) if kind is not None and kind not in found]
    return found


def _in_order() -> list[Operation]:
    """As a reader wants them; a resource that is not named here comes last."""
    return sorted(OPERATIONS, key=lambda found: ORDER.index(tag_of(found)) if tag_of(found) in ORDER else len(ORDER))


def _tags() -> list[str]:
    return list(dict.fromkeys(tag_of(found) for found in _in_order()))


def tag_of(found: Operation) -> str:
    """The file it stands in: "orders"."""
    return found.view.__module__.rpartition(".")[2]


def _tag_words(tag: str) -> str:
    import sys

    module = next(found.view.__module__ for found in OPERATIONS if tag_of(found) == tag)
    return (sys.modules[module].__doc__ or "").strip()


def _operation(found: Operation, refs: dict[type[Struct], Any], components: dict[str, Any]) -> dict[str, Any]:
    summary, _, rest = (found.view.__doc__ or found.name).strip().partition("\n")
    resource, _, what = found.scope.partition(":")
    needs = f"Needs `{found.scope}` ({RESOURCES[resource][0]}, {what})."
    words = re.sub(r"\s*\n\s+", " ", rest.strip())
    told: dict[str, Any] = {
        "operationId": found.name,
        "summary": summary.strip(),
        "description": f"{words}\n\n{needs}".strip(),
        "tags": [tag_of(found)],
        "security": [{"key": []}],
        "x-scope": found.scope,
        "parameters": _parameters(found, components),
        "responses": _responses(found, refs),
    }
    if found.body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": refs[found.body]}}}
    return told


def _parameters(found: Operation, components: dict[str, Any]) -> list[dict[str, Any]]:
    number = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
    told: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": number} for name in _PLACE.findall(found.rule)
    ]
    for name, schema in components[found.query.__name__]["properties"].items():
        rest = {key: value for key, value in schema.items() if key != "description"}
        words = {"description": schema["description"]} if "description" in schema else {}
        if name == "cursor":
            rest["format"] = f"{tag_of(found)}-cursor"  # of this very list
        told.append({"name": name, "in": "query", "required": False, "schema": rest, **words})
    if found.versioned:
        told.append({
            "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string", "format": "etag"},
            "description": "The version that you have seen. Another one now: 412.",
        })  # fmt: skip
    if found.is_write:
        told.append({
            "name": "Idempotency-Key", "in": "header", "required": found.needs_key,
            "schema": {
                "type": "string", "pattern": "^[!-~]+$", "minLength": KEY_SIGNS[0], "maxLength": KEY_SIGNS[1],
                "format": "idempotency-key",
            },
            "description": "Names this very write; a random UUID is best.",
        })  # fmt: skip
    return told


def _responses(found: Operation, refs: dict[type[Struct], Any]) -> dict[str, Any]:
    kinds = ["unauthorized", "out-of-scope", "not-acceptable", "too-many", "internal", "invalid", *found.fails]
    if found.body is not None:
        kinds += ["malformed", "too-large", "unsupported-media"]
    if "<" in found.rule:
        kinds.append("not-found")
    if found.is_write:
        kinds += ["in-progress"]
    if found.versioned:
        kinds.append("changed-meanwhile")
    told: dict[str, Any] = {str(found.status): _success(found, refs)}
    if not found.is_write:
        told["304"] = {"description": "Nothing has changed since the version in If-None-Match."}
    for kind in kinds:
        status = str(KINDS[kind][0])
        told.setdefault(status, {"$ref": f"#/components/responses/{kind}"})
    return dict(sorted(told.items()))


def _success(found: Operation, refs: dict[type[Struct], Any]) -> dict[str, Any]:
    names = ["X-Request-Id", "RateLimit-Policy", "RateLimit"]
    if found.answer is None:
        return {"description": "Done.", "headers": _header_refs(names)}
    names.append("ETag")
    if found.status == 201:
        names.append("Location")
    if "next" in {field.name for field in msgspec.structs.fields(found.answer)}:
        names.append("Link")
    if found.is_write:
        names.append("Idempotency-Replayed")
    content = {"application/json": {"schema": refs[found.answer]}}
    words = "Made." if found.status == 201 else "As asked for."
    return {"description": words, "headers": _header_refs(names), "content": content}


def _header_refs(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


_HEADERS: dict[str, Any] = {
    name: {"description": words, "schema": {"type": "string"}}
    for name, words in {
        "ETag": "The version of this answer.",
        "Link": "The next page, as rel=next.",
        "Location": "Where the new thing is.",
        "RateLimit": 'What is left: "key";r=587;t=21.',
        "RateLimit-Policy": 'What the key may ask for: "key";q=600;w=60.',
        "Retry-After": "Seconds to wait.",
        "Idempotency-Replayed": "true: this is the answer of the first time.",
        "X-Request-Id": "Name this when you ask us about the request.",
    }.items()
}


def _problem(kind: str) -> dict[str, Any]:
    _, title, when = KINDS[kind]
    told: dict[str, Any] = {
        "description": f"{title}. {when}",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if kind in ("too-many", "in-progress", "provider-unavailable"):
        told["headers"] = _header_refs(["Retry-After"])
    return told


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the constructor's signature that a class without words of its own has."""
    if str(schema.get("description", "")).startswith(f"{schema.get('title')}("):
        return {key: value for key, value in schema.items() if key != "description"}
    return schema
