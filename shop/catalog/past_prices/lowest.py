"""The lowest price of the 30 days before a reduction, for every currency a price is kept in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.money import format_minor
from shop.tenancy.currencies import Pricing

KEEP = timedelta(days=400)
DAYS = 30

#: a column of a query over `variants`: {"EUR": minor, …} of the reduced ones, NULL otherwise. The reduction began when
#: price or compare-at price was last changed; a price counts when it was asked at any time in the 30 days before.
LOWEST_COLUMN = f"""
    CASE WHEN compare_at_minor > price_minor OR fixed_prices <> '{{}}' THEN (
      SELECT jsonb_object_agg(low.currency, low.minor) FROM (
        SELECT h.currency, min(h.price_minor) AS minor FROM past_prices h
          JOIN (SELECT b.currency, max(b.until) AS began FROM past_prices b WHERE b.variant_id = variants.id
                 GROUP BY b.currency) l ON l.currency = h.currency
         WHERE h.variant_id = variants.id AND h.until > l.began - interval '{DAYS} days' GROUP BY h.currency) low)
    END AS lowest"""  # noqa: S608  (our own text)

# what is too old to be shown beside any reduction goes
_FORGET = text(f"""
    DELETE FROM past_prices p WHERE p.until < :before AND p.until < (
      SELECT max(l.until) - interval '{DAYS + 1} days' FROM past_prices l
       WHERE l.variant_id = p.variant_id AND l.currency = p.currency)""")  # noqa: S608  (our own text)


def lowest_minor(variant: Mapping[str, Any], pricing: Pricing) -> int | None:
    """In the page's currency, for a variant of a document (its prices told in that currency); None: not reduced.

    A variant that never had another price has none lower: it is its own.
    """
    if variant["was_minor"] <= variant["price_minor"]:
        return None
    found: Mapping[str, int] = variant.get("lowest") or {}
    if pricing.is_base or pricing.code in (variant.get("fixed") or {}):
        return int(found.get(pricing.code, variant["price_minor"]))
    return pricing.price(int(found[pricing.base])) if pricing.base in found else int(variant["price_minor"])


def lowest_text(variant: Mapping[str, Any], pricing: Pricing, locale: str) -> str | None:
    minor = lowest_minor(variant, pricing)
    return None if minor is None else format_minor(minor, pricing.code, locale)


def let_old_prices_go(session: Session) -> None:
    """Once an hour (workflows/clean_up.py). The caller commits."""
    session.execute(_FORGET, {"before": clock.now() - KEEP})
