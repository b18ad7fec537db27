"""Stripe's double as the sandbox's server finds it: one blueprint, and the clock's handlers."""

from __future__ import annotations

from flask import Blueprint

from sandbox.stripe import api, control, disputing, endpoints, page, paying, refunding, sessions
from sandbox.world import World

bp = Blueprint("stripe", __name__)
api.register(bp)
page.register(bp)
control.register(bp)

panel = control.panel


def attach(world: World) -> None:
    """Seed data and clock handlers; called at the start and after every reset."""
    clock = world.clock
    endpoints.ensure_default(world)
    clock.on(sessions.EXPIRE_EVENT, lambda payload: sessions.expire_when_due(world, str(payload["session"])))
    clock.on(paying.SETTLE_EVENT, lambda payload: paying.settle_when_due(world, payload))
    clock.on(paying.DISPUTE_EVENT, lambda payload: disputing.dispute_when_due(world, payload))
    clock.on(refunding.REFUND_EVENT, lambda payload: refunding.settle_when_due(world, payload))
    clock.on(disputing.DUE_EVENT, lambda payload: disputing.due_when_due(world, payload))
