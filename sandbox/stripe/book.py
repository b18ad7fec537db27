"""Where the double keeps its objects: one kind of the store per resource, private fields under a leading underscore."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.refusing import missing, unknown_reference
from sandbox.world import World

Obj = dict[str, Any]

API_VERSION = "2026-10-28.endive"

# Resource → the store's kind; the prefix keeps other providers' objects apart.
KINDS = {
    name: f"stripe.{name}"
    for name in (
        "checkout.session", "payment_intent", "charge", "refund", "dispute", "file", "coupon", "promotion_code",
        "tax_rate", "shipping_rate", "customer", "product", "price", "webhook_endpoint", "event", "payment_method",
        "balance_transaction",
    )
}  # fmt: skip


def find(world: World, resource: str, id_: str | None) -> Obj | None:
    """The stored object (with its private fields), or None."""
    return world.store.get(KINDS[resource], id_) if id_ else None


def get(world: World, resource: str, id_: str, param: str = "id") -> Obj:
    """The stored object; raises the 404 Stripe gives for an unknown id in the path."""
    found = find(world, resource, id_)
    if found is None:
        raise missing(resource, id_, param)
    return found


def named(world: World, resource: str, id_: str, param: str) -> Obj:
    """The object a parameter names; raises the 400 Stripe gives for an unknown one."""
    found = find(world, resource, id_)
    if found is None:
        raise unknown_reference(resource, id_, param)
    return found


def save(world: World, obj: Obj) -> Obj:
    """Store by the object's own type and id."""
    resource = "checkout.session" if obj["object"] == "checkout.session" else obj["object"]
    return world.store.put(KINDS[resource], obj["id"], obj)


def now(world: World) -> int:
    """Unix seconds of the virtual clock."""
    return int(world.clock.now())


def public(obj: Any) -> Any:
    """The object as the API shows it: private fields removed, at every depth."""
    if isinstance(obj, dict):
        return {key: public(value) for key, value in obj.items() if not key.startswith("_")}
    if isinstance(obj, list):
        return [public(item) for item in obj]
    return obj


def listing(url: str, data: list[Obj], has_more: bool = False) -> Obj:
    return {"object": "list", "url": url, "has_more": has_more, "data": data}


def empty_address() -> Obj:
    return {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}
