"""SendGrid's event webhook: settings, the signing key, and signed arrays of events (contracts/sendgrid.md §5)."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Blueprint, Response, jsonify, request

from sandbox.world import current_world

bp = Blueprint("sendgrid_events", __name__, url_prefix="/sendgrid/v3/user/webhooks/event")

SETTINGS = "sendgrid_webhook"
RETRIES = [60.0, 300.0, 1_800.0, 7_200.0, 21_600.0, 43_200.0]  # a rolling 24 hours
EVENTS = (
    "processed", "deferred", "delivered", "bounce", "dropped", "open", "click", "spam_report", "unsubscribe",
    "group_unsubscribe", "group_resubscribe",
)  # fmt: skip

_SETTING_OF = {"spamreport": "spam_report"}
_DETAILS: dict[str, dict[str, Any]] = {
    "delivered": {"response": "250 2.0.0 OK (sandbox)"},
    "deferred": {"response": "451 4.7.1 try again later (sandbox)", "attempt": "1"},
    "bounce": {"reason": "550 5.1.1 no such user (sandbox)", "status": "5.1.1", "type": "bounce"},
    "blocked": {"reason": "550 5.7.1 message refused (sandbox)", "status": "5.7.1", "type": "blocked"},
    "dropped": {"reason": "Bounced Address", "status": "5.0.0"},
    "invalid": {"reason": "Invalid", "status": "5.0.0"},
    "open": {"ip": "127.0.0.1", "useragent": "Sandbox Mail", "sg_machine_open": False},
    "click": {"ip": "127.0.0.1", "useragent": "Sandbox Mail", "url": "http://127.0.0.1:8000/"},
}
_STEPS: dict[str, tuple[str, ...]] = {
    "delivered": ("processed", "delivered"),
    "deferred": ("processed", "deferred", "delivered"),
    "bounce": ("processed", "bounce"),
    "blocked": ("processed", "blocked"),
    "dropped": ("dropped",),
    "invalid": ("invalid",),
    "spam": ("processed", "delivered", "spamreport"),
}
_WIRE_NAME = {"blocked": "bounce", "invalid": "dropped"}


def notify_sendgrid(
    world: Any, message_id: str, suffix: str, address: str, outcome: str, told: dict[str, Any]
) -> list[dict[str, Any]]:
    """Send the events one recipient's mail leads to; `outcome` is a word of outcomes.py or one event's own name."""
    events = []
    for step in _STEPS.get(outcome, (outcome,)):
        name = _WIRE_NAME.get(step, step)
        events.append(
            {
                **{key: str(value) for key, value in told.get("custom_args", {}).items()},
                "email": address,
                "timestamp": int(world.clock.now()),
                "smtp-id": f"<{message_id}@geopod-ismtpd-sandbox>",
                "event": name,
                "category": told.get("categories") or [],
                "sg_event_id": secrets.token_urlsafe(18),
                "sg_message_id": f"{message_id}.{suffix}",
                **_DETAILS.get(step, {}),
            }
        )
    for setting in world.store.all(SETTINGS):
        wanted = [one for one in events if setting.get(_SETTING_OF.get(one["event"], one["event"]))]
        if setting["enabled"] and wanted:
            _post(world, setting, wanted)
    return events


def sign_events(pem: str, body: bytes, timestamp: str) -> str:
    """Base64 of a DER ECDSA signature (P-256, SHA-256) over the timestamp's text followed by the raw body."""
    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the stored key is not an elliptic curve key")
    return base64.b64encode(key.sign(timestamp.encode("ascii") + body, ec.ECDSA(hashes.SHA256()))).decode("ascii")


