"""Everything under /shopify/<shop>: OAuth, the GraphQL endpoint, the files of bulk operations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.shopify import stall
from sandbox.shopify.bulk import file_of
from sandbox.shopify.calls import RESOLVERS, SCOPE_OF
from sandbox.shopify.executing import Read, Wrong, actual_cost, read, requested_cost, run
from sandbox.shopify.granting import authorize, give_token, scopes_of
from sandbox.shopify.shelf import Shelf, forget_shelf, shelf_of
from sandbox.shopify.shopfront import SHOP, VERSION, Json
from sandbox.world import World, current_world

MOST_POINTS, RESTORED, MOST_COST = 2000.0, 100.0, 1000
_BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"

bp = Blueprint("shopify", __name__)
__all__ = ["attach", "bp", "stall"]


def attach(world: World) -> None:
    """Nothing stands in the shop at first; what was kept is indexed anew."""
    forget_shelf(world)


@bp.get("/shopify/<shop>/admin/oauth/authorize")
def consent(shop: str) -> Any:
    return authorize() if shop == SHOP else _nowhere()


@bp.post("/shopify/<shop>/admin/oauth/access_token")
def token(shop: str) -> Any:
    return give_token() if shop == SHOP else _nowhere()


@bp.get("/shopify/<shop>/bulk/<number>.jsonl")
def bulk_file(shop: str, number: str) -> Any:
    """With Range, as the storage behind it has."""
    file = file_of(current_world(), number)
    if file is None or shop != SHOP:
        return _nowhere()
    asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
    if asked is None:
        return Response(file, 200, content_type="application/jsonl")
    start, end = int(asked[1]), min(int(asked[2]), len(file) - 1)
    if start >= len(file):
        return Response(b"", 416)
    told = {"Content-Range": f"bytes {start}-{end}/{len(file)}"}
    return Response(file[start : end + 1], 206, told, content_type="application/jsonl")


@bp.post("/shopify/<shop>/admin/api/<version>/graphql.json")
def graphql(shop: str, version: str) -> Any:
    world = current_world()
    if shop != SHOP or not re.fullmatch(r"20\d\d-(01|04|07|10)", version):
        return _nowhere()
    scopes = scopes_of(world, request.headers.get("X-Shopify-Access-Token", ""))
    if scopes is None:
        return jsonify(errors=_BAD_TOKEN), 401
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return jsonify(errors={"query": "Required parameter missing or invalid"}), 400
    answer = _answer(world, body, scopes)
    return jsonify(answer), 200, {"X-Shopify-API-Version": VERSION}


def _answer(world: World, body: Json, scopes: set[str]) -> Json:
    shelf = shelf_of(world)
    try:
        asked = read(body["query"], body.get("variables") or {}, world.settings.specs_directory)
    except Wrong as error:
        return _errors(error)
    asked = Read(asked.operation, asked.fragments, {**asked.variables, "__scopes": sorted(scopes)})
    requested = requested_cost(asked)
    if requested > MOST_COST:
        told = f"Query cost is {requested}, which exceeds the single query max cost limit (1000)."
        return _errors(Wrong(told, "MAX_COST_EXCEEDED"), _cost(shelf, requested, None))
    if not _take(shelf, requested):
        shelf.count("throttled")
        return _errors(Wrong("Throttled", "THROTTLED"), _cost(shelf, requested, None))
    try:
        _check_scopes(asked, scopes)
        data = run(asked, world, RESOLVERS)
    except Wrong as error:
        _give_back(shelf, requested)
        return _errors(error, _cost(shelf, requested, 0))
    actual = min(actual_cost(asked, data), requested)
    _give_back(shelf, requested - actual)
    return {"data": data, "extensions": {"cost": _cost(shelf, requested, actual)}}


def _check_scopes(asked: Read, scopes: set[str]) -> None:
    for node in asked.operation.selection_set.selections:
        name = getattr(getattr(node, "name", None), "value", "")
        if SCOPE_OF.get(name, "") and SCOPE_OF[name] not in scopes:
            told = f"Access denied for {name} field. Required access: `{SCOPE_OF[name]}` access scope."
            raise Wrong(told, "ACCESS_DENIED")


def _errors(error: Wrong, cost: Mapping[str, Any] | None = None) -> Json:
    answer: Json = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
    if cost is not None:
        answer["extensions"] = {"cost": cost}
    return answer


# -- the bucket of points, on the virtual clock


def _take(shelf: Shelf, points: int) -> bool:
    with shelf.lock:
        _restore(shelf)
        if not shelf.world.limits.enabled:
            shelf.points[0] = MOST_POINTS
            return True
        if shelf.points[0] < points:
            return False
        shelf.points[0] -= points
        return True


def _give_back(shelf: Shelf, points: int) -> None:
    with shelf.lock:
        shelf.points[0] = min(shelf.points[0] + points, MOST_POINTS)


def _restore(shelf: Shelf) -> None:
    now = shelf.now()
    shelf.points[0] = min(MOST_POINTS, shelf.points[0] + max(now - shelf.points[1], 0.0) * RESTORED)
    shelf.points[1] = now


def _cost(shelf: Shelf, requested: int, actual: int | None) -> Json:
    status = {"maximumAvailable": MOST_POINTS, "currentlyAvailable": int(shelf.points[0]), "restoreRate": RESTORED}
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}


def _nowhere() -> Any:
    return jsonify(errors="Not Found"), 404
