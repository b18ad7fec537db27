"""What /metrics tells about outside services."""

from __future__ import annotations

import re

from prometheus_client import Counter, Histogram

from shop.outbound.tallies import count_call

CALLS = Counter("imprint_outbound_calls", "Calls to outside services.", ["service", "operation", "outcome"])
SECONDS = Histogram(
    "imprint_outbound_seconds",
    "How long outside services took to answer, tries included.",
    ["service", "operation"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)

_ID = re.compile(r"(?<=/)(?:\d+|[0-9a-f]{8,}[0-9a-f-]*|[\w-]{25,})(?=[/.]|$)")


def operation_of(method: str, path: str) -> str:
    """A bounded name: operation_of("GET", "/v1/shops/5/orders.json") -> "GET /v1/shops/:id/orders.json"."""
    return f"{method} {_ID.sub(':id', path)}"[:120]


def observe(service: str, operation: str, outcome: str, seconds: float, account: str = "") -> None:
    """In this process' own counters, and in the record that all share."""
    CALLS.labels(service, operation, outcome).inc()
    SECONDS.labels(service, operation).observe(seconds)
    count_call(service, account, operation, outcome, seconds)
