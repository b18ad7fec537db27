"""Keep `shipping_rates` as Printify tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog import documents
from shop.catalog.bulk import copy_rows, lock_catalog
from shop.catalog.reading_shipping import read_rates
from shop.catalog.staging import DAY_SECONDS, SHIPPING, store_payload

_COLUMNS = (
    "blueprint_id", "print_provider_id", "method", "country", "variant_external_id", "first_minor", "more_minor",
    "currency", "days_min", "days_max",
)  # fmt: skip


def list_stale_sources(session: Session, at: datetime) -> list[tuple[int, int]]:
    """(blueprint, print provider) of everything on sale whose shipping is unknown, or older than its TTL."""
    rows = session.execute(
        text("""
            SELECT s.blueprint_id, s.print_provider_id
              FROM (SELECT DISTINCT blueprint_id, print_provider_id FROM products
                     WHERE status <> 'archived' AND blueprint_id IS NOT NULL AND print_provider_id IS NOT NULL) s
              LEFT JOIN printify_cache c ON c.kind = 'shipping'
                    AND c.external_id = s.blueprint_id || '/' || s.print_provider_id
             WHERE c.id IS NULL OR c.fetched_at + c.ttl_seconds * interval '1 second' < :at
             ORDER BY c.fetched_at NULLS FIRST"""),
        {"at": at},
    )
    return [(row[0], row[1]) for row in rows]


def store_shipping(session: Session, blueprint_id: int, provider_id: int, payload: Any, at: datetime) -> bool:
    """Cache the payload ({"v1", "v2"}) and replace the rates of this source when it changed. Returns whether it did.

    A payload without a single readable rate replaces nothing. The caller commits.
    """
    lock_catalog(session)
    key = f"{blueprint_id}/{provider_id}"
    changed = store_payload(session, SHIPPING, key, payload, at, DAY_SECONDS)
    rates = read_rates(payload) if changed else []
    if not rates:
        return False
    source = {"blueprint": blueprint_id, "provider": provider_id}
    session.execute(
        text("DELETE FROM shipping_rates WHERE blueprint_id = :blueprint AND print_provider_id = :provider"), source
    )
    copy_rows(session, "shipping_rates", _COLUMNS, ((blueprint_id, provider_id, *rate) for rate in rates))
    rows = session.execute(
        text("SELECT id FROM products WHERE blueprint_id = :blueprint AND print_provider_id = :provider"), source
    )
    documents.rebuild(session, [row[0] for row in rows])  # the delivery estimate stands on the product's page
    return True
