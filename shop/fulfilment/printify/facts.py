"""What is known about Printify's API: data (contracts/printify.md §1 to §4)."""

from __future__ import annotations

import hashlib
import re

from shop.outbound.facts import Budget, Service

DOCS_VERSION = "v1 and v2 as of 2026-11-21"
PRODUCTS_PER_PAGE = 50
ORDERS_PER_PAGE = 10
SHIPPING_METHODS = {"standard": 1, "priority": 2, "express": 3, "economy": 4}

_CATALOG = re.compile(r"^/v[12]/catalog/")
_PUBLISH = re.compile(r"/publish\.json$")
#: one second longer than theirs: two clocks and a network lie between
BUDGETS = (Budget(100, 61, _CATALOG), Budget(200, 1801, _PUBLISH), Budget(600, 61))


def printify_service(base_url: str, token: str) -> Service:
    """The service of one account; the budgets belong to the account, not to the token's holder."""
    return Service(
        name="printify",
        base_url=base_url,
        budgets=BUDGETS,
        account=hashlib.sha256(f"{base_url}|{token}".encode()).hexdigest()[:12],
        headers=(("Authorization", f"Bearer {token}"),),
        failures_to_open=5,
        open_seconds=30.0,
        docs=DOCS_VERSION,
    )
