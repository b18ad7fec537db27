"""An endpoint's fields: how it fills them, and what came of them."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from shop.webhook_delivery.events import EVENTS
from shop.webhook_delivery.models import WebhookEndpoint

LABELS = {"url": "Address", "description": "What it is for", "events": "Events"}


def fill(endpoint: WebhookEndpoint | None) -> dict[str, str]:
    if endpoint is None:
        return {"url": "", "description": "", "events": ""}
    return {"url": endpoint.url, "description": endpoint.description, "events": ", ".join(endpoint.events)}


def typed_in(form: MultiDict[str, str]) -> dict[str, str]:
    """The fields as they came; boxes that are ticked make one text, as `fill` writes it."""
    chosen = list(dict.fromkeys(raw.replace("\0", "").strip()[:40] for raw in form.getlist("events")[:50]))
    known = [event for event in EVENTS if event in chosen]
    typed = {name: form.get(name, "").replace("\0", "").strip() for name in ("url", "description")}
    return {**typed, "events": ", ".join([*known, *(event for event in chosen if event not in EVENTS)])}


def events_in(values: dict[str, Any]) -> list[str]:
    return [event for event in str(values["events"]).split(", ") if event]