@bp.post("/settings")
def create_setting() -> tuple[Response, int]:
    """A new webhook; 400 without a `url`."""
    wanted = _wanted()
    if wanted is None:
        return _problem("url: required and must be an http(s) address"), 400
    now = datetime.fromtimestamp(current_world().clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    setting = {
        "id": secrets.token_hex(16),
        "enabled": True,
        "friendly_name": None,
        **dict.fromkeys(EVENTS, False),
        **wanted,
        "created_date": now,
        "updated_date": now,
        "pem": _new_key(),
        "signed": False,
    }
    current_world().store.put(SETTINGS, setting["id"], setting)
    return jsonify(_public(setting)), 201


@bp.get("/settings/all")
def list_settings() -> Response:
    """Every webhook of the account."""
    return jsonify({"max_allowed": 5, "webhooks": [_public(one) for one in current_world().store.all(SETTINGS)]})


@bp.route("/settings/<setting_id>", methods=["GET", "PATCH", "DELETE"])
def one_setting(setting_id: str) -> tuple[Response, int]:
    """Read, change or remove one webhook."""
    store = current_world().store
    setting = store.get(SETTINGS, setting_id)
    if setting is None:
        return _problem("webhook not found"), 404
    if request.method == "DELETE":
        store.delete(SETTINGS, setting_id)
        return Response(), 204
    if request.method == "PATCH":
        wanted = _wanted(partial=True)
        if wanted is None:
            return _problem("url must be an http(s) address"), 400
        setting.update(wanted)
        store.put(SETTINGS, setting_id, setting)
    return jsonify(_public(setting)), 200


@bp.route("/settings/signed/<setting_id>", methods=["GET", "PATCH"])
def signed_setting(setting_id: str) -> tuple[Response, int]:
    """Switch signing on or off and read the public key: base64 of the SubjectPublicKeyInfo, without PEM lines."""
    store = current_world().store
    setting = store.get(SETTINGS, setting_id)
    if setting is None:
        return _problem("webhook not found"), 404
    if request.method == "PATCH":
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or not isinstance(body.get("enabled"), bool):
            return _problem("enabled: must be a boolean"), 400
        setting["signed"] = body["enabled"]
        store.put(SETTINGS, setting_id, setting)
    return jsonify({"id": setting_id, "public_key": _public_key(setting["pem"]) if setting["signed"] else ""}), 200


@bp.post("/test")
def send_test() -> tuple[Response, int]:
    """One fake batch to `url`, signed with the key of webhook `id` when that is given."""
    body: Any = request.get_json(silent=True)
    url = body.get("url") if isinstance(body, dict) else None
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return _problem("url: required and must be an http(s) address"), 400
    world = current_world()
    setting = world.store.get(SETTINGS, str(body.get("id") or "")) or {"pem": _new_key(), "signed": False}
    at = int(world.clock.now())
    events = [
        {"email": "example@test.com", "timestamp": at, "event": name, "sg_event_id": secrets.token_urlsafe(18),
         "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"}
        for name in ("processed", "deferred", "delivered")
    ]  # fmt: skip
    _post(world, {**setting, "url": url}, events)
    return Response(), 204


def _post(world: Any, setting: dict[str, Any], events: list[dict[str, Any]]) -> None:
    # The closing CRLF is part of what is signed.
    body = json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode() + b"\r\n"

    def sign(payload: bytes, at: float) -> dict[str, str]:
        if not setting.get("signed"):
            return {}
        timestamp = str(int(at))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": sign_events(setting["pem"], payload, timestamp),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }

    event_id, topic = events[0]["sg_event_id"], events[-1]["event"]
    world.hooks.send("sendgrid", setting["url"], body, sign, event_id, retries=list(RETRIES), topic=topic)


def _wanted(partial: bool = False) -> dict[str, Any] | None:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return None
    url = body.get("url")
    if not (partial and url is None) and not (isinstance(url, str) and url.startswith(("http://", "https://"))):
        return None
    names = ("url", "friendly_name", "enabled", *EVENTS)
    return {name: body[name] for name in names if name in body}


def _public(setting: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in setting.items() if key not in ("pem", "signed")}
    return {**shown, "public_key": _public_key(setting["pem"])} if setting["signed"] else shown


def _new_key() -> str:
    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def _public_key(pem: str) -> str:
    public = serialization.load_pem_private_key(pem.encode("ascii"), password=None).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode("ascii")


def _problem(message: str) -> Response:
    return jsonify({"errors": [{"message": message, "field": None, "help": None}]})
