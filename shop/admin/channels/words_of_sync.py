"""Runs, steps and fields of a sync in the merchant's words: pure, but for the names of variants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import nh3
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.models import Variant
from shop.channels.syncing.models import SyncRun, SyncStep
from shop.core.money import format_minor

ENTITIES = {"products": "Products", "customers": "Customers", "orders": "Orders", "stock": "Stock"}
ONE = {"product": "product", "customer": "customer", "products": "product", "customers": "customer", "orders": "order"}
MODES = {"full": "everything", "incremental": "what changed", "hook": "one change told by it", "undo": "undo",
         "settle": "a conflict settled"}  # fmt: skip
CAUSES = {"schedule": "by schedule", "hook": "it told us", "button": "by hand", "command": "command line",
          "catch-up": "to catch up"}  # fmt: skip
DIRECTIONS = {"import": "from there to here", "export": "from here to there", "both": "both ways"}
RULES = {"ask": "Ask me", "ours": "This shop wins", "theirs": "The other side wins", "newest": "The newest wins"}
#: outcome → (word, tone)
OUTCOMES = {
    "running": ("Running", "working"),
    "waiting": ("Waits for you", "needs"),
    "completed": ("Completed", "done"),
    "partial": ("Done in part", "needs"),
    "failed": ("Failed", "failed"),
    "rejected": ("Rejected", "waiting"),
    "undone": ("Undone", "waiting"),
}
#: step → (what it is called, one of them)
STEPS = {
    "create": ("New", "Create"),
    "change": ("Changes", "Change"),
    "archive": ("Gone", "Archive"),
    "ask": ("Conflicts", "Ask"),
    "skip": ("Left alone", "Skip"),
}
SIDES = {"ours": "here", "theirs": "there", "both": "here and there", "": ""}
#: state of a step → (word, tone)
STEP_STATES = {
    "planned": ("Planned", "waiting"),
    "done": ("Done", "done"),
    "failed": ("Failed", "failed"),
    "stale": ("Changed meanwhile", "needs"),
    "rejected": ("Rejected", "waiting"),
    "undone": ("Taken back", "waiting"),
    "kept": ("Kept", "needs"),
}
FIELDS = {
    "title": "Title", "description_html": "Description", "tags": "Tags", "status": "Status",
    "seo_title": "Search title", "seo_text": "Search text",
    "price_minor": "Price", "compare_at_minor": "Compare-at price", "name": "Name",
    "phone": "Phone", "sku": "SKU", "variants": "Variants", "images": "Pictures",
}  # fmt: skip
#: what a rule may be chosen for, by kind of thing
RULED = {
    "products": ("title", "description_html", "tags", "status", "price_minor", "compare_at_minor",
                 "seo_title", "seo_text"),
    "customers": ("name", "phone", "tags"),
}  # fmt: skip
LONGEST = 400
_BROUGHT = ("title", "status", "tags", "name", "email")
_VARIANT = re.compile(r"^variants\.(\d{1,18})\.(\w+)$")


@dataclass(frozen=True)
class Before:
    """One field of a step: what stood on the side that is written, and what will."""

    label: str
    side: str
    before: str
    after: str


class Namer:
    """Names of fields and how their values are shown; knows the variants that were asked for."""

    def __init__(self, session: Session, names: Iterable[str], currency: str) -> None:
        ids = {int(found[1]) for name in names if (found := _VARIANT.match(name))}
        self.currency = currency
        self.variants: dict[int, str] = {}
        if ids:
            query = select(Variant.id, Variant.title, Variant.sku).where(Variant.id.in_(ids))
            self.variants = {row.id: row.title or row.sku for row in session.execute(query)}

    def label(self, name: str) -> str:
        """ "variants.12.price_minor" → "Price, S / Moss"."""
        found = _VARIANT.match(name)
        kind = found[2] if found else name
        label = FIELDS.get(kind, kind.replace("_", " ").capitalize())
        variant = self.variants.get(int(found[1]), "") if found else ""
        return f"{label}, {variant}" if variant else label

    def value(self, name: str, value: Any) -> str:
        kind = name.rpartition(".")[2]
        if value is None or value == "" or value == []:
            return "nothing"
        if kind.endswith("_minor") and isinstance(value, int):
            return format_minor(value, self.currency, "en")
        if kind.endswith("_html"):
            value = " ".join(nh3.clean(str(value), tags=set()).split())
        if isinstance(value, list):
            value = ", ".join(_item(item) for item in value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        text = str(value)
        return text if len(text) <= LONGEST else text[:LONGEST] + " …"

    def fields_of(self, step: SyncStep) -> list[Before]:
        """Field by field, what is written where."""
        found = []
        for side, changes in (("here", step.to_ours), ("there", step.to_theirs)):
            replaced: Mapping[str, Any] = step.replaced.get("ours" if side == "here" else "theirs") or {}
            for name, after in sorted(changes.items()):
                before = self.value(name, replaced[name]) if name in replaced else ""
                found.append(Before(self.label(name), side, before, self.value(name, after)))
        return found

    def brought(self, step: SyncStep) -> list[tuple[str, str]]:
        """Of something new: what is known of it."""
        record = step.record or {}
        found = [(self.label(n), self.value(n, record[n])) for n in _BROUGHT if record.get(n)]
        variants = [v for v in record.get("variants") or [] if isinstance(v, dict)]
        prices: list[int] = [v["price_minor"] for v in variants if isinstance(v.get("price_minor"), int)]
        if prices:
            shown = [format_minor(p, self.currency, "en") for p in sorted({min(prices), max(prices)})]
            found.append(("Price", " to ".join(shown)))
            found.append(("Variants", str(len(variants))))
        return found


def _item(value: Any) -> str:
    return str(value.get("sku") or value.get("title") or value) if isinstance(value, dict) else str(value)


def names_in(steps: Iterable[SyncStep]) -> set[str]:
    return {name for step in steps for name in (*step.to_ours, *step.to_theirs)}


def title_of_run(run: SyncRun) -> str:
    """ "Products: everything"."""
    return f"{ENTITIES.get(run.entity, run.entity)}: {MODES.get(run.mode, run.mode)}"


def seconds_of(run: SyncRun) -> float | None:
    return None if run.ended_at is None else (run.ended_at - run.started_at).total_seconds()
