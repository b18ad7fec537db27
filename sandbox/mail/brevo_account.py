"""Brevo's account, webhook settings and suppression list (contracts/brevo.md §2, §7)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.mail.brevo import BLOCKED, refuse
from sandbox.mail.brevo_events import SETTING_TO_EVENT, WEBHOOKS
from sandbox.world import current_world

bp = Blueprint("brevo_account", __name__, url_prefix="/brevo/v3")

MAX_WEBHOOKS = 40
_TYPES = ("transactional", "marketing", "inbound")


@bp.get("/account")
def account() -> Response:
    """The key check: who we are, credits left, SMTP relay data."""
    relay = {"userName": "sandbox@smtp-brevo.com", "relay": "127.0.0.1", "port": current_world().settings.smtp_port}
    return jsonify(
        {
            "email": "merchant@example.com",
            "firstName": "Sandbox",
            "lastName": "Merchant",
            "companyName": "Sandbox",
            "address": {"street": "1 Loopback Road", "city": "Localhost", "zipCode": "12700", "country": "France"},
            "plan": [{"type": "free", "creditsType": "sendLimit", "credits": 300}],
            "relay": {"enabled": True, "data": relay},
        }
    )


@bp.post("/webhooks")
def create_webhook() -> Response:
    """201 `{"id"}`; 400 for a missing url, an unknown event, or more than 40 webhooks."""
    store = current_world().store
    body: Any = request.get_json(silent=True)
    problem = _problem(body)
    if problem is not None:
        return problem
    if store.count(WEBHOOKS) >= MAX_WEBHOOKS:
        return refuse(400, "out_of_range", "Webhook limit reached")
    number = store.next_number("brevo_webhook")
    store.put(WEBHOOKS, str(number), {"id": number, **_fields(body)})
    answer = jsonify({"id": number})
    answer.status_code = 201
    return answer


@bp.get("/webhooks")
def list_webhooks() -> Response:
    """Every webhook of the asked `type` (default transactional)."""
    kind = request.args.get("type", "transactional")
    return jsonify({"webhooks": [one for one in current_world().store.all(WEBHOOKS) if one["type"] == kind]})


@bp.route("/webhooks/<int:number>", methods=["GET", "PUT", "DELETE"])
def one_webhook(number: int) -> Response:
    """Read, change or remove one webhook."""
    store = current_world().store
    hook = store.get(WEBHOOKS, str(number))
    if hook is None:
        return refuse(404, "document_not_found", "Webhook ID does not exist")
    if request.method == "GET":
        return jsonify(hook)
    if request.method == "DELETE":
        store.delete(WEBHOOKS, str(number))
        return Response(status=204)
    body = request.get_json(silent=True)
    changed = {**hook, **body} if isinstance(body, dict) else None
    problem = _problem(changed)
    if problem is not None or changed is None:
        return problem or refuse(400, "invalid_parameter", "Invalid JSON body")
    store.put(WEBHOOKS, str(number), {"id": number, **_fields(changed)})
    return Response(status=204)


@bp.get("/smtp/blockedContacts")
def list_blocked() -> Response:
    """The suppression list."""
    rows = current_world().store.all(BLOCKED)
    return jsonify({"count": len(rows), "contacts": rows})


@bp.delete("/smtp/blockedContacts/<email>")
def unblock(email: str) -> Response:
    """204, or 404 for an address that is not on the list."""
    if current_world().store.delete(BLOCKED, email.lower()):
        return Response(status=204)
    return refuse(404, "document_not_found", "Contact not found")


@bp.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(rest: str) -> Response:
    """Routes this stand-in does not have."""
    return refuse(404, "document_not_found", "Not found")


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "url": body["url"],
        "description": str(body.get("description") or ""),
        "type": body.get("type") or "transactional",
        "channel": body.get("channel") or "email",
        "events": list(body["events"]),
        "batched": bool(body.get("batched")),
        "auth": body.get("auth") or {},
        "headers": body.get("headers") or [],
    }


def _problem(body: Any) -> Response | None:
    if not isinstance(body, dict):
        return refuse(400, "invalid_parameter", "Invalid JSON body")
    url = body.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return refuse(400, "missing_parameter", "url is missing or not valid")
    events = body.get("events")
    if not isinstance(events, list) or not events:
        return refuse(400, "missing_parameter", "events are missing")
    if body.get("type", "transactional") not in _TYPES:
        return refuse(400, "invalid_parameter", "type is not valid")
    unknown = [one for one in events if one not in (*SETTING_TO_EVENT, "inboundEmailProcessed")]
    if unknown:
        return refuse(400, "invalid_parameter", f"Invalid events: {', '.join(map(str, unknown))[:200]}")
    auth = body.get("auth")
    if auth and not (isinstance(auth, dict) and auth.get("type") == "bearer" and isinstance(auth.get("token"), str)):
        return refuse(400, "invalid_parameter", "auth should be a bearer token")
    headers = body.get("headers")
    if headers and not all(isinstance(one, dict) and {"key", "value"} <= one.keys() for one in headers):
        return refuse(400, "invalid_parameter", "headers should be key and value pairs")
    return None
