"""What a platform tells us at once: a card on its connection's overview, and a button that looks after it now."""

from __future__ import annotations

from flask import render_template, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import one_at_a_time, press
from shop.admin.blueprint import bp
from shop.admin.channels.parts import card, find_connection
from shop.admin.permissions import May, staff_only
from shop.channels import registry
from shop.channels.connector import SendsWebhooks
from shop.channels.hooking.searching import hook_facts
from shop.channels.models import Connection
from shop.extensions import db
from shop.workflows.channel_hooks import address_of, ensure_webhooks

STATES = {"on": ("On", "done"), "off": ("Off", "waiting"), "failing": ("Needs you", "needs")}
EVENTS = {"done": ("Read", "done"), "parked": ("Failed", "failed"), "working": ("Being read", "working")}


@card
def hooks_card(session: Session, found: Connection) -> Markup | str:
    """Nothing for a platform without webhooks, and for an account that is not connected yet."""
    if found.status in ("disconnected", "connecting") or not registry.can(found.channel, SendsWebhooks):
        return ""
    facts, tells_all = hook_facts(session, found.id), getattr(registry.class_of(found.channel), "tells_all", False)
    return Markup(  # noqa: S704 - our own template made it
        render_template(
            "admin/connection_hooks.html",
            connection=found,
            facts=facts,
            address=address_of(found),
            tells_all=tells_all,
            hook_state=STATES["on"]
            if tells_all
            else STATES.get(facts.watch.state if facts.watch else "off", STATES["off"]),
            event_states=EVENTS,
        )
    )


@bp.post("/channels/<int:connection_id>/hooks")
@staff_only(May.SETTINGS)
def look_after_hooks(connection_id: int) -> BaseResponse:
    """Ask the platform now, and make again what is missing. A repeat changes nothing."""
    find_connection(db.session(), connection_id)

    def work() -> str:
        with one_at_a_time("hooks", connection_id):
            lost = ensure_webhooks(connection_id)
        if lost:
            return f"{len(lost)} were gone and are made again. What they would have told is read now."
        return "All of them stand there."

    return press(work, done="", back=url_for("admin.connection", connection_id=connection_id))
