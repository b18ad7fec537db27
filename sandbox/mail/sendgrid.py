"""SendGrid's v3 mail send as it answers on the wire (contracts/sendgrid.md §1–4)."""

from __future__ import annotations

import base64
import json
import secrets
import zlib
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.mail.mailbox import deliver
from sandbox.mail.outcomes import outcome_for, reaches
from sandbox.mail.reading import compose_raw
from sandbox.mail.sendgrid_events import notify_sendgrid
from sandbox.mail.sendgrid_rules import check_mail
from sandbox.mail.sendgrid_spec import spec_problems
from sandbox.ratelimits import Bucket
from sandbox.world import current_world

bp = Blueprint("sendgrid", __name__, url_prefix="/sendgrid/v3")

MAX_BYTES = 30_000_000
LIMIT = Bucket("sendgrid", 600, 60.0)  # no numbers are published; the headers are
UNVERIFIED = "unverified."  # a sender domain that begins so is answered 403
SUPPRESSED = "sendgrid_suppressed"
SCHEDULED = "sendgrid.send"

_KEYS = {
    "SG.revoked": (401, "The provided authorization grant is invalid, expired, or revoked"),
    "SG.quota": (401, "Maximum credits exceeded"),
    "SG.readonly": (403, "access forbidden"),
}


def refuse(status: int, message: str, field: str | None = None) -> Response:
    """`{"errors": [{message, field, help}]}` with this status."""
    answer = jsonify({"errors": [{"message": message, "field": field, "help": None}]})
    answer.status_code = status
    return answer


