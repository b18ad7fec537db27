"""A run and its changes in a merchant's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shop.catalog.runs.fields import FIELDS, in_words
from shop.catalog.runs.models import ChangeRun
from shop.catalog.words import plain_text

#: state → (its tab, its word, tone); in the order of interest
OUTCOMES: dict[str, tuple[str, str, str]] = {
    "failed": ("Failed", "Failed", "failed"),
    "skipped": ("Left as they were", "Left", "needs"),
    "kept": ("Not put back", "Not put back", "needs"),
    "wrong": ("Cannot be used", "Cannot be used", "failed"),
    "planned": ("To change", "To change", "waiting"),
    "done": ("Changed", "Changed", "done"),
    "undone": ("Put back", "Put back", "done"),
}
#: (stage, whether it still goes on) → (word, tone)
_STAGES: dict[tuple[str, bool], tuple[str, str]] = {
    ("check", True): ("Being checked", "working"),
    ("checked", False): ("Checked, not applied", "needs"),
    ("refused", False): ("Not readable", "failed"),
    ("apply", True): ("Being changed", "working"),
    ("apply", False): ("Stopped", "failed"),
    ("applied", False): ("Done", "done"),
    ("undo", True): ("Being undone", "working"),
    ("undo", False): ("Stopped", "failed"),
    ("undone", False): ("Undone", "waiting"),
}
LONGEST = 220


@dataclass(frozen=True)
class Row:
    """One change as it is shown. Of a wrong cell, `after` is what the cell said."""

    line: int
    product_id: int | None
    product: str
    variant: str
    sku: str
    what: str
    before: str
    after: str
    outcome: str
    tone: str
    reason: str


def stage_of(run: ChangeRun) -> tuple[str, str]:
    """(word, tone) of where a run is."""
    if run.work_state == "parked":
        return "Needs you", "needs"
    return _STAGES.get((run.stage, run.work_state != "done"), (run.stage.capitalize(), "waiting"))


def row_of(row: Any, currency: str, names: Mapping[int, str]) -> Row:
    item = row.ChangeItem
    known = FIELDS.get(item.field)
    outcome, tone = OUTCOMES[item.state][1:]
    if item.state == "wrong":
        before, after = "", "" if item.after is None else str(item.after)
    else:
        before, after = (_short(item.field, value, currency, names) for value in (item.before, item.after))
    return Row(
        item.line, item.product_id, row.product_title or "", row.variant_title or "", row.sku or "",
        known.label if known else item.field, before, after, outcome, tone, item.reason,
    )  # fmt: skip


def _short(field: str, value: Any, currency: str, names: Mapping[int, str]) -> str:
    said = in_words(field, value, currency, names)
    if field == "description_html":
        said = plain_text(said)
    return said if len(said) <= LONGEST else said[: LONGEST - 1].rstrip() + "…"
