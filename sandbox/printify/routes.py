"""Everything under /printify: one blueprint, with the door in front of every call."""

from __future__ import annotations

from flask import Blueprint

from sandbox.printify import (
    catalogue_routes,
    order_routes,
    product_routes,
    shops,
    support_routes,
    upload_routes,
    webhook_routes,
)
from sandbox.printify.door import enter, leave
from sandbox.printify.progress import attach_progress
from sandbox.printify.seeding import seed_products
from sandbox.printify.shops import seed_shops
from sandbox.world import World

bp = Blueprint("printify", __name__)
bp.before_request(enter)
bp.after_request(leave)
for _part in (
    shops,
    catalogue_routes,
    product_routes,
    order_routes,
    support_routes,
    upload_routes,
    webhook_routes,
):
    bp.register_blueprint(_part.bp)


def attach(world: World) -> None:
    """The shops, the goods, and what the clock does to orders."""
    attach_progress(world)
    seed_shops(world)
    seed_products(world)
