"""What every call passes first: keys, the firewall, the form of the address; and WordPress' own router and errors."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask import Response, request

from sandbox.ratelimits import Bucket
from sandbox.woocommerce.shop import FORM, Json, Shop, to_gmt

MOST_PER_PAGE = 100
View = Callable[..., Any]


class Wrong(Exception):
    """An error in their form: {"code", "message", "data": {"status"}}."""

    def __init__(self, code: str, message: str, status: int = 400, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"code": code, "message": message, "data": {"status": status, **data}}


@dataclass(frozen=True)
class Listed:
    """A page of a list; X-WP-Total goes along."""

    rows: list[Json]
    total: int
    per_page: int


@dataclass(frozen=True)
class _Route:
    methods: tuple[str, ...]
    pattern: re.Pattern[str]
    view: View
    needs: str  # a setting that switches it on


_ROUTES: list[_Route] = []
CHANGE = ("POST", "PUT", "PATCH")


def route(path: str, *methods: str, needs: str = "") -> Callable[[View], View]:
    """`<id>` in the path is a number; the view gets the shop, then the numbers."""
    pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>\\d+)", path) + "/?")

    def add(view: View) -> View:
        _ROUTES.append(_Route(methods or ("GET",), pattern, view, needs))
        return view

    return add


def answer(shop: Shop, path: str) -> Response:
    """Find who answers, and answer as WordPress does."""
    limited = _firewall(shop)
    if limited is not None:
        return limited
    try:
        body = _dispatch(shop, path)
    except Wrong as wrong:
        return _reply(shop, wrong.body, wrong.status)
    status = 200
    if isinstance(body, tuple):
        body, status = body
    if isinstance(body, Listed):
        response = _reply(shop, [_trim(row) for row in body.rows], status)
        pages = -(-body.total // body.per_page)
        response.headers["X-WP-Total"], response.headers["X-WP-TotalPages"] = str(body.total), str(pages)
        return response
    return _reply(shop, _trim(body) if isinstance(body, dict) else body, status)


def method() -> str:
    """A POST may stand for another (§12)."""
    told = request.headers.get("X-HTTP-Method-Override") or request.args.get("_method") or ""
    return told.upper() if request.method == "POST" and told else request.method


def said() -> Json:
    body = request.get_json(silent=True)
    if request.get_data() and not isinstance(body, dict):
        raise Wrong("rest_invalid_json", "Invalid JSON body passed.")
    return body or {}


def page_of(numbers: Sequence[int], default: int = 10) -> tuple[list[int], int, int]:
    """The ids of the page asked for, how many there are in all, and how many a page holds (§2)."""
    per_page = _whole("per_page", default)
    if not 1 <= per_page <= MOST_PER_PAGE:
        words = "per_page must be between 1 (inclusive) and 100 (inclusive)"
        raise Wrong("rest_invalid_param", "Invalid parameter(s): per_page", params={"per_page": words})
    page = _whole("page", 1)
    if page < 1:
        raise Wrong("rest_invalid_param", "Invalid parameter(s): page", params={"page": "page must be at least 1"})
    start = _whole("offset", (page - 1) * per_page)
    return list(numbers[start : start + per_page]), len(numbers), per_page


def choose(shop: Shop, what: str) -> list[int]:
    """Ids of a kind in the order asked: by change, by date or by id; after a moment; without the excluded."""
    order_by, descends = request.args.get("orderby", "date"), request.args.get("order", "desc") == "desc"
    allowed = ("date", "id", "title", "slug", "include", *(() if shop.settings["is_old"] else ("modified",)))
    if order_by not in allowed:
        words = f"orderby is not one of {', '.join(allowed)}."
        raise Wrong("rest_invalid_param", "Invalid parameter(s): orderby", params={"orderby": words})
    index = shop.index(what)
    bound = moment("modified_after")
    if bound or order_by == "modified":
        numbers = index.after(bound)
        if order_by != "modified":
            numbers = sorted(numbers)
    else:
        numbers = sorted(index.changed)  # made one after the other: by date is by id
    if request.args.get("include"):
        wanted = set(numbers_in("include"))
        numbers = [number for number in numbers if number in wanted]
    if request.args.get("exclude"):
        unwanted = set(numbers_in("exclude"))
        numbers = [number for number in numbers if number not in unwanted]
    return numbers[::-1] if descends else numbers


def moment(name: str) -> str:
    """A time of the query as GMT; without `dates_are_gmt` it is the site's own."""
    text = request.args.get(name, "")
    if not text:
        return ""
    try:
        told = datetime.strptime(text.removesuffix("Z"), FORM).strftime(FORM)
    except ValueError:
        raise Wrong("rest_invalid_param", f"Invalid parameter(s): {name}", params={name: "Invalid date."}) from None
    return told if request.args.get("dates_are_gmt") in ("true", "1") else to_gmt(told)


