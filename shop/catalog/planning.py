"""What a refresh would do, before it does it. Pure.

A sync may not destroy: a listing that is not complete removes nothing, and more removals than the brake allows stop
and ask.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_NAMED = 200  # entries of each kind kept in the plan of a run; the counts are exact


class Gone(NamedTuple):
    """A product of ours that this listing does not name (any more)."""

    product_id: int
    external_id: str
    title: str  # as Printify told it last
    blueprint_id: int | None
    print_provider_id: int | None
    skus: frozenset[str]
    is_archived: bool = False


class Incoming(NamedTuple):
    """A product of the listing that we do not have yet."""

    external_id: str
    title: str
    blueprint_id: int
    print_provider_id: int
    skus: frozenset[str]


@dataclass
class Listing:
    """What was read, page by page, and whether it may be believed to be all."""

    pages: int = 0
    last_page: int | None = None
    total: int | None = None
    seen: set[str] = field(default_factory=set)
    doubts: list[str] = field(default_factory=list)

    def add_page(self, number: int, last_page: int, total: int, per_page: int, ids: Collection[str], rows: int) -> None:
        self.pages += 1
        if self.total is None:
            self.total, self.last_page = total, last_page
        elif (total, last_page) != (self.total, self.last_page):
            self._doubt(f"the listing changed while it was read ({self.total} products, then {total})")
        if number < last_page and rows < per_page:
            self._doubt(f"page {number} holds {rows} of {per_page} products")
        self.seen.update(ids)

    @property
    def incomplete(self) -> str:
        """Why this listing may not remove anything; "" when it is whole."""
        if self.total is None or self.last_page is None:
            return "nothing was read"
        if self.doubts:
            return self.doubts[0]
        if self.pages < max(self.last_page, 1):
            return f"{self.pages} of {self.last_page} pages were read"
        if len(self.seen) < self.total:
            return f"{len(self.seen)} of {self.total} products were read"
        if not self.seen:
            return "the listing is empty"
        return ""

    def _doubt(self, why: str) -> None:
        self.doubts.append(why)


class Removals(NamedTuple):
    """`archive` is decided; `ask` stopped at the brake; `note` says why nothing (more) is removed."""

    archive: Sequence[Gone]
    ask: Sequence[Gone]
    note: str


def plan_removals(gone: Sequence[Gone], active_count: int, incomplete: str, brake_percent: int) -> Removals:
    """Decide about products that the listing does not name.

    One product may always go; beyond that, not more than `brake_percent` of the active ones without asking.
    """
    if not gone:
        return Removals((), (), "")
    if incomplete:
        return Removals((), (), f"Nothing is archived: {incomplete}.")
    if braked(len(gone), active_count, brake_percent):
        share = 100 * len(gone) / max(active_count, 1)
        note = f"{len(gone)} of {active_count} products ({share:.0f} %) are gone at Printify; archive them?"
        return Removals((), gone, note)
    return Removals(gone, (), "")


def braked(removals: int, active_count: int, brake_percent: int) -> bool:
    """More than the share that may go without asking, and more than one."""
    return removals > 1 and removals * 100 > brake_percent * active_count


def match_recreated(incoming: Iterable[Incoming], gone: Iterable[Gone]) -> dict[str, int]:
    """New outside id → our product, for products deleted and made again at Printify: the same blank and provider, and
    the same SKUs or the same title. Each product of ours is taken once; the surer sign (SKUs) wins."""
    taken: set[int] = set()
    found: dict[str, int] = {}
    pool = list(gone)
    new = list(incoming)
    for by_sku in (True, False):
        for product in new:
            if product.external_id in found:
                continue
            match = next((g for g in pool if g.product_id not in taken and _alike(product, g, by_sku)), None)
            if match:
                taken.add(match.product_id)
                found[product.external_id] = match.product_id
    return found


def _alike(new: Incoming, old: Gone, by_sku: bool) -> bool:
    if (new.blueprint_id, new.print_provider_id) != (old.blueprint_id, old.print_provider_id):
        return False
    if by_sku:
        return bool(new.skus) and new.skus == old.skus
    return new.title.casefold() == old.title.casefold()
