"""The current index of each store: built with one SELECT when the catalogue's version moves, swapped in one go."""

from __future__ import annotations

import threading

from flask import current_app

from shop.catalog.facets import CatalogIndex, Row
from shop.catalog.reading import read
from shop.catalog.telling import span_in
from shop.core.scope import current_store
from shop.tenancy.currencies import Pricing
from shop.tenancy.profile import current_versions, on_forget

_SELECT = """
SELECT p.id, p.title, p.product_type, p.price_min_minor, p.in_stock, p.sold_count,
       extract(epoch FROM p.created_at)::float8, p.card->>'facets', coalesce(m.slugs, ''),
       nullif(p.card->'fixed', '{}'::jsonb)
  FROM products p
  LEFT JOIN (SELECT cp.product_id, string_agg(c.slug || ':' || cp.position, ' ' ORDER BY c.id) AS slugs
               FROM collection_products cp JOIN collections c ON c.id = cp.collection_id WHERE c.is_shown
              GROUP BY cp.product_id) m ON m.product_id = p.id
 WHERE p.status = 'active' AND p.card ? 'facets'
 ORDER BY p.id"""

_held: dict[str, tuple[int, CatalogIndex]] = {}
_building = threading.Lock()


def current_index() -> CatalogIndex:
    """The index of the store being served, never older than the version this process knows.

    One SELECT after a change, none otherwise. One thread builds; the others go on with the index they have.
    """
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    version = current_versions().catalog
    held = _held.get(key)
    if held is not None and held[0] == version:
        return held[1]
    if not _building.acquire(blocking=held is None):
        assert held is not None
        return held[1]
    try:
        held = _held.get(key)
        if held is None or held[0] != version:
            held = (version, CatalogIndex([Row(*row) for row in read(_SELECT)]))
            _held[key] = held
        return held[1]
    finally:
        _building.release()


def index_in(pricing: Pricing) -> CatalogIndex:
    """The current index with the prices of a currency: filters and orders go by what the page shows."""
    index = current_index()
    if pricing.is_base:
        return index
    return index.told(pricing, lambda low, spans: span_in(pricing, low, low, 0, spans)[0])


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
