"""Brevo's v3 transactional mail as it answers on the wire (contracts/brevo.md)."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.mail.brevo_events import LOG, notify_brevo
from sandbox.mail.brevo_rules import Refusal, check_send, read_moment
from sandbox.mail.mailbox import deliver
from sandbox.mail.outcomes import outcome_for, reaches
from sandbox.mail.reading import compose_raw
from sandbox.ratelimits import Bucket
from sandbox.world import current_world

bp = Blueprint("brevo", __name__, url_prefix="/brevo/v3")

SEND_LIMIT = Bucket("brevo.send", 1_000, 1.0)
LIST_LIMIT = Bucket("brevo.emails", 2, 1.0)
OTHER_LIMIT = Bucket("brevo.other", 100, 3_600.0)
KEY_SECONDS = 900.0  # how long an idempotency key is remembered; the guide says 30 minutes, the changelog 15
SENT = "brevo_sent"
KEYS = "brevo_key"
BLOCKED = "brevo_blocked"
SCHEDULED = "brevo.send"
_DUPLICATE = "Email for the idempotency key has already been processed"
_REFUSED_KEYS = {
    "xkeysib-quota": (402, "not_enough_credits", "You have insufficient credits"),
    "xkeysib-inactive": (403, "permission_denied", "Your account is not activated"),
    "xkeysib-revoked": (401, "unauthorized", "Key not found"),
}


def refuse(status: int, code: str, message: str) -> Response:
    """`{"code","message"}` with this status."""
    answer = jsonify({"code": code, "message": message})
    answer.status_code = status
    return answer


def _bucket() -> Bucket:
    if request.method == "POST" and request.path.endswith("/smtp/email"):
        return SEND_LIMIT
    return LIST_LIMIT if request.path.endswith("/smtp/emails") else OTHER_LIMIT


@bp.before_request
def check_caller() -> Response | None:
    """Key in the `api-key` header, then the budget. Any `xkeysib-…` will do, but for _REFUSED_KEYS."""
    key = request.headers.get("api-key", "")
    if not key.startswith("xkeysib-"):
        return refuse(401, "unauthorized", "Key not found")
    for prefix, (status, code, message) in _REFUSED_KEYS.items():
        if key.startswith(prefix):
            return refuse(status, code, message)
    if current_world().limits.spend(_bucket()) is not None:
        return refuse(429, "too_many_requests", "Too many requests")
    return None


@bp.after_request
def tell_budget(answer: Response) -> Response:
    """Brevo tells the budget with every answer; there is no Retry-After."""
    bucket = _bucket()
    answer.headers["x-sib-ratelimit-limit"] = str(bucket.limit)
    answer.headers["x-sib-ratelimit-remaining"] = str(max(0, bucket.limit - current_world().limits.used(bucket)))
    answer.headers["x-sib-ratelimit-reset"] = str(int(bucket.seconds))
    return answer


@bp.post("/smtp/email")
def send() -> Response:
    """201 with `messageId` or `messageIds`; 202 when scheduled; 400 for a repeated `headers.idempotencyKey`."""
    world = current_world()
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError):
        return refuse(400, "invalid_parameter", "Invalid JSON body")
    try:
        check_send(body)
    except Refusal as refusal:
        return refuse(400, refusal.code, refusal.message)
    if _used_before(world, body):
        return refuse(400, "duplicate_parameter", _DUPLICATE)
    versions = body.get("messageVersions") or [{}]
    ids = [_new_id(world) for _ in versions]
    wait = read_moment(body["scheduledAt"]) - world.clock.now() if body.get("scheduledAt") else 0.0
    if _header(body, "X-Sib-Sandbox") != "drop":
        for message_id, version in zip(ids, versions, strict=True):
            _schedule(world, {**body, **version}, message_id, wait)
    answer = jsonify({"messageIds": ids} if body.get("messageVersions") else {"messageId": ids[0]})
    answer.status_code = 202 if wait > 0 else 201
    return answer


@bp.delete("/smtp/email/<path:identifier>")
def cancel(identifier: str) -> Response:
    """Cancel scheduled mail by message or batch id: 204, or 404 when nothing waits."""
    clock, found = current_world().clock, False
    for event in clock.scheduled():
        payload = event["payload"]
        if event["key"] == SCHEDULED and identifier in (payload["message_id"], payload["body"].get("batchId")):
            found = clock.cancel(event["id"]) or found
    return Response(status=204) if found else refuse(404, "document_not_found", "Scheduled mail not found")


@bp.get("/smtp/emails")
def list_sent() -> Response:
    """Newest first; filters `messageId`, `email`, `templateId`, `limit`, `offset`."""
    wanted = request.args
    if not (wanted.get("messageId") or wanted.get("email") or wanted.get("templateId")):
        return refuse(400, "missing_parameter", "one of messageId, email or templateId is needed")
    rows = [
        row
        for row in reversed(current_world().store.all(SENT))
        if wanted.get("messageId") in (None, row["messageId"])
        and wanted.get("email") in (None, row["email"])
        and wanted.get("templateId") in (None, str(row["templateId"]))
    ]
    limit, offset = _page(500)
    shown = [{key: value for key, value in row.items() if key != "body"} for row in rows[offset : offset + limit]]
    return jsonify({"count": len(rows), "transactionalEmails": shown})


@bp.get("/smtp/emails/<uuid>")
def one_sent(uuid: str) -> Response:
    """Content and events of one mail."""
    row = current_world().store.get(SENT, uuid)
    if row is None:
        return refuse(404, "document_not_found", "Mail not found")
    events = [
        {"name": event["event"], "time": _iso(event["ts_event"])}
        for event in current_world().store.all(LOG)
        if event["message-id"] == row["messageId"] and event["email"] == row["email"]
    ]
    return jsonify({**row, "events": events, "attachmentCount": 0})


@bp.get("/smtp/statistics/events")
def event_log() -> Response:
    """The event log for catching up after downtime; filters `messageId`, `event`, `email`, `limit`, `offset`."""
    wanted = request.args
    rows = [
        {"email": one["email"], "date": _iso(one["ts_event"]), "messageId": one["message-id"], "event": one["log"],
         "subject": one["subject"], "tag": one["tag"], "from": one.get("from", ""), "reason": one.get("reason", "")}
        for one in reversed(current_world().store.all(LOG))
        if wanted.get("messageId") in (None, one["message-id"])
        and wanted.get("event") in (None, one["log"])
        and wanted.get("email") in (None, one["email"])
    ]  # fmt: skip
    limit, offset = _page(2_500)
    return jsonify({"events": rows[offset : offset + limit]})


def release_scheduled(world: Any, payload: dict[str, Any]) -> None:
    """The virtual clock says that a `scheduledAt` has come."""
    _deliver(world, payload["body"], payload["message_id"])


def _schedule(world: Any, body: dict[str, Any], message_id: str, wait: float) -> None:
    if wait > 0:
        world.clock.after(wait, SCHEDULED, {"body": body, "message_id": message_id})
    else:
        _deliver(world, body, message_id)


def _deliver(world: Any, body: dict[str, Any], message_id: str) -> None:
    sender = _display(body.get("sender") or {"email": "template@example.com"})
    recipients = [one["email"] for name in ("to", "cc", "bcc") for one in body.get(name) or []]
    html, text = body.get("htmlContent"), body.get("textContent")
    if body.get("templateId") and not html:
        text = f"Template {body['templateId']}\n\n{json.dumps(body.get('params') or {}, indent=2, ensure_ascii=False)}"
    headers = {
        str(name).title(): str(value)
        for name, value in (body.get("headers") or {}).items()
        if name not in ("idempotencyKey", "X-Sib-Sandbox")
    }
    if body.get("replyTo"):
        headers["Reply-To"] = _display(body["replyTo"])
    headers["Message-ID"] = message_id
    subject = str(body.get("subject") or f"(template {body.get('templateId')})")
    files = [{"filename": one.get("name"), "content": one.get("content")} for one in body.get("attachment") or []]
    to = [_display(one) for one in body.get("to") or []]
    raw = compose_raw(sender, to, subject, text, html, headers, files)
    blocked = {one["email"] for one in world.store.all(BLOCKED)}
    reached = [one for one in recipients if one.lower() not in blocked and reaches(one)]
    told = {"subject": subject, "tags": body.get("tags") or [], "custom": _header(body, "X-Mailin-custom"),
            "template_id": body.get("templateId")}  # fmt: skip
    if reached:
        extra = {**told, "params": body.get("params") or {}}
        deliver(world, provider="brevo", sender=sender, recipients=reached, raw=raw, reference=message_id, extra=extra)
    for address in recipients:
        uuid = secrets.token_hex(16)
        row = {"uuid": uuid, "email": address, "subject": subject, "messageId": message_id, "from": sender,
               "templateId": body.get("templateId"), "date": _iso(world.clock.now()), "tags": told["tags"],
               "body": html or text or ""}  # fmt: skip
        world.store.put(SENT, uuid, row)
        outcome = "blocked" if address.lower() in blocked else outcome_for(address)
        notify_brevo(world, message_id, address, outcome, told)


def _used_before(world: Any, body: dict[str, Any]) -> bool:
    """Remember the key and say whether it was there; only the exact spelling inside the body's `headers` counts."""
    key = (body.get("headers") or {}).get("idempotencyKey")
    if not key:
        return False
    with world.store.lock:
        known = world.store.get(KEYS, str(key))
        if known and world.clock.now() - known["at"] < KEY_SECONDS:
            return True
        world.store.put(KEYS, str(key), {"at": world.clock.now()})
        return False


def _header(body: dict[str, Any], name: str) -> str:
    return next((str(v) for k, v in (body.get("headers") or {}).items() if str(k).lower() == name.lower()), "")


def _new_id(world: Any) -> str:
    stamp = datetime.fromtimestamp(world.clock.now(), UTC).strftime("%Y%m%d%H%M")
    return f"<{stamp}.{secrets.randbelow(10**11):011d}@smtp-relay.mailin.fr>"


def _display(person: dict[str, Any]) -> str:
    email = str(person.get("email") or f"sender-{person.get('id')}@example.com")
    return f'"{person["name"]}" <{email}>' if person.get("name") else email


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _page(limit: int) -> tuple[int, int]:
    wanted = request.args.get("limit", limit, type=int), request.args.get("offset", 0, type=int)
    return max(1, min(limit, wanted[0])), max(0, wanted[1])
