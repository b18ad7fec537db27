"""Lists: newest first, cursors, filters. Source: contracts/stripe.md §3 (paging)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.stripe import book
from sandbox.stripe.book import Obj
from sandbox.stripe.refusing import Refusal
from sandbox.stripe.wire import Params, text, whole
from sandbox.world import World

Keep = Callable[[Obj], bool]


def page(world: World, resource: str, params: Params, url: str, *filters: str, keep: Keep | None = None) -> Obj:
    """One page of a resource. ``filters`` are parameters compared with the field of the same name."""
    found = list(reversed(world.store.all(book.KINDS[resource])))
    wanted = {name: text(params, name) for name in filters}
    span = created_span(params)
    chosen = [
        obj
        for obj in found
        if all(value is None or _as_text(obj.get(name)) == value for name, value in wanted.items())
        and in_span(obj.get("created", 0), span)
        and (keep is None or keep(obj))
    ]
    return cut(chosen, params, url, resource)


def cut(rows: list[Obj], params: Params, url: str, resource: str) -> Obj:
    """A page of ready rows (newest first) by ``limit``, ``starting_after`` and ``ending_before``."""
    limit = whole(params, "limit", least=1, most=100) or 10
    after, before = text(params, "starting_after"), text(params, "ending_before")
    if after and before:
        raise Refusal("You cannot parameterize both starting_after and ending_before.", param="starting_after")
    ids = [row["id"] for row in rows]
    if after:
        start = _place(ids, after, resource, "starting_after") + 1
        return book.listing(url, rows[start : start + limit], start + limit < len(rows))
    if before:
        end = _place(ids, before, resource, "ending_before")
        start = max(0, end - limit)
        return book.listing(url, rows[start:end], start > 0)
    return book.listing(url, rows[:limit], limit < len(rows))


def created_span(params: Params, name: str = "created") -> dict[str, int]:
    """``created=5`` or ``created[gte]=5&created[lt]=9`` as bounds."""
    given: Any = params.get(name)
    if given is None:
        return {}
    if isinstance(given, str):
        return {"eq": whole(params, name) or 0}
    if not isinstance(given, dict) or not set(given) <= {"gt", "gte", "lt", "lte"}:
        raise Refusal("Invalid object", param=name)
    bounds = {key: whole(given, key, name) for key in given}
    return {key: value for key, value in bounds.items() if value is not None}


def in_span(moment: int, span: dict[str, int]) -> bool:
    tests: dict[str, Callable[[int, int], bool]] = {
        "eq": lambda a, b: a == b,
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    return all(tests[key](moment, bound) for key, bound in span.items())


def _place(ids: list[str], cursor: str, resource: str, param: str) -> int:
    if cursor not in ids:
        raise Refusal(f"No such {resource}: '{cursor}'", code="resource_missing", param=param)
    return ids.index(cursor)


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
