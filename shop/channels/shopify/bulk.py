"""Large reads: Shopify writes the whole catalogue into a file of JSON lines, which is read part by part.

The place in it travels in the cursor, "bulk:<operation>:<byte>": nothing is kept here, and a worker that dies goes on
where the last page was saved (contracts/shopify.md §2).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import orjson

from shop.channels.calling import service_at
from shop.channels.connector import Page
from shop.channels.records import ProductRecord
from shop.channels.shopify import documents
from shop.channels.shopify.client import Client
from shop.channels.shopify.reading import read_product
from shop.errors import Misunderstood, RateLimited, Refused, Unavailable
from shop.outbound.http import call

Json = dict[str, Any]
PART = 1_000_000  # bytes of the file that are read at once
LONGEST_PRODUCT = 30_000_000  # 2,048 variants and a description
WAITS = (0.1, 0.2, 0.4, 0.8, 1.5, 2.0, 2.0, 2.0)


def begin(client: Client) -> str:
    """Start it; the cursor. Raises RateLimited while another one runs."""
    try:
        made = client.write(documents.RUN_BULK, {"query": documents.BULK})
    except Refused as error:
        if "OPERATION_IN_PROGRESS" in (error.facts.get("codes") or ()):  # type: ignore[operator]
            raise RateLimited("Shopify is busy with another large read.", service="shopify") from error
        raise
    return f"bulk:{made['bulkOperation']['id'].rpartition('/')[2]}:0"


def go_on(client: Client, cursor: str) -> Page[ProductRecord]:
    """The next products; none while Shopify is still writing. Raises Unavailable when it did not get to its end."""
    _, number, place = cursor.split(":")
    state, shop = _wait(client, f"gid://shopify/BulkOperation/{number}")
    if state["status"] in ("CREATED", "RUNNING", "CANCELING"):
        return Page([], f"bulk:{number}:{place}", False)
    if state["status"] != "COMPLETED":
        raise Unavailable(
            "Shopify did not finish its large read.",
            service="shopify",
            detail=f"{state['status']} {state['errorCode']}",
        )
    if not state["url"]:
        return Page([], "", True)  # nothing there
    start, size = int(place), int(state["fileSize"] or 0)
    lines, end = _part(client, str(state["url"]), start, size)
    records = [read_product(node, shop) for node in gather(lines)]
    return Page(records, f"bulk:{number}:{end}", end >= size)


def _wait(client: Client, gid: str) -> tuple[Json, Json]:
    for wait in (*WAITS, 0.0):
        found = client.read(documents.BULK_STATE, {"id": gid})
        state = found["bulkOperation"]
        if state is None:
            raise Unavailable("Shopify forgot its large read; it is begun again.", service="shopify")
        if state["status"] not in ("CREATED", "RUNNING") or not wait:
            return state, found["shop"]
        time.sleep(wait)
    raise AssertionError("unreachable")


def _part(client: Client, url: str, start: int, size: int) -> tuple[list[bytes], int]:
    """Whole products from `start`: their lines, and where the next one begins."""
    length = PART
    while True:
        end = min(start + length, size)
        raw = _read_range(client, url, start, end)
        if end >= size:
            return raw.splitlines(), size
        # the last product of a part may go on in the next one: it is left for then
        cut = _last_product(raw)
        if cut > 0:
            return raw[:cut].splitlines(), start + cut
        length *= 2
        if length > LONGEST_PRODUCT:
            raise Misunderstood("A product of Shopify is too large to be read.", service="shopify", detail=url[:200])


def _last_product(raw: bytes) -> int:
    """Where the last line that begins a product stands; 0 without a second one. The last line may be cut off."""
    place = raw.rfind(b"\n") + 1
    while place > 0:
        before = raw.rfind(b"\n", 0, place - 1) + 1
        if b'"__parentId"' not in raw[before : place - 1]:
            return before
        place = before
    return 0


def _read_range(client: Client, url: str, start: int, end: int) -> bytes:
    parts = urlsplit(url)
    service = service_at("shopify-files", f"{parts.scheme}://{parts.netloc}", str(client.connection_id))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    told = {"Range": f"bytes={start}-{end - 1}", "Accept": "*/*"}
    answer = call(service, "GET", path, headers=told, max_bytes=max(end - start, 1) + 1000, operation="GET bulk file")
    if answer.status != 206 and len(answer.body) != end - start:
        raise Unavailable("Shopify's file could not be read in parts.", service="shopify", detail=str(answer.status))
    return answer.body


def gather(lines: Iterable[bytes]) -> list[Json]:
    """Products with what belongs to them: children stand after their parent (`groupObjects: true`). A line that cannot
    be read leaves a product that says so."""
    found: list[Json] = []
    by_id: dict[str, Json] = {}
    for line in lines:
        if not line.strip():
            continue
        try:
            node = orjson.loads(line)
        except orjson.JSONDecodeError:
            found.append({"id": "", "line": line[:500].decode("utf-8", "replace")})
            continue
        parent = by_id.get(node.get("__parentId", ""))
        if node.get("__typename") == "Product" or "__parentId" not in node:
            node |= {"media": {"nodes": []}, "variants": {"nodes": [], "pageInfo": {"hasNextPage": False}}}
            by_id[str(node.get("id"))] = node
            found.append(node)
        elif parent is not None:
            kind = "variants" if node.get("__typename") == "ProductVariant" else "media"
            parent[kind]["nodes"].append(node)
    return found
