"""From cached payloads to the shop's rows, in batches: the same steps for a refresh, one product and the bench."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.applying import Change, apply_changes
from shop.catalog.bulk import lock_catalog
from shop.catalog.planning import Gone, Incoming, match_recreated
from shop.catalog.reading_printify import Blank, ReadProduct, Unreadable, read_blank, read_product
from shop.catalog.staging import BLUEPRINT, pending_ids, read_payloads, read_staged, skip_entry, stage_products
from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import transaction
from shop.tenancy.profile import touch_catalog

BATCH = 200
MOST_GONE = 20_000


@dataclass
class Counts:
    """What an import did. `entries`: {"create" | "change" | "skip": [{"external_id", "title", "reason"}]}."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped_ids: set[str] = field(default_factory=set)
    created_ids: list[str] = field(default_factory=list)  # Printify's
    entries: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        return len(self.skipped_ids)

    def skip(self, entries: Iterable[dict[str, str]]) -> None:
        """Left as they were; each is counted once, however often it is looked at."""
        for entry in entries:
            key = entry["external_id"] or f"#{len(self.skipped_ids)}"
            if key not in self.skipped_ids:
                self.skipped_ids.add(key)
                self.name("skip", [entry])

    def name(self, kind: str, entries: Iterable[dict[str, str]], most: int = 200) -> None:
        """Keep the first `most` of each kind for people to read."""
        kept = self.entries.setdefault(kind, [])
        kept.extend(islice(entries, max(most - len(kept), 0)))


def import_payloads(payloads: Iterable[Mapping[str, Any]], ttl_seconds: int = 3600) -> Counts:
    """Import product payloads as one refresh would, without network and pictures. Commits batch by batch.

    Removes nothing. Equal payloads cost a hash comparison.
    """
    counts, at = Counts(), clock.now()
    source = iter(payloads)
    with transaction() as session:
        first = is_first_import(session)
    while batch := list(islice(source, BATCH)):
        import_page(batch, at, ttl_seconds, counts, first)
    apply_pending(at, counts)
    return counts


def is_first_import(session: Session) -> bool:
    """Nothing came from Printify before: no new product can be an old one made again."""
    return session.execute(text("SELECT 1 FROM products WHERE external_id IS NOT NULL LIMIT 1")).first() is None


def import_page(payloads: list[Any], at: datetime, ttl_seconds: int, counts: Counts, first: bool) -> list[str]:
    """Cache a page and write what can be written at once, in one transaction; returns the outside ids seen.

    New products wait for `apply_pending` (unless this is the `first` import): only the whole listing tells whether they
    are old ones made again.
    """
    with transaction() as session:
        staged = stage_products(session, payloads, at, ttl_seconds)
        now = [(payload, digest) for payload, digest, known in staged.fresh if known or first]
        apply_payloads(session, now, {}, counts, only_known=not first)
    counts.unchanged += staged.unchanged
    counts.skip(staged.skipped)
    return staged.seen


def apply_pending(
    since: datetime, counts: Counts, tick: Callable[[int, int], None] | None = None, gone: Iterable[Gone] = ()
) -> None:
    """Write everything cached since then that is not applied yet. `gone`: products that may have been made again.

    `tick(done, of)` is called between the commits.
    """
    with transaction() as session:
        pending = pending_ids(session, since)
    adopted = _adopt(pending, list(gone))
    for start in range(0, len(pending), BATCH):
        ids = [external_id for external_id, _ in pending[start : start + BATCH]]
        with transaction() as session:
            lock_catalog(session)
            apply_payloads(session, read_staged(session, ids), adopted, counts)
        if tick:
            tick(start + len(ids), len(pending))


