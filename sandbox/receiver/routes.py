"""/receiver/<name>: a receiver of the shop's own webhooks, as one written by the Standard Webhooks rules.

It verifies signatures with their reference library once it is told the secret, keeps what came, knows repeats by
their id, and misbehaves on demand.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from standardwebhooks import Webhook

from sandbox.control.replying import done, said, wrong
from sandbox.world import World, current_world

bp = Blueprint("receiver", __name__)

MODES: dict[str, str] = {
    "ok": "answer 204",
    "500": "answer 500",
    "429": "answer 429 with Retry-After",
    "410": "answer 410: gone for good",
    "redirect": "answer 302 to another receiver",
    "slow": "wait, then answer 204",
    "long": "answer 200 with a megabyte",
}
RECEIVER, RECEIVED = "receiver", "received"
_KEEP = 500
_SHOWN = 12


@bp.post("/receiver/<name>")
def receive(name: str) -> Response:
    """Keep it; a signature that does not fit is answered with 400."""
    world, body = current_world(), request.get_data()
    receiver = receiver_of(world, name)
    fits = _fits(receiver["secret"], body)
    known = {one["key"] for one in world.store.all(RECEIVED) if one["receiver"] == name and one["status"] < 300}
    key = request.headers.get("webhook-id", "")
    answer = Response("the signature does not fit", 400) if fits is False else _answer(receiver)
    kept = {
        "receiver": name,
        "key": key,
        "at": world.clock.now(),
        "type": str((request.get_json(silent=True) or {}).get("type", "")),
        "body": body.decode("utf-8", "replace"),
        "headers": {k.lower(): v for k, v in request.headers.items()},
        "fits": fits,
        "repeat": key in known,
        "status": answer.status_code,
    }
    world.store.put(RECEIVED, str(world.store.next_number(RECEIVED)), kept)
    world.store.keep_last(RECEIVED, _KEEP)
    return answer


@bp.get("/control/api/receiver")
def state() -> Response:
    """``?receiver=``: what came, oldest first, and each receiver's mode."""
    world, name = current_world(), request.args.get("receiver")
    came = [one for one in world.store.all(RECEIVED) if name in (None, one["receiver"])]
    return jsonify({"received": came, "receivers": world.store.all(RECEIVER), "modes": MODES})


@bp.post("/control/api/receiver/<name>")
def change(name: str) -> Any:
    """``{mode, seconds, secret}``: how it answers, and the secret to verify with ("-" forgets it)."""
    world, asked = current_world(), said()
    receiver = receiver_of(world, name)
    mode = str(asked.get("mode") or receiver["mode"])
    if mode not in MODES:
        return wrong(f"mode must be one of {', '.join(MODES)}")
    secret = str(asked.get("secret") or receiver["secret"])
    receiver |= {"mode": mode, "secret": "" if secret == "-" else secret, "seconds": float(asked.get("seconds") or 1)}
    world.store.put(RECEIVER, name, receiver)
    return done(anchor="receiver")


@bp.post("/control/api/receiver/clear")
def clear() -> Any:
    current_world().store.reset(RECEIVED)
    return done(anchor="receiver")


def receiver_of(world: World, name: str) -> dict[str, Any]:
    return world.store.get(RECEIVER, name) or {"name": name, "mode": "ok", "secret": "", "seconds": 1.0}


def panel(world: World) -> str:
    """Its part of the control page."""
    came = list(reversed(world.store.all(RECEIVED)))[:_SHOWN]
    receivers = world.store.all(RECEIVER) or [receiver_of(world, "demo")]
    base = f"http://{world.settings.host}:{world.settings.port}"
    return render_template(
        "receiver/panel.html", came=came, receivers=receivers, modes=MODES, text=world.clock.text, base=base
    )


def _fits(secret: str, body: bytes) -> bool | None:
    """None: it was told no secret. The age is not looked at here: the sandbox's clock is not the shop's."""
    if not secret:
        return None
    try:
        key, stamp = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
        expected = Webhook(secret).sign(key, datetime.fromtimestamp(stamp, UTC), body.decode())
    except (KeyError, ValueError):
        return False
    return expected in request.headers.get("webhook-signature", "").split(" ")


def _answer(receiver: dict[str, Any]) -> Response:
    mode, seconds = receiver["mode"], float(receiver["seconds"])
    if mode == "slow":
        time.sleep(min(seconds, 60))
    if mode == "redirect":
        return redirect(f"/receiver/{receiver['name']}-elsewhere", 302)  # type: ignore[return-value]
    if mode == "429":
        return Response("slow down", 429, {"Retry-After": f"{seconds:g}"})
    if mode == "long":
        return Response("x" * 1_000_000, 200)
    if mode in ("500", "410"):
        return Response("out of order" if mode == "500" else "gone", int(mode))
    return Response(status=204)
