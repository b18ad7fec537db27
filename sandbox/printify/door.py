"""What every Printify call passes first: token, User-Agent, rate budgets, the specification; and Printify's errors."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response, abort, current_app, make_response, request

from sandbox.printify.catalogue import PICTURES
from sandbox.ratelimits import Bucket
from sandbox.world import World, current_world

GLOBAL = Bucket("printify:all", 600, 60)
CATALOG = Bucket("printify:catalog", 100, 60)
PUBLISH = Bucket("printify:publish", 200, 1800)
PREFIX = "/printify"


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer; the placeholder for this server's address is filled in."""
    raw = orjson.dumps(body)
    if PICTURES.encode() in raw:
        raw = raw.replace(PICTURES.encode(), request.host_url.rstrip("/").encode())
    return Response(raw, status, mimetype="application/json")


def refuse(reason: str | dict[str, list[str]], code: int = 8150, status: int = 400, **extra: Any) -> Response:
    """An error in Printify's words (§6); ``reason`` is a sentence or becomes a JSON text."""
    text = reason if isinstance(reason, str) else orjson.dumps(reason).decode()
    message = "Validation failed." if code in (8150, 8103) else "Operation failed."
    return answer(
        {
            "status": "error",
            "code": code,
            "message": message,
            "errors": {"reason": text, "code": code},
            **extra,
        },
        status,
    )


def stop(response: Response) -> Any:
    """Leave the view with this answer."""
    abort(response)


def not_found() -> Any:
    stop(answer({"error": "Not found."}, 404))


def enter() -> Response | None:
    """Before every call: who, how often, and does it fit the specification."""
    world = current_world()
    token = request.headers.get("Authorization", "")
    if token != f"Bearer {world.settings.printify_token}":
        return answer({"error": "Unauthenticated", "request_id": str(uuid.uuid4())}, 401)
    if not request.headers.get("User-Agent"):
        return answer({"error": "The User-Agent header is required.", "request_id": str(uuid.uuid4())}, 403)
    limited = _spend(world)
    if limited is not None:
        return limited
    return _fits(world)


def leave(response: Response) -> Response:
    """After every call: the budget's header, and our own answer against the specification."""
    world = current_world()
    bucket = _bucket()
    response.headers["X-RateLimit-Limit"] = str(bucket.limit)
    response.headers["X-RateLimit-Remaining"] = str(max(0, bucket.limit - world.limits.used(bucket)))
    if world.specs.knows("printify") and response.is_json and response.status_code < 300:
        body = orjson.loads(response.get_data())
        problems = world.specs.check_answer(
            "printify", request.method, request.path.removeprefix(PREFIX), response.status_code, body
        )
        if problems:
            _blame([f"our answer: {problem}" for problem in problems])
            current_app.logger.warning("Printify stand-in strayed from the specification: %s", problems)
    return response


def posted() -> dict[str, Any]:
    """The request's JSON object; anything else is refused."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        stop(refuse("The request body must be a JSON object."))
    return dict(body) if isinstance(body, dict) else {}


def whole(value: Any) -> int | None:
    """An integer (not a bool), else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def page_of(ids: Sequence[str], most: int, default: int = 10) -> tuple[list[str], dict[str, Any]]:
    """The ids on the page asked for, and the envelope around them (§3); refuses a limit above ``most``."""
    limit = _positive("limit", default)
    page = _positive("page", 1)
    if limit > most:
        stop(refuse({"limit": [f"The limit may not be greater than {most}."]}))
    total = len(ids)
    last = max(1, -(-total // limit))
    first = (page - 1) * limit
    chosen = list(ids[first : first + limit])
    envelope = {
        "current_page": page,
        "data": [],
        "first_page_url": "/?page=1",
        "from": first + 1 if chosen else None,
        "last_page": last,
        "last_page_url": f"/?page={last}",
        "links": _links(page, last),
        "next_page_url": f"/?page={page + 1}" if page < last else None,
        "path": "/",
        "per_page": limit,
        "prev_page_url": f"/?page={page - 1}" if page > 1 else None,
        "to": first + len(chosen) if chosen else None,
        "total": total,
    }
    return chosen, envelope


def _links(page: int, last: int) -> list[dict[str, Any]]:
    previous = f"/?page={page - 1}" if page > 1 else None
    following = f"/?page={page + 1}" if page < last else None
    numbers = [n for n in range(1, last + 1) if n <= 2 or n > last - 2 or abs(n - page) <= 2]
    return [
        {"url": previous, "label": "&laquo; Previous", "active": False},
        *({"url": f"/?page={n}", "label": str(n), "active": n == page} for n in numbers),
        {"url": following, "label": "Next &raquo;", "active": False},
    ]


def _positive(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None or text == "":
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
        stop(refuse({name: [f"The {name} must be an integer of at least 1."]}))
    return int(text)


def _bucket() -> Bucket:
    if "/catalog/" in request.path:
        return CATALOG
    return PUBLISH if request.path.endswith("/publish.json") else GLOBAL


def _spend(world: World) -> Response | None:
    for bucket in {GLOBAL, _bucket()}:
        if world.limits.spend(bucket) is not None:
            # No Retry-After: whether Printify sends one is unconfirmed, so callers must manage without (§4).
            response = make_response(answer({"status": "error", "code": 429, "message": "Too Many Attempts."}, 429))
            response.headers["X-RateLimit-Limit"] = str(bucket.limit)
            return response
    return None


def _fits(world: World) -> Response | None:
    raw = request.get_data()
    body: Any = None
    if raw:
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return refuse("The request body is not valid JSON.")
    path = request.path.removeprefix(PREFIX)
    problems = world.specs.check_request("printify", request.method, path, request.args.to_dict(), body, bool(raw))
    if not problems:
        return None
    _blame(problems)
    return refuse("; ".join(problems))


def _blame(problems: list[str]) -> None:
    request.environ.setdefault("sandbox.violations", []).extend(problems)
