"""Machines calling us: verify raw bytes → store once → answer 2xx. What follows is a job's business."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request
from requests.structures import CaseInsensitiveDict
from sqlalchemy.exc import DataError
from werkzeug.exceptions import RequestEntityTooLarge

from shop.channels.hooking.receiving import receive
from shop.core.settings import current_settings
from shop.errors import InvalidInput, ShopError
from shop.inbound.storing import store_at_once
from shop.inbound.verifying import Forged, printify_facts, stripe_facts, verify_printify, verify_stripe
from shop.payments.reading_stripe import read_event
from shop.workflows.authorise_channel import take_keys

bp = Blueprint("webhooks", __name__)
MAX_KEYS_BYTES = 10_000
MAX_BYTES = 1024 * 1024
MAX_CHANNEL_BYTES = 8 * 1024 * 1024  # a product with 2,048 variants, told whole


class NotReadable(ShopError):
    status = 400
    title = "This call cannot be read"


@bp.post("/api/webhooks/stripe")
def stripe() -> Response:
    """contracts/stripe.md §7, §8. A repeat answers 200 and stores nothing."""
    config = current_settings()
    raw = _raw_body()
    header = request.headers.get("Stripe-Signature")
    verify_stripe(raw, header, config.stripe_webhook_secrets, config.stripe_webhook_tolerance)
    body = _json(raw)
    if not isinstance(body.get("id"), str) or not isinstance(body.get("type"), str):
        raise NotReadable
    event = read_event(body)
    return _store("stripe", event.event_id, event.topic, event.subject_id, raw, stripe_facts(header))


@bp.post("/api/webhooks/printify")
def printify() -> Response:
    """contracts/printify.md §7. Never 4xx for business reasons: their answer is an hour's silence."""
    config = current_settings()
    raw = _raw_body()
    verify_printify(raw, request.headers.get("X-Pfy-Signature"), config.printify_webhook_secret)
    body = _json(raw)
    resource = body.get("resource")
    if not isinstance(body.get("id"), str) or not isinstance(body.get("type"), str) or not isinstance(resource, dict):
        raise NotReadable
    return _store("printify", body["id"], body["type"], str(resource.get("id") or ""), raw, printify_facts())


@bp.post("/webhooks/<channel>/keys")
def keys(channel: str) -> Response:
    """A platform posts the keys it made for us; our token in them counts once. 401 for anything else."""
    request.max_content_length = MAX_KEYS_BYTES
    try:
        take_keys(channel, request.get_data(cache=False))
    except RequestEntityTooLarge:
        return _answer(413, "too large")
    except Forged:
        return _answer(401, "not accepted")
    return Response("{}", 200, mimetype="application/json")


@bp.post("/webhooks/<channel>/<int:connection_id>")
def channel(channel: str, connection_id: int) -> Response:
    """A connected platform tells that something changed. 200 for whatever proves to be theirs, be it a repeat, about a
    paused connection or without sense; else one and the same 401, whether or not there is such a connection."""
    request.max_content_length = MAX_CHANNEL_BYTES
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return _answer(413, "too large")
    try:
        receive(channel, connection_id, CaseInsensitiveDict(request.headers.items()), raw)
    except Forged:
        return _answer(401, "not accepted")
    except InvalidInput as error:
        return _answer(422, error.user_message)
    return Response("{}", 200, mimetype="application/json")


def _answer(status: int, why: str) -> Response:
    return Response(orjson.dumps({"error": why}), status, mimetype="application/json")


def _raw_body() -> bytes:
    if request.content_length is None or request.content_length > MAX_BYTES:
        raise NotReadable
    return request.get_data(cache=False)


def _json(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NotReadable from error
    if not isinstance(body, dict) or b"\\u0000" in raw:
        raise NotReadable
    return body


def _store(
    source: str, external_id: str, topic: str, subject_id: str | None, raw: bytes, signature: dict[str, Any]
) -> Response:
    if not external_id:
        raise NotReadable
    try:
        store_at_once(
            source=source,
            external_id=external_id,
            topic=topic,
            subject_id=subject_id or None,
            raw=raw,
            signature=signature,
        )
    except DataError as error:  # JSON to us, but not to PostgreSQL
        raise NotReadable from error
    return Response("{}", 200, mimetype="application/json")
