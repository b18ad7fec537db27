"""``expand[]``: ids become objects, and hidden lists appear. Source: contracts/stripe.md §5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.stripe import book
from sandbox.stripe.book import Obj
from sandbox.stripe.refusing import Refusal
from sandbox.stripe.wire import Params, rows
from sandbox.world import World

_DEEPEST = 4

# Field name → the resource an id in it belongs to.
_FIELDS = {
    "payment_intent": "payment_intent", "latest_charge": "charge", "charge": "charge", "customer": "customer",
    "product": "product", "coupon": "coupon", "promotion_code": "promotion_code", "shipping_rate": "shipping_rate",
    "payment_method": "payment_method", "default_price": "price", "price": "price", "refund": "refund",
    "balance_transaction": "balance_transaction", "receipt": "file", "customer_communication": "file",
    "shipping_documentation": "file", "refund_policy": "file", "uncategorized_file": "file",
}  # fmt: skip

# (object type, field) → how a list or part that is left out by default is made.
_HIDDEN: dict[tuple[str, str], Callable[[World, Obj], Any]] = {}


def hidden(object_type: str, field: str) -> Callable[[Callable[[World, Obj], Any]], Callable[[World, Obj], Any]]:
    """Register what an expansion of a field that is normally absent shows."""

    def remember(make: Callable[[World, Obj], Any]) -> Callable[[World, Obj], Any]:
        _HIDDEN[(object_type, field)] = make
        return make

    return remember


def show(world: World, stored: Obj, params: Params) -> Obj:
    """The public face of an answer with every asked expansion done."""
    # Hidden parts are made from private fields, so they are expanded before those are removed.
    answer: Obj = {**stored}
    for number, path in enumerate(rows(params, "expand")):
        steps = str(path).split(".")
        if len(steps) > _DEEPEST:
            raise Refusal("You cannot expand more than 4 levels of a property.", param=f"expand[{number}]")
        answer = _expand(world, answer, steps, str(path))
    shown: Obj = book.public(answer)
    return shown


def _expand(world: World, node: Any, steps: list[str], whole_path: str) -> Any:
    if node is None or not steps:
        return node
    if isinstance(node, list):
        return [_expand(world, item, steps, whole_path) for item in node]
    if not isinstance(node, dict):
        raise _cannot(whole_path)
    if steps[0] == "data" and node.get("object") == "list":
        return {**node, "data": [_expand(world, item, steps[1:], whole_path) for item in node["data"]]}
    field = steps[0]
    make = _HIDDEN.get((str(node.get("object", "")), field))
    if make is not None:
        value = make(world, node)
    elif field not in node:
        raise _cannot(whole_path)
    else:
        value = node[field]
        if isinstance(value, str) and field in _FIELDS:
            value = book.find(world, _FIELDS[field], value) or value
        elif len(steps) == 1 and not isinstance(value, dict | list) and value is not None:
            raise _cannot(whole_path)
    return {**node, field: _expand(world, value, steps[1:], whole_path)}


def _cannot(path: str) -> Refusal:
    return Refusal(
        f"This property cannot be expanded ({path}). You may want to try expanding another property.", param="expand"
    )
