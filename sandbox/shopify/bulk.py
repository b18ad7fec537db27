"""bulkOperationRunQuery: a whole collection as JSON lines, children after their parents with `__parentId`."""

from __future__ import annotations

import threading
from typing import Any

import orjson

from sandbox.shopify.executing import Call, Wrong, read, run
from sandbox.shopify.shelf import shelf_of
from sandbox.shopify.shopfront import SHOP, Json, gid, number_of, stamp

KIND = "shopify_bulk"
_UNDER_WAY = frozenset({"CREATED", "RUNNING"})


def start(call: Call, asked: Json) -> Json:
    from sandbox.shopify.calls import RESOLVERS  # which holds this module's

    shelf, world = shelf_of(call.world), call.world
    try:
        inner = read(asked["query"], {}, world.settings.specs_directory)
    except Wrong as error:
        return _no(f"Invalid bulk query: {error}", "INVALID")
    if inner.is_mutation or "edges" not in asked["query"]:
        return _no("Invalid bulk query: there must be at least one connection with edges", "INVALID")
    with shelf.lock:
        if any(kept["status"] in _UNDER_WAY for kept in world.store.all(KIND)):
            return _no("A bulk query operation for this app and shop is already in progress.", "OPERATION_IN_PROGRESS")
        one: Json = {"id": shelf.number("bulk"), "status": "CREATED", "at": shelf.now(), "count": 0, "roots": 0}
        one |= {"query": asked["query"], "grouped": bool(asked.get("groupObjects"))}
        world.store.put(KIND, str(one["id"]), one)

    def work() -> None:
        lines: list[bytes] = []
        roots = 0
        data = run(inner, world, RESOLVERS, is_bulk=True)
        for connection in data.values():
            for edge in connection["edges"]:
                roots += 1
                _flatten(edge["node"], None, lines)
        shelf.files[str(one["id"])] = b"\n".join(lines) + (b"\n" if lines else b"")
        done = {"status": "COMPLETED", "count": len(lines), "roots": roots, "done_at": shelf.now()}
        world.store.put(KIND, str(one["id"]), {**one, **done})

    threading.Thread(target=work, name="sandbox-shopify-bulk", daemon=True).start()
    return {"bulkOperation": bulk_node(call, one), "userErrors": []}


def _flatten(node: Json, parent: str | None, lines: list[bytes]) -> None:
    own, children = {}, []
    for name, value in node.items():
        if isinstance(value, dict) and "edges" in value:
            children += [edge["node"] for edge in value["edges"]]
        else:
            own[name] = value
    if parent is not None:
        own["__parentId"] = parent
    lines.append(orjson.dumps(own))
    for child in children:
        _flatten(child, str(node.get("id", "")), lines)


def get_bulk(call: Call, asked: Json) -> Json | None:
    kept = call.world.store.get(KIND, str(number_of(asked.get("id", ""), "BulkOperation")))
    return bulk_node(call, kept) if kept else None


def bulk_node(call: Call, one: Json) -> Json:
    file = shelf_of(call.world).files.get(str(one["id"]))
    is_done = one["status"] == "COMPLETED"
    settings = call.world.settings
    url = f"http://{settings.host}:{settings.port}/shopify/{SHOP}/bulk/{one['id']}.jsonl"
    return {
        "__typename": "BulkOperation", "id": gid("BulkOperation", one["id"]), "status": one["status"], "type": "QUERY",
        "errorCode": None, "query": one["query"], "createdAt": stamp(one["at"]),
        "completedAt": stamp(one["done_at"]) if is_done else None, "objectCount": str(one["count"]),
        "rootObjectCount": str(one["roots"]), "fileSize": str(len(file)) if file is not None else None,
        "url": url if is_done and file else None, "partialDataUrl": None,
    }  # fmt: skip


def _no(message: str, code: str) -> Json:
    return {"bulkOperation": None, "userErrors": [{"field": ["query"], "message": message, "code": code}]}


def file_of(world: Any, number: str) -> bytes | None:
    return shelf_of(world).files.get(number)


QUERIES = {"bulkOperation": get_bulk}
MUTATIONS = {"bulkOperationRunQuery": start}
