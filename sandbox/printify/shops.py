"""The shops of the account: one that sells through the API, one that is disconnected (for its refusals)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from sandbox.printify.door import answer, not_found
from sandbox.printify.notices import tell
from sandbox.world import World, current_world

SHOP = "printify_shop"
bp = Blueprint("printify_shops", __name__, url_prefix="/printify/v1")


def seed_shops(world: World) -> None:
    """Make the two shops once."""
    main = world.settings.printify_shop_id
    for id_, title, channel in (
        (main, "Imprint", "custom_integration"),
        (main + 1, "Old market stall", "disconnected"),
    ):
        if world.store.get(SHOP, str(id_)) is None:
            world.store.put(SHOP, str(id_), {"id": id_, "title": title, "sales_channel": channel})


def find_shop(world: World, shop_id: int) -> dict[str, Any]:
    """The shop, or leave with 404."""
    shop = world.store.get(SHOP, str(shop_id))
    if shop is None:
        not_found()
    return shop or {}


@bp.get("/shops.json")
def list_shops() -> Response:
    return answer(current_world().store.all(SHOP))


@bp.delete("/shops/<int:shop_id>/connection.json")
def disconnect(shop_id: int) -> Response:
    disconnect_shop(current_world(), shop_id)
    return answer({})


def disconnect_shop(world: World, shop_id: int) -> None:
    """Mark disconnected and say so."""
    shop = find_shop(world, shop_id)
    world.store.put(SHOP, str(shop_id), {**shop, "sales_channel": "disconnected"})
    tell(world, "shop:disconnected", shop_id, None, shop_id)
