"""The control API of the platforms: /control/api/channels/<platform>/<verb>, JSON in, JSON out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify, request

from sandbox.channels.stall import NotHere, Stall
from sandbox.server import current_world
from sandbox.world import World

bp = Blueprint("channel_control", __name__)
_STALLS: dict[str, type[Stall]] = {}
_VERBS = (
    "account", "add_products", "change_product", "remove_product", "break_product", "list_products", "sell",
    "change_order", "list_orders", "list_customers", "add_customers", "change_customer", "add_discount",
    "add_gift_card", "list_gift_cards", "list_hooks", "disable_hooks", "count_writes",
)  # fmt: skip


def register(stall: type[Stall]) -> type[Stall]:
    """As a decorator of each platform's Stall."""
    _STALLS[stall.key] = stall
    return stall


def platforms() -> list[str]:
    return sorted(_STALLS)


def stall_of(world: World, platform: str) -> Stall:
    """For tests in the same process. Raises KeyError."""
    return _STALLS[platform](world)


@bp.post("/control/api/channels/<platform>/<verb>")
def act(platform: str, verb: str) -> Any:
    """Arguments by name in a JSON object; the answer is {"result": …}. 501: this platform has no such thing."""
    if platform not in _STALLS or verb not in _VERBS:
        abort(404)
    try:
        result = getattr(stall_of(current_world(), platform), verb)(**(request.get_json(silent=True) or {}))
    except NotHere:
        return jsonify(error="this platform has no such thing"), 501
    except (KeyError, TypeError, ValueError) as error:
        return jsonify(error=f"{type(error).__name__}: {error}"), 422
    return jsonify(result=result)
