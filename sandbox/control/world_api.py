"""/control/api: state, reset, clock, faults, webhooks and the log of requests."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from sandbox.control.replying import done, said, wrong
from sandbox.faults import KINDS
from sandbox.hooks import MODES
from sandbox.world import World, current_world

bp = Blueprint("control_world", __name__, url_prefix="/control/api")
HOOK_SERVICES = ("printify", "stripe", "sendgrid", "brevo")
_MOST_SECONDS = 400 * 86_400


@bp.get("/state")
def state() -> Response:
    """Everything at a glance."""
    return jsonify(state_of(current_world()))


@bp.post("/reset")
def reset() -> Response:
    """Back to the first day."""
    # Imported here: the server imports this module.
    from sandbox.server import reset_world

    reset_world(current_world())
    return done()


@bp.get("/clock")
def read_clock() -> Response:
    clock = current_world().clock
    return jsonify({"now": clock.now(), "text": clock.text(), "offset": clock.offset, "events": clock.scheduled()})


@bp.post("/clock")
def advance() -> Response:
    """``{advance: seconds}``; every event on the way is run before the answer."""
    world = current_world()
    try:
        seconds = float(said().get("advance", ""))
    except (TypeError, ValueError):
        return wrong("advance must be a number of seconds")
    if not 0 <= seconds <= _MOST_SECONDS:
        return wrong("advance must be between 0 seconds and 400 days: time moves forward only")
    world.clock.advance(seconds)
    return done({"now": world.clock.now(), "text": world.clock.text(), "offset": world.clock.offset}, anchor="clock")


@bp.get("/faults")
def list_faults() -> Response:
    return jsonify({"faults": current_world().faults.rules(), "kinds": KINDS})


@bp.post("/faults")
def add_fault() -> Response:
    """``{service, match, kind, times, probability, delay}``; times null means always."""
    try:
        fault = current_world().faults.add(said())
    except ValueError as problem:
        return wrong(str(problem))
    return done({"id": fault.id, "kind": fault.kind, "service": fault.service}, 201, "faults")


@bp.route("/faults", methods=["DELETE"])
@bp.route("/faults/clear", methods=["POST"])
def clear_faults() -> Response:
    current_world().faults.clear()
    return done(anchor="faults")


@bp.route("/faults/<fault_id>", methods=["DELETE"])
@bp.route("/faults/<fault_id>/remove", methods=["POST"])
def remove_fault(fault_id: str) -> Response:
    if not current_world().faults.remove(fault_id):
        return wrong("there is no such fault", 404)
    return done(anchor="faults")


@bp.get("/hooks")
def list_hooks() -> Response:
    """Modes per service and the log, newest first (``?limit=&service=``)."""
    world = current_world()
    limit = min(request.args.get("limit", 100, type=int), 500)
    log = world.hooks.log(limit, request.args.get("service"))
    return jsonify({"modes": hook_modes(world), "log": log, "kinds": MODES})


@bp.post("/hooks")
def set_hooks() -> Response:
    """``{service, mode, seconds}``"""
    asked = said()
    try:
        current_world().hooks.set_mode(
            str(asked.get("service", "")), str(asked.get("mode", "")), float(asked.get("seconds") or 0)
        )
    except ValueError as problem:
        return wrong(str(problem))
    return done(anchor="hooks")


@bp.post("/hooks/wait")
def wait_for_hooks() -> Response:
    """``{timeout}``: answer when nothing is being sent any more; ``idle`` false when time ran out."""
    timeout = min(60.0, float(said().get("timeout") or 10))
    return done({"idle": current_world().hooks.wait_idle(timeout)})


@bp.post("/hooks/<delivery_id>/resend")
def resend(delivery_id: str) -> Response:
    """The same event once more, with the headers it was sent with."""
    if not current_world().hooks.resend(delivery_id):
        return wrong("there is no such delivery", 404)
    return done(anchor="hooks")


@bp.get("/requests")
def list_requests() -> Response:
    """``?limit=&service=``: the last requests, the counts and the violations of the specification."""
    log = current_world().requests
    limit = min(request.args.get("limit", 100, type=int), 1000)
    service = request.args.get("service")
    return jsonify(
        {"requests": log.last(limit, service), "counts": log.counts(service), "violations": log.violations()}
    )


@bp.route("/requests", methods=["DELETE"])
@bp.route("/requests/clear", methods=["POST"])
def clear_requests() -> Response:
    current_world().requests.clear()
    return done(anchor="requests")


@bp.post("/limits")
def switch_limits() -> Response:
    """``{enabled}``: keep to the published rate limits or not; spent budgets are refilled."""
    limits = current_world().limits
    value = said().get("enabled")
    limits.enabled = value in (True, 1, "1", "true", "on", "yes")
    limits.clear()
    return done({"enabled": limits.enabled}, anchor="clock")


def hook_modes(world: World) -> dict[str, dict[str, Any]]:
    """How each service's webhooks travel."""
    return {service: world.hooks.mode(service) for service in HOOK_SERVICES}


def state_of(world: World) -> dict[str, Any]:
    """The state as one JSON object."""
    return {
        "clock": {"now": world.clock.now(), "text": world.clock.text(), "offset": world.clock.offset},
        "events": world.clock.scheduled(),
        "faults": world.faults.rules(),
        "hooks": hook_modes(world),
        "rate_limits": world.limits.enabled,
        "checked_against_specs": {"printify": world.specs.knows("printify")},
        "objects": world.store.kinds(),
        "shop_url": world.settings.shop_url,
        "ports": {"http": world.settings.port, "smtp": world.settings.smtp_port},
    }
