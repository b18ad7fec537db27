"""Calls to other services within the last day: how many, how long, what went wrong, and how many are allowed now."""

from __future__ import annotations

from flask import Response

from shop.admin.blueprint import bp
from shop.admin.channels.parts import connection_page, find_connection
from shop.admin.permissions import May, staff_only
from shop.channels import registry
from shop.core import redis as redis_door
from shop.core.pages import render
from shop.extensions import db
from shop.outbound import breaker, budget
from shop.outbound.facts import Service
from shop.outbound.tallies import Tally, list_tallies

MOST_SHOWN = 200
#: error class → the merchant's words
ERRORS = {
    "unavailable": "no answer",
    "ratelimited": "asked to slow down",
    "needsreconnect": "key refused",
    "refused": "refused",
    "misunderstood": "not understood",
}


@bp.get("/channels/<int:connection_id>/calls")
@staff_only()
def connection_calls(connection_id: int) -> Response:
    found = find_connection(db.session(), connection_id)
    tallies = list_tallies(str(connection_id))
    spec = registry.class_of(found.channel).spec
    names = {tally.service for tally in tallies}
    services = [Service(name=name, base_url="", account=str(connection_id), budgets=spec.budgets) for name in names]
    return connection_page(
        "admin/connection_calls.html",
        found,
        tallies=tallies[:MOST_SHOWN],
        totals=summed(tallies),
        budgets=[(left, b) for service in services for b, left in budget.slots_left(service)],
        rests=max((breaker.rests_for(service) for service in services), default=0.0),
        errors_in_words=ERRORS,
        has_redis=redis_door.door() is not None,
    )


@bp.get("/developers/calls")
@staff_only(May.DEVELOP)
def outbound_calls() -> Response:
    """Of every service that the shop calls."""
    tallies = list_tallies()
    return render(
        "admin/outbound_calls.html",
        page_title="Calls to other services",
        tallies=tallies[:MOST_SHOWN],
        totals=summed(tallies),
        errors_in_words=ERRORS,
        has_redis=redis_door.door() is not None,
    )


def summed(tallies: list[Tally]) -> Tally:
    """All of them as one."""
    whole = Tally("", "", "")
    for tally in tallies:
        whole.count += tally.count
        whole.total_ms += tally.total_ms
        for outcome, number in tally.outcomes.items():
            whole.outcomes[outcome] = whole.outcomes.get(outcome, 0) + number
        for bucket, number in tally.buckets.items():
            whole.buckets[bucket] = whole.buckets.get(bucket, 0) + number
    return whole