@bp.before_request
def check_caller() -> Response | None:
    """Bearer key first, then the rate budget. Any `SG.…` key will do; see _KEYS for those that do not."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not key.startswith("SG.") or len(key) < 6:
        return refuse(401, "The provided authorization grant is invalid, expired, or revoked")
    for prefix, (status, message) in _KEYS.items():
        if key.startswith(prefix):
            return refuse(status, message)
    if request.endpoint != "mail.sendgrid.send":
        return None
    world = current_world()
    if world.limits.spend(LIMIT) is not None:
        return refuse(429, "too many requests")
    return None


@bp.after_request
def tell_budget(answer: Response) -> Response:
    """SendGrid sends its three rate headers with every answer of this route."""
    if request.endpoint == "mail.sendgrid.send":
        world = current_world()
        answer.headers["X-RateLimit-Limit"] = str(LIMIT.limit)
        answer.headers["X-RateLimit-Remaining"] = str(max(0, LIMIT.limit - world.limits.used(LIMIT)))
        answer.headers["X-RateLimit-Reset"] = str(int(world.clock.now() + LIMIT.seconds))
    return answer


@bp.post("/mail/send")
def send() -> Response:
    """202 + X-Message-Id when taken; 200 in sandbox mode; 400 with every complaint; 403 unverified sender; 413."""
    world = current_world()
    raw = request.get_data()
    if request.headers.get("Content-Encoding") == "gzip":
        raw = _unzipped(raw)
    if len(raw) > MAX_BYTES:
        return refuse(413, "Payload too large")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return refuse(400, "Bad Request")
    errors = check_mail(body, world.clock.now())
    if not errors:
        for field, message in spec_problems(world.settings.specs_directory, body):
            errors.add(field, message)
    if errors:
        answer = jsonify({"errors": errors})
        answer.status_code = 400
        return answer
    if body["from"]["email"].rpartition("@")[2].startswith(UNVERIFIED):
        return refuse(403, "The from address does not match a verified Sender Identity.", "from")
    if _sandboxed(body):
        return Response(status=200)
    message_id = secrets.token_urlsafe(16)
    for index, envelope in enumerate(body["personalizations"]):
        _schedule(world, body, envelope, message_id, index)
    return Response(status=202, headers={"X-Message-Id": message_id})


@bp.post("/mail/batch")
def new_batch() -> tuple[Response, int]:
    """A batch id for scheduled sends."""
    batch = base64.urlsafe_b64encode(secrets.token_bytes(24)).decode("ascii")
    current_world().store.put("sendgrid_batch", batch, {"batch_id": batch})
    return jsonify({"batch_id": batch}), 201


@bp.get("/mail/batch/<batch_id>")
def check_batch(batch_id: str) -> Response:
    """200 when the batch id is ours."""
    if current_world().store.get("sendgrid_batch", batch_id) is None:
        return refuse(400, "invalid batch id", "batch_id")
    return jsonify({"batch_id": batch_id})


@bp.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(rest: str) -> Response:
    """Routes this stand-in does not have; a wrong method on mail/send is 405."""
    return refuse(405, "method not allowed") if rest == "mail/send" else refuse(404, "not found")


def release_scheduled(world: Any, payload: dict[str, Any]) -> None:
    """The virtual clock says that a `send_at` has come."""
    _deliver(world, payload["body"], payload["envelope"], payload["message_id"], payload["index"])


def _schedule(world: Any, body: dict[str, Any], envelope: dict[str, Any], message_id: str, index: int) -> None:
    send_at = envelope.get("send_at") or body.get("send_at") or 0
    wait = send_at - world.clock.now()
    if wait <= 0:
        _deliver(world, body, envelope, message_id, index)
        return
    payload = {"body": body, "envelope": envelope, "message_id": message_id, "index": index}
    world.clock.after(wait, SCHEDULED, payload)


def _deliver(world: Any, body: dict[str, Any], envelope: dict[str, Any], message_id: str, index: int) -> None:
    recipients = [one["email"] for name in ("to", "cc", "bcc") for one in envelope.get(name) or []]
    sender = _display(envelope.get("from") or body["from"])
    by_type = {one["type"]: one["value"] for one in body.get("content") or []}
    template = body.get("template_id")
    data = envelope.get("dynamic_template_data") or {}
    text = by_type.get("text/plain")
    if template and not by_type:
        text = f"Template {template}\n\n{json.dumps(data, indent=2, ensure_ascii=False)}"
    headers = {**(body.get("headers") or {}), **(envelope.get("headers") or {})}
    reply_to = body.get("reply_to")
    if reply_to:
        headers["Reply-To"] = _display(reply_to)
    headers["Message-ID"] = f"<{message_id}@geopod-ismtpd-sandbox>"
    raw = compose_raw(
        sender,
        [_display(one) for one in envelope["to"]],
        str(envelope.get("subject") or body.get("subject") or f"(template {template})"),
        text,
        by_type.get("text/html"),
        {str(name): str(value) for name, value in headers.items()},
        body.get("attachments") or [],
    )
    custom = body.get("custom_args")
    arguments = {**(custom if isinstance(custom, dict) else {}), **(envelope.get("custom_args") or {})}
    told = {"custom_args": arguments, "categories": body.get("categories") or []}
    suppressed = {one["email"] for one in world.store.all(SUPPRESSED)}
    reached = [one for one in recipients if one.lower() not in suppressed and reaches(one)]
    if reached:
        deliver(
            world,
            provider="sendgrid",
            sender=sender,
            recipients=reached,
            raw=raw,
            reference=message_id,
            extra={**told, "template_id": template, "dynamic_template_data": data},
        )
    for number, address in enumerate(recipients):
        outcome = "dropped" if address.lower() in suppressed else outcome_for(address)
        notify_sendgrid(world, message_id, f"recvd-{index}-{number}", address, outcome, told)


def _display(address: dict[str, Any]) -> str:
    name = str(address.get("name") or "")
    # A quoted name survives every mail reader; the bare address is what most callers send.
    return f'"{name}" <{address["email"]}>' if name else str(address["email"])


def _sandboxed(body: dict[str, Any]) -> bool:
    mode = (body.get("mail_settings") or {}).get("sandbox_mode") or {}
    return mode.get("enable") is True


def _unzipped(raw: bytes) -> bytes:
    """At most one byte more than allowed, so that a small bomb is a 413 and no full memory."""
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, MAX_BYTES + 1)
    except zlib.error:
        return b""
