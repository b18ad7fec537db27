"""Brevo's webhooks: unsigned, with a bearer token, few retries (contracts/brevo.md §7), and its event log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

WEBHOOKS = "brevo_webhook"
LOG = "brevo_event"
RETRY = "brevo.retry"
WAITS = [600.0, 3_600.0, 7_200.0, 28_800.0]  # 4 more attempts, for a server that cannot be reached or answers 429

SETTING_TO_EVENT = {
    "sent": "request", "request": "request", "delivered": "delivered", "softBounce": "soft_bounce",
    "hardBounce": "hard_bounce", "blocked": "blocked", "invalid": "invalid_email", "deferred": "deferred",
    "spam": "spam", "opened": "opened", "uniqueOpened": "unique_opened", "click": "click",
    "unsubscribed": "unsubscribed",
}  # fmt: skip
LOG_WORD = {
    "request": "requests", "delivered": "delivered", "hard_bounce": "hardBounces", "soft_bounce": "softBounces",
    "spam": "spam", "opened": "opened", "click": "clicks", "invalid_email": "invalid", "deferred": "deferred",
    "blocked": "blocked", "unsubscribed": "unsubscribed", "error": "error",
}  # fmt: skip
STEPS: dict[str, tuple[str, ...]] = {
    "delivered": ("request", "delivered"),
    "deferred": ("request", "deferred", "delivered"),
    "bounce": ("request", "hard_bounce"),
    "blocked": ("request", "blocked"),
    "dropped": ("request", "blocked"),
    "invalid": ("request", "invalid_email"),
    "spam": ("request", "delivered", "spam"),
}
_REASONS = {
    "hard_bounce": "550 5.1.1 no such user (sandbox)",
    "soft_bounce": "452 4.2.2 mailbox full (sandbox)",
    "blocked": "blocked : due to blacklist user",
    "deferred": "451 4.7.1 try again later (sandbox)",
    "invalid_email": "invalid address",
}


def notify_brevo(world: Any, message_id: str, address: str, outcome: str, told: dict[str, Any]) -> None:
    """Log and send what happens to one recipient's mail; `outcome` is a word of outcomes.py or an event's own name."""
    for event in STEPS.get(outcome, (outcome,)):
        at = world.clock.now()
        payload = _payload(event, address, message_id, at, told)
        number = world.store.next_number("brevo_event")
        world.store.put(LOG, str(number), {**payload, "log": LOG_WORD.get(event, event)})
        for hook in world.store.all(WEBHOOKS):
            names = {SETTING_TO_EVENT.get(name, name) for name in hook["events"]}
            if event in names and hook["type"] == "transactional":
                _send(world, hook, {"id": hook["id"], **payload}, list(WAITS), f"brevo-{number}-{hook['id']}")


def retry_delivery(world: Any, payload: dict[str, Any]) -> None:
    """The virtual clock says that a held delivery may be tried again."""
    hook = world.store.get(WEBHOOKS, payload["hook"])
    if hook is not None:
        _send(world, hook, payload["body"], payload["waits"], payload["event_id"])


def _send(world: Any, hook: dict[str, Any], payload: dict[str, Any], waits: list[float], event_id: str) -> None:
    body = json.dumps([payload] if hook.get("batched") else payload, ensure_ascii=False).encode()
    headers = {one["key"]: one["value"] for one in hook.get("headers") or []}
    if (hook.get("auth") or {}).get("type") == "bearer":
        headers["Authorization"] = f"Bearer {hook['auth']['token']}"

    def after(good: bool) -> None:
        if good or not waits:
            return
        entry = next((one for one in world.hooks.log(400, "brevo") if one["event_id"] == event_id), None)
        # A refusal other than 429 ends the attempts and the event is lost; only silence and 429 are retried.
        if entry is not None and entry["status"] in (0, 429):
            held = {"hook": str(hook["id"]), "body": payload, "waits": waits[1:], "event_id": event_id}
            world.clock.after(waits[0], RETRY, held)

    def sign(data: bytes, at: float) -> dict[str, str]:
        return headers

    world.hooks.send("brevo", hook["url"], body, sign, event_id, topic=payload["event"], on_outcome=after)


def _payload(event: str, address: str, message_id: str, at: float, told: dict[str, Any]) -> dict[str, Any]:
    # `date` is Paris wall-clock text; winter time will do, since nobody should read it (use ts_event).
    local = datetime.fromtimestamp(at, UTC).astimezone(timezone(timedelta(hours=1)))
    tags = told.get("tags") or []
    payload: dict[str, Any] = {
        "event": event,
        "email": address,
        "date": local.strftime("%Y-%m-%d %H:%M:%S"),
        "ts": int(at),
        "ts_event": int(at),
        "ts_epoch": int(at * 1000),
        "message-id": message_id,
        "subject": told.get("subject", ""),
        "sending_ip": "127.0.0.1",
        "contact_id": 1,
        "tag": json.dumps(tags) if tags else "",
        "tags": tags,
    }
    if told.get("custom"):
        payload["X-Mailin-custom"] = told["custom"]
    if told.get("template_id"):
        payload["template_id"] = told["template_id"]
    if event in _REASONS:
        payload["reason"] = _REASONS[event]
    if event == "click":
        payload["link"] = "http://127.0.0.1:8000/"
    return payload
