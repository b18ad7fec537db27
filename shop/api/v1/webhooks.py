"""Webhook endpoints: who is told of what happens in the shop (docs/panel/webhooks.md)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from flask import url_for
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy.orm import Session

from shop.api.v1.fields import LINE_OR_NOTHING, Query, utc, utc_or_none
from shop.api.v1.operation import Answer, Call, operation
from shop.core.transaction import transaction
from shop.errors import NotFound
from shop.extensions import db
from shop.webhook_delivery import endpoints
from shop.webhook_delivery.events import EVENTS
from shop.webhook_delivery.models import WebhookEndpoint

if TYPE_CHECKING:
    Event = str  # what a type checker understands of the line below
else:
    Event = Literal[tuple(EVENTS)]
Url = Annotated[
    str,
    Meta(
        min_length=9,
        max_length=endpoints.LONGEST_URL,
        pattern=r"^https?://[!-~]+$",
        description="https, reachable from the internet.",
        examples=["https://example.com/webhooks"],
        extra_json_schema={"format": "uri"},
    ),
]
Events = Annotated[list[Event], Meta(min_length=1, max_length=len(EVENTS))]
Description = Annotated[str, Meta(max_length=endpoints.LONGEST_DESCRIPTION, pattern=LINE_OR_NOTHING)]


class Endpoint(Struct, kw_only=True):
    """Its secret is told once, when it is made or changed."""

    id: int
    url: str
    description: str
    events: list[str]
    is_enabled: bool
    disabled_why: Annotated[str, Meta(description="Why it was switched off by itself.")]
    failing_since: datetime | None
    last_success_at: datetime | None
    old_secret_until: Annotated[datetime | None, Meta(description="Until then the secret before signs as well.")]
    created_at: datetime


class EndpointWithSecret(Endpoint, kw_only=True):
    secret: Annotated[str, Meta(description="Signs each message by the rules of Standard Webhooks. Keep it safe.")]


class EndpointList(Struct):
    """All of them: there are never many."""

    data: list[Endpoint]
    next: None


class NewEndpoint(Struct, forbid_unknown_fields=True, kw_only=True):
    url: Url
    events: Events
    description: Description = ""


class EndpointChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays as it is. Switched off, nothing is sent, and what was owed is skipped."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    is_enabled: bool | UnsetType = UNSET


class Rotation(Struct, forbid_unknown_fields=True, kw_only=True):
    at_once: Annotated[bool, Meta(description="The old secret leaked: it signs nothing more.")] = False


@operation("GET", "/webhook-endpoints", "webhooks:read")
def list_webhook_endpoints(call: Call[Query, None]) -> Answer[EndpointList]:
    """Every endpoint, oldest first."""
    return Answer(EndpointList([Endpoint(**_facts(row)) for row in endpoints.list_endpoints(db.session())], None))


@operation("GET", "/webhook-endpoints/<int:endpoint_id>", "webhooks:read")
def get_webhook_endpoint(call: Call[Query, None], endpoint_id: int) -> Answer[Endpoint]:
    """One endpoint."""
    return Answer(show_endpoint(_find(db.session(), endpoint_id)))


@operation("POST", "/webhook-endpoints", "webhooks:write", status=201, fails=("conflict",))
def create_webhook_endpoint(call: Call[Query, NewEndpoint]) -> Answer[EndpointWithSecret]:
    """A new endpoint, with its secret. 409 when there are too many."""
    body = call.body
    url = endpoints.check_url(body.url)
    with transaction() as session:
        made = endpoints.add_endpoint(session, url=url, events=list(body.events), description=body.description)
        where = url_for("api.v1.get_webhook_endpoint", endpoint_id=made.id)
        shown = EndpointWithSecret(**_facts(made), secret=made.secret)
        return call.keep(session, Answer(shown, 201, {"Location": where}))


@operation("PATCH", "/webhook-endpoints/<int:endpoint_id>", "webhooks:write", versioned=True)
def change_webhook_endpoint(call: Call[Query, EndpointChange], endpoint_id: int) -> Answer[Endpoint]:
    """Change, pause or wake an endpoint."""
    body = call.body
    url = None if body.url is UNSET else endpoints.check_url(body.url)
    with transaction() as session:
        found = _find(session, endpoint_id, to_change=True)
        call.must_match(show_endpoint(found))
        endpoints.change_endpoint(
            session,
            found,
            url=url,
            events=None if body.events is UNSET else list(body.events),
            description=None if body.description is UNSET else body.description,
            is_enabled=None if body.is_enabled is UNSET else body.is_enabled,
        )
        return call.keep(session, Answer(show_endpoint(found)))


@operation("DELETE", "/webhook-endpoints/<int:endpoint_id>", "webhooks:write", versioned=True)
def delete_webhook_endpoint(call: Call[Query, None], endpoint_id: int) -> Answer[None]:
    """Delete an endpoint, with its log."""
    with transaction() as session:
        found = _find(session, endpoint_id, to_change=True)
        call.must_match(show_endpoint(found))
        endpoints.remove_endpoint(session, found)
        return call.keep(session, Answer[None](None))


@operation(
    "POST", "/webhook-endpoints/<int:endpoint_id>/rotate", "webhooks:write", versioned=True, fails=("conflict",)
)
def rotate_webhook_secret(call: Call[Query, Rotation], endpoint_id: int) -> Answer[EndpointWithSecret]:
    """A new secret. The one before signs beside it for a day. 409 while an earlier change still overlaps."""
    with transaction() as session:
        found = _find(session, endpoint_id, to_change=True)
        call.must_match(show_endpoint(found))
        secret = endpoints.rotate_secret(session, found, at_once=call.body.at_once)
        return call.keep(session, Answer(EndpointWithSecret(**_facts(found), secret=secret)))


def show_endpoint(found: WebhookEndpoint) -> Endpoint:
    return Endpoint(**_facts(found))


def _facts(found: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": found.id,
        "url": found.url,
        "description": found.description,
        "events": list(found.events),
        "is_enabled": found.is_enabled,
        "disabled_why": found.disabled_why,
        "failing_since": utc_or_none(found.failing_since),
        "last_success_at": utc_or_none(found.last_success_at),
        "old_secret_until": utc_or_none(found.old_secret_until),
        "created_at": utc(found.created_at),
    }


def _find(session: Session, endpoint_id: int, to_change: bool = False) -> WebhookEndpoint:
    found = endpoints.find_endpoint(session, endpoint_id, to_change)
    if found is None:
        raise NotFound("There is no such endpoint.")
    return found
