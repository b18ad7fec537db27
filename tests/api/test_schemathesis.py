"""The API against its own document: every operation is asked thousands of things, good and bad, and each answer must
be one that the document foretells.

All checks of schemathesis are on. Half a minute by default; IMPRINT_LONG=1 asks forty times as much at random.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import strategies as st
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.schemas import BaseSchema

from shop.accounts.customers import remember_customer
from shop.api.v1.cursors import write_cursor
from shop.core.transaction import transaction
from shop.extensions import db, limiter
from shop.webhook_delivery.endpoints import add_endpoint
from tests.admin import making
from tests.api.conftest import Program

LONG = bool(os.environ.get("IMPRINT_LONG"))
LISTS = ("products", "variants", "collections", "orders", "fulfilments", "refunds", "customers")
#: what JSON Schema cannot say, so well-formed requests may be refused with 422: an amount in another currency, a price
#: before that is below the price, a variant of another product, an address that leads nowhere, a tag with signs that
#: nobody sees, a refund of neither an amount nor lines
REFUSED_BY_SENSE = [
    "change_product", "change_variant", "create_refund", "create_webhook_endpoint", "change_webhook_endpoint",
    "change_order", "change_customer",
]  # fmt: skip
CONFIG: dict[str, Any] = {
    "seed": 20260101,
    "generation": {"deterministic": True, "max-examples": 200 if LONG else 5, "no-shrink": True, "database": "none"},
    "checks": {
        # 401: keys are made up too. 409: the state of the thing forbids it. 412: If-Match names another version
        "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "401", "404", "409", "412"]},
    },
    "operations": [
        {
            "include-operation-id": REFUSED_BY_SENSE,
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "404", "409", "412", "422"]},
            },
        }
    ],
}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Each request is another write: a key that is good as a key gets an ending of its own."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 8 <= len(key) <= 255 and all("!" <= sign <= "~" for sign in key):
        case.headers["Idempotency-Key"] = key[:219] + str(uuid.uuid4())


@pytest.fixture
def described(app: Flask, program: Program, _live: str) -> Iterator[BaseSchema]:
    fill_the_shop()
    for name in LISTS:
        cursors = [write_cursor(name, last) for last in (1, 2, 3, 10**9)]
        schemathesis.openapi.format(f"{name}-cursor", st.sampled_from(cursors))
    schemathesis.openapi.format("idempotency-key", st.uuids().map(str))
    schemathesis.openapi.format("etag", st.sampled_from(['"0123456789abcdef"', "*"]))
    limiter.enabled = False  # requests without a key are refused by the hundred
    config = schemathesis.Config.from_dict({**CONFIG, "auth": {"openapi": {"key": {"bearer": program.token}}}})
    yield schemathesis.openapi.from_url(f"{_live}/api/v1/openapi.json", config=config)
    limiter.enabled = True


@pytest.mark.timeout(3600 if LONG else 600)
def test_every_answer_is_one_that_the_document_foretells(described: BaseSchema) -> None:
    """As the command line runs it: examples, coverage, fuzzing, and chains of calls."""
    failures: dict[str, str] = {}
    asked, phases = 0, set()
    for event in from_schema(described).execute():
        assert not isinstance(event, FatalError), event
        if isinstance(event, NonFatalError):
            failures[f"{event.label} {event.value}"] = str(event.value)
        if isinstance(event, ScenarioFinished):
            asked += len(event.recorder.interactions)
            phases.add(event.phase.name)
            failures.update(found_in(event))
    assert not failures, f"{len(failures)} failures\n\n" + "\n\n".join(list(failures.values())[:80])
    assert asked > 2000 and phases >= {"COVERAGE", "FUZZING"}, (asked, phases)


def found_in(event: ScenarioFinished) -> dict[str, str]:
    """One of each kind for each operation."""
    found = {}
    for case_id, nodes in event.recorder.checks.items():
        for node in nodes:
            if node.failure_info is not None:
                failure = node.failure_info.failure
                response = event.recorder.interactions[case_id].response
                told = f"{response.status_code} {response.content[:300]!r}" if response else "no answer"
                found[f"{event.label} {node.name} {failure.title}"] = (
                    f"{event.phase.name} {event.label} · {node.name} · {failure.title}\n{failure.message[:600]}\n"
                    f"{node.failure_info.code_sample[:900]}\n{told}"
                )
    return found


def fill_the_shop() -> None:
    """Things with the ids 1 to 3, which are asked for most."""
    with transaction() as session:
        for _ in range(3):
            order = making.paid_order(session)
            making.parcel(session, order)
            making.parked_refund(session, order, 100)
            making.product(session, variants=3)
            remember_customer(session, f"buyer-{order.id}@example.com", "A Buyer", "en")
            add_endpoint(session, url="https://example.com/webhooks", events=["order.paid"])
    db.session.remove()
