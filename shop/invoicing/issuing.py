"""Write a document down: its number and its facts, together, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy.orm import Session

from shop.core import clock
from shop.invoicing.models import Invoice
from shop.invoicing.numbering import name_of, series_of, take_number


def issue(
    session: Session,
    kind: str,
    *,
    order_id: int,
    facts: dict[str, Any],
    settings: Mapping[str, Any],
    who: str,
    refund_id: int | None = None,
    corrects_id: int | None = None,
) -> Invoice:
    """The caller has locked the order and seen that there is no such document yet, and commits soon."""
    now = clock.now()
    series = series_of(kind, settings, now.year)
    number = take_number(session, series)
    document = Invoice(
        kind=kind,
        series=series,
        number=number,
        name=name_of(series, number),
        order_id=order_id,
        refund_id=refund_id,
        corrects_id=corrects_id,
        currency=facts["currency"],
        total_minor=facts["total_minor"],
        tax_minor=sum(row["tax_minor"] for row in facts["taxes"]),
        facts=facts,
        issued_by=who,
        issued_at=now,
    )
    session.add(document)
    session.flush()
    return document


def tax_rows(
    lines: Sequence[Mapping[str, int]], taxes: Sequence[tuple[str, int]], shipping_minor: int, total_minor: int
) -> list[dict[str, Any]]:
    """What was taxed and what was not: [{"label", "net_minor", "tax_minor"}]; net and tax add up to the total.

    `lines` have total_minor and tax_minor; `taxes` are the order's tax rows (label, amount), of which a checkout makes
    at most one. Tax beyond the lines' own was for shipping.
    """
    tax_minor = sum(amount for _, amount in taxes)
    if not tax_minor:
        return []
    of_lines = sum(line["tax_minor"] for line in lines)
    untaxed = 0
    if of_lines:  # else the lines do not say: the whole order was taxed
        untaxed = sum(line["total_minor"] for line in lines if not line["tax_minor"])
        untaxed += shipping_minor if tax_minor <= of_lines else 0
    rows = [{"label": taxes[0][0], "net_minor": total_minor - tax_minor - untaxed, "tax_minor": tax_minor}]
    if untaxed:
        rows.append({"label": "", "net_minor": untaxed, "tax_minor": 0})
    return rows


def credited_rows(
    invoiced: Sequence[Mapping[str, Any]],
    earlier: Sequence[Sequence[Mapping[str, Any]]],
    *,
    invoice_total: int,
    credited_before: int,
    amount: int,
) -> list[dict[str, Any]]:
    """The tax rows of a credit note over `amount`: each rate's share of all that is credited so far, less what earlier
    notes said. So the notes of a whole order add up to its invoice, to the last minor unit."""
    if not invoiced or not invoice_total:
        return []
    so_far = credited_before + amount
    rows, left = [], amount
    for i, row in enumerate(invoiced):
        before = [notes[i] for notes in earlier if i < len(notes)]
        tax = _share(row["tax_minor"], so_far, invoice_total) - sum(b["tax_minor"] for b in before)
        gross = _share(row["net_minor"] + row["tax_minor"], so_far, invoice_total) - sum(
            b["net_minor"] + b["tax_minor"] for b in before
        )
        if i == len(invoiced) - 1:
            gross = left
        left -= gross
        rows.append({"label": row["label"], "net_minor": gross - tax, "tax_minor": tax})
    return rows


def _share(minor: int, part: int, whole: int) -> int:
    return int((Decimal(minor) * part / whole).quantize(Decimal(1), rounding=ROUND_HALF_UP))
