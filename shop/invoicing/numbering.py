"""Numbers without gaps: the counter's row is locked until the document's own transaction ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.invoicing.models import InvoiceCounter

PREFIXES = {"invoice": "INV-", "credit_note": "CN-"}
_SETTING = {"invoice": "prefix", "credit_note": "credit_prefix"}


def series_of(kind: str, settings: Mapping[str, Any], year: int) -> str:
    """ "INV-2026-"; without the year "INV-". `settings` is the profile's `invoicing`."""
    prefix = str(settings.get(_SETTING[kind]) or PREFIXES[kind])
    return f"{prefix}{year}-" if settings.get("with_year", True) else prefix


def take_number(session: Session, series: str) -> int:
    """The next number of the series: 1, 2, 3 …

    Whoever else wants one waits for this transaction to end: a commit uses the number up, a rollback gives it back.
    Take it last, right before the row that bears it.
    """
    first = insert(InvoiceCounter).values(series=series, last=1)
    return int(
        session.execute(
            first.on_conflict_do_update(
                index_elements=["series"], set_={"last": InvoiceCounter.last + 1}
            ).returning(InvoiceCounter.last)
        ).scalar_one()
    )


def name_of(series: str, number: int) -> str:
    """As printed: "INV-2026-0042"."""
    return f"{series}{number:04d}"