def apply_payloads(
    session: Session,
    staged: Sequence[tuple[Any, str]],
    adopted: Mapping[str, int],
    counts: Counts,
    only_known: bool = False,
) -> None:
    """Map and write cached payloads (payload, hash) in this transaction, which holds the catalogue's lock.

    `adopted`: outside id → our product that it is. `only_known` leaves products that we do not have for later.
    """
    if not staged:
        return
    blanks = _blanks(session, (payload for payload, _ in staged))
    known = _product_ids(session, [payload["id"] for payload, _ in staged])  # under the lock: a hook may be first
    changes = []
    for payload, digest in staged:
        product_id = known.get(payload["id"]) or adopted.get(payload["id"])
        if product_id is None and only_known:
            continue
        product = _read(payload, blanks, counts)
        if product is not None:
            changes.append(Change(product, digest, product_id))
    named = [(c.product_id is None, _entry(c, adopted)) for c in changes]
    applied = apply_changes(session, changes, clock.now())
    counts.created += len(applied.created)
    counts.created_ids += [entry["external_id"] for is_new, entry in named if is_new]
    counts.changed += len(applied.changed)
    counts.name("create", (entry for is_new, entry in named if is_new))
    counts.name("change", (entry for is_new, entry in named if not is_new))
    if applied.ids:
        touch_catalog(session)
        enqueue_after_commit(session, JobName.DRAIN_PICTURES)


def list_gone(session: Session, since: datetime, archived_only: bool = False) -> list[Gone]:
    """Products from Printify that were not seen since then: archived ones, and (unless `archived_only`) the rest."""
    rows = session.execute(
        text("""
            SELECT p.id, p.external_id, coalesce(c.payload->>'title', p.title), p.blueprint_id, p.print_provider_id,
                   p.status = 'archived', ARRAY(SELECT v.sku FROM variants v WHERE v.product_id = p.id AND v.sku <> ''
                                                   AND v.position >= 0)
              FROM products p LEFT JOIN printify_cache c ON c.kind = 'product' AND c.external_id = p.external_id
             WHERE p.external_id IS NOT NULL AND (c.fetched_at IS NULL OR c.fetched_at < :since)
               AND (p.status = 'archived' OR NOT :archived_only) AND NOT 'status' = ANY(p.edited_fields)
             ORDER BY p.status = 'archived', p.updated_at DESC LIMIT :most"""),
        {"since": since, "archived_only": archived_only, "most": MOST_GONE},
    )
    return [Gone(r[0], r[1], r[2], r[3], r[4], frozenset(r[6]), bool(r[5])) for r in rows]


def _adopt(pending: list[tuple[str, int | None]], gone: list[Gone]) -> dict[str, int]:
    """Which of the unknown products are ones of ours, made again under a new id."""
    unknown = [external_id for external_id, product_id in pending if product_id is None]
    if not gone or not unknown:
        return {}
    incoming = []
    for start in range(0, len(unknown), BATCH):
        with transaction() as session:
            staged = read_staged(session, unknown[start : start + BATCH])
        incoming += [found for payload, _ in staged if (found := incoming_of(payload)) is not None]
    return match_recreated(incoming, gone)


def incoming_of(payload: Mapping[str, Any]) -> Incoming | None:
    """What is compared with products that are gone; None for what cannot be read."""
    try:
        product = read_product(payload)
    except Unreadable:
        return None
    skus = frozenset(variant.sku for variant in product.variants if variant.sku)
    return Incoming(product.external_id, product.title, product.blueprint_id, product.print_provider_id, skus)


def _read(payload: Any, blanks: Mapping[int, Blank], counts: Counts) -> ReadProduct | None:
    try:
        return read_product(payload, blanks.get(payload.get("blueprint_id")))
    except Unreadable as error:
        counts.skip([skip_entry(payload, f"left as it was: {error}")])
        return None


def _blanks(session: Session, payloads: Iterable[Mapping[str, Any]]) -> dict[int, Blank]:
    wanted = {str(p.get("blueprint_id")) for p in payloads if type(p.get("blueprint_id")) is int}
    found: dict[int, Blank] = {}
    for external_id, payload in read_payloads(session, BLUEPRINT, wanted).items():
        try:
            found[int(external_id)] = read_blank(payload)
        except Unreadable:
            continue
    return found


def _product_ids(session: Session, external_ids: list[str]) -> dict[str, int]:
    rows = session.execute(
        text("SELECT external_id, id FROM products WHERE external_id = ANY(:ids)"), {"ids": external_ids}
    )
    return {row[0]: row[1] for row in rows}


def _entry(change: Change, adopted: Mapping[str, int]) -> dict[str, str]:
    product = change.product
    if change.product_id is None:
        reason = "new at Printify" if product.status == "active" else "new at Printify, not for sale yet"
    elif product.external_id in adopted:
        reason = "made again at Printify under a new id"
    else:
        reason = "changed at Printify"
    return {"external_id": product.external_id, "title": product.title[:120], "reason": reason}
