"""/control and /: pages for people; the JSON API is beside it."""

from __future__ import annotations

import sys
from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup

from sandbox.control import printify_api, tracking, world_api
from sandbox.faults import KINDS
from sandbox.hooks import MODES
from sandbox.printify.notices import BLOCK, HOOK
from sandbox.printify.orders import ORDER, STATUSES
from sandbox.printify.products import PRODUCT
from sandbox.world import World, current_world

bp = Blueprint("control", __name__)
for _part in (world_api, printify_api, tracking):
    bp.register_blueprint(_part.bp)

_PANELS = ("sandbox.channels.hands", "sandbox.stripe.routes", "sandbox.mail.routes", "sandbox.receiver.routes")
_SHOWN = 12


@bp.get("/")
def landing() -> str:
    """Where everything is."""
    return render_template("control/landing.html", world=current_world())


@bp.get("/control")
def page() -> str:
    """Every knob of the sandbox as plain forms."""
    world = current_world()
    return render_template("control/page.html", **_facts(world))


def _facts(world: World) -> dict[str, Any]:
    return {
        "world": world,
        "state": world_api.state_of(world),
        "events": world.clock.scheduled()[:_SHOWN],
        "orders": list(reversed(world.store.all(ORDER)))[:_SHOWN],
        "statuses": STATUSES,
        "products": world.store.get_many(PRODUCT, list(reversed(world.store.ids(PRODUCT)))[:_SHOWN]),
        "product_count": world.store.count(PRODUCT),
        "subscriptions": world.store.all(HOOK),
        "blocks": [block for block in world.store.all(BLOCK) if block["until"] > world.clock.now()],
        "fault_kinds": KINDS,
        "hook_modes": MODES,
        "deliveries": world.hooks.log(_SHOWN),
        "requests": world.requests.last(25),
        "counts": world.requests.counts(),
        "violations": world.requests.violations()[:_SHOWN],
        "panels": _panels(world),
        "text": world.clock.text,
    }


def _panels(world: World) -> list[Markup]:
    """What the other stand-ins add to the page: each may offer ``panel(world)``, an HTML fragment."""
    found = []
    for name in _PANELS:
        panel = getattr(sys.modules.get(name), "panel", None)
        if panel is not None:
            found.append(Markup(panel(world)))
    return found