def numbers_in(name: str) -> list[int]:
    return [int(part) for part in request.args.get(name, "").split(",") if part.strip().isdigit()]


def _whole(name: str, default: int) -> int:
    text = request.args.get(name)
    if text in (None, ""):
        return default
    if not str(text).isdigit():
        raise Wrong(
            "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: f"{name} is not of type integer."}
        )
    return int(str(text))


def _dispatch(shop: Shop, path: str) -> Any:
    if request.method in ("PUT", "PATCH", "DELETE") and shop.settings["blocks_put"]:
        raise Wrong("waf", "blocked", 403)
    key = _who(shop)
    matching = [found for found in _ROUTES if found.pattern.fullmatch(path) and _is_on(shop, found)]
    wanted = [found for found in matching if method() in found.methods]
    if not wanted:
        raise Wrong("rest_no_route", "No route was found matching the URL and request method.", 404)
    writes = method() != "GET"
    if path.rstrip("/") != "" and path.rstrip("/") != "/wc/v3":
        _allow(key, writes)
    match = wanted[0].pattern.fullmatch(path)
    numbers = {name: int(value) for name, value in (match.groupdict() if match else {}).items()}
    body = wanted[0].view(shop, **numbers)
    if writes and (method() == "DELETE" or request.get_json(silent=True)):
        shop.count_write()
    return body


def _is_on(shop: Shop, found: _Route) -> bool:
    return bool(shop.settings["has_woocommerce"] and (not found.needs or shop.settings[found.needs])) or (
        found.pattern.pattern == "//?"
    )


def _who(shop: Shop) -> Json | None:
    """None: nobody asked, for all that WordPress can see. Raises Wrong for keys that are not its own."""
    key, secret = request.args.get("consumer_key", ""), request.args.get("consumer_secret", "")
    header = request.headers.get("Authorization", "")
    if not key and header.startswith("Basic ") and not shop.settings["drops_authorization"]:
        try:
            key, _, secret = base64.b64decode(header[6:]).decode().partition(":")
        except ValueError:
            key = ""
    if not key:
        return None
    for held in shop.settings["keys"]:
        if hmac.compare_digest(held["consumer_key"].encode(), key.encode()):
            if hmac.compare_digest(held["consumer_secret"].encode(), secret.encode()):
                return dict(held)
            raise Wrong("woocommerce_rest_authentication_error", "Consumer secret is invalid.", 401)
    raise Wrong("woocommerce_rest_authentication_error", "Consumer key is invalid.", 401)


def _allow(key: Json | None, writes: bool) -> None:
    if key is None:
        code = "woocommerce_rest_cannot_create" if writes else "woocommerce_rest_cannot_view"
        raise Wrong(code, "Sorry, you cannot list resources.", 401)
    missing = "write" if writes else "read"
    if key["permissions"] not in (missing, "read_write"):
        words = f"The API key provided does not have {missing} permissions."
        raise Wrong("woocommerce_rest_authentication_error", words, 401)


def _firewall(shop: Shop) -> Response | None:
    limit = int(shop.settings["waf_limit"])
    if not limit or not shop.world.limits.enabled:
        return None
    wait = shop.world.limits.spend(Bucket(f"woo:{shop.name}:{limit}", limit, 60))
    if wait is None:
        return None
    page = "<html><body><h1>Too many requests</h1></body></html>"
    return Response(page, 429, {"Retry-After": str(max(1, round(wait)))}, mimetype="text/html")


def _reply(shop: Shop, body: Any, status: int) -> Response:
    raw = orjson.dumps(body)
    if shop.settings["notices"]:
        raw = b"<br />\n<b>Warning</b>:  Undefined array key 0 in <b>/wp/x.php</b> on line <b>7</b><br />\n" + raw
    if status == 403 and isinstance(body, dict) and body.get("code") == "waf":
        return Response("<html><body>Forbidden</body></html>", 403, mimetype="text/html")
    return Response(raw, status, mimetype="application/json")


def _trim(row: Any) -> Any:
    wanted = request.args.get("_fields")
    if not wanted or not isinstance(row, dict):
        return row
    names = {name.strip() for name in wanted.split(",")}
    return {name: value for name, value in row.items() if name in names}
