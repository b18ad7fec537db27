"""Products as the sync engine sees them (book.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.html import one_line
from shop.channels import registry
from shop.channels.connector import Connector, Page, PublishesListings, PullsProducts
from shop.channels.records import ListingAnswer, ProductRecord
from shop.channels.syncing import product_rows
from shop.channels.syncing.book import Extra, Fields, Match, Ours, Pushed, Terms
from shop.channels.syncing.linking import link_many
from shop.channels.syncing.models import ChannelLink
from shop.channels.syncing.packing import pack
from shop.channels.syncing.product_fields import (
    OurProduct,
    names_to_push,
    our_fields,
    record_of,
    sku_of,
    their_fields,
    why_no_prices,
    why_not_here,
)


class ProductBook:
    entity = "product"
    setting = "products"
    plural = "products"
    archives = True

    def can_read(self, channel: str) -> bool:
        return registry.can(channel, PullsProducts)

    def can_write(self, channel: str) -> bool:
        return registry.can(channel, PublishesListings)

    def puller(self, connector: Connector) -> Callable[[datetime | None, str], Page[ProductRecord]]:
        assert isinstance(connector, PullsProducts)
        return connector.pull_products

    def get(self, connector: Connector, external_id: str) -> ProductRecord | None:
        assert isinstance(connector, PullsProducts)
        return connector.get_product(external_id)

    # -- ours

    def read(self, session: Session, ids: Collection[int]) -> dict[int, Ours]:
        found = product_rows.read_products(session, ids)
        return {i: Ours(i, p.title[:300], our_fields(p), p.updated_at, p) for i, p in found.items()}

    def list_ids(self, session: Session, terms: Terms, after: int, limit: int, is_whole: bool) -> list[int]:
        rows = session.execute(
            _TO_TELL,
            {"connection": terms.connection_id, "after": after, "limit": limit, "whole": is_whole},
        )
        return [row[0] for row in rows]

    def match(self, session: Session, terms: Terms, records: Sequence[ProductRecord]) -> dict[str, Match]:
        skus = {v.sku for r in records for v in r.variants if v.sku}
        owners: dict[str, set[int]] = {}
        rows: Any = session.execute(_BY_SKU, {"skus": list(skus), "connection": terms.connection_id}) if skus else []
        for sku, product_id in rows:
            owners.setdefault(sku, set()).add(product_id)
        found: dict[str, Match] = {}
        taken: Counter[int] = Counter()
        for record in records:
            ids = set().union(*(owners.get(v.sku, set()) for v in record.variants if v.sku))
            if len(ids) == 1:
                taken[next(iter(ids))] += 1
            found[record.external_id] = _match(ids)
        for external_id, match in found.items():
            if match.our_id is not None and taken[match.our_id] > 1:
                found[external_id] = Match(None, "Several products there have the SKUs of one here.")
        return found

    def create(self, session: Session, terms: Terms, records: Sequence[ProductRecord]) -> list[int]:
        return product_rows.create_products(session, records)

    def write(self, session: Session, changes: Sequence[tuple[int, Fields]]) -> None:
        product_rows.write_products(session, changes)

    def archive(self, session: Session, our_ids: Sequence[int]) -> list[int]:
        return product_rows.archive_products(session, our_ids)

    def remove(self, session: Session, our_id: int) -> bool:
        return product_rows.remove_product(session, our_id)

    # -- theirs

    def fields_of(
        self, record: ProductRecord, terms: Terms, parts: Mapping[str, int], known: ChannelLink | None
    ) -> Fields:
        return their_fields(record, terms, parts, known.base if known else {})

    def name_of(self, record: ProductRecord) -> str:
        return one_line(record.title, 300) or record.external_id

    def time_of(self, record: ProductRecord) -> datetime | None:
        return record.updated_at

    def why_not(self, record: ProductRecord, terms: Terms) -> str:
        return why_not_here(record, terms)

    def join_parts(self, session: Session, link: ChannelLink, ours: Ours, record: ProductRecord) -> None:
        """By SKU where it is one on both sides; where both have a single variant, they are the same."""
        known = session.execute(
            text("SELECT external_id, our_id FROM channel_links WHERE parent_id = :link"), {"link": link.id}
        ).all()
        theirs = [v for v in record.variants if v.external_id not in {row[0] for row in known}]
        here = [v for v in ours.thing.variants if v.id not in {row[1] for row in known}]
        counts = Counter(sku_of(v) for v in here), Counter(v.sku for v in theirs)
        by_sku = {sku_of(v): v.id for v in here if counts[0][sku_of(v)] == 1}
        pairs = [(v.external_id, by_sku[v.sku]) for v in theirs if counts[1][v.sku] == 1 and v.sku in by_sku]
        if not known and not pairs and len(theirs) == len(here) == 1:
            pairs = [(theirs[0].external_id, here[0].id)]
        if not known and not pairs and ours.thing.variants and len(theirs) == len(here):
            pairs = _by_place(here, theirs)
        link_parts(session, link.connection_id, link.id, pairs)

    def apart(self, ours: Ours, record: ProductRecord | None, parts: Mapping[str, int]) -> Extra:
        product: OurProduct = ours.thing
        here = set(parts.values())
        missing_there = [v.id for v in product.variants if v.id not in here and v.is_available]
        missing_here = [v for v in (record.variants if record else ()) if v.external_id not in parts]
        to_ours: Fields = {}
        told = ""
        if missing_here and product.is_printable:
            told = f"{len(missing_here)} variants there are none of Printify's; they stay there."
        elif missing_here:
            to_ours = {"variants": [pack(v) for v in missing_here]}
        return Extra(to_ours, {"variants": missing_there} if missing_there else {}, told)

    def push(
        self,
        connector: Connector,
        ours: Ours,
        external_id: str,
        facts: Mapping[str, Any],
        parts: Mapping[int, str],
        fields: Mapping[str, Any] | None,
        terms: Terms,
    ) -> Pushed:
        assert isinstance(connector, PublishesListings)
        product: OurProduct = ours.thing
        record = record_of(product, parts, external_id, terms, fields)
        skus = {v.id: sku_of(v) for v in product.variants}
        known = None
        if external_id:
            variants = {skus[our_id]: theirs for our_id, theirs in parts.items() if our_id in skus}
            known = ListingAnswer(external_id, variants, facts.get("images", {}), facts.get("url", ""),
                                  facts.get("revision", ""))  # fmt: skip
        key = f"imprint-{terms.connection_id}-{product.id}"
        answer = connector.push_product(record, known, None if fields is None else names_to_push(fields), key)
        ids = {sku: our_id for our_id, sku in skus.items()}
        return Pushed(
            answer.external_id,
            {"images": dict(answer.images), "url": answer.url, "revision": answer.revision},
            {ids[sku]: theirs for sku, theirs in answer.variants.items() if sku in ids},
        )

    def take_off(self, connector: Connector, external_id: str) -> None:
        assert isinstance(connector, PublishesListings)
        connector.archive_product(external_id)

    def told_of(self, record: ProductRecord, terms: Terms) -> str:
        """What of it does not travel, in words; "": everything does."""
        return why_no_prices(record, terms)


def link_parts(session: Session, connection_id: int, link_id: int, pairs: Sequence[tuple[str, int]]) -> None:
    """Variants of a linked product: (their id, ours)."""
    link_many(
        session,
        [
            {"connection_id": connection_id, "entity": "variant", "external_id": external_id, "our_id": our_id,
             "parent_id": link_id}
            for external_id, our_id in pairs
            if external_id
        ],
    )  # fmt: skip


def _by_place(here: Sequence[Any], theirs: Sequence[Any]) -> list[tuple[str, int]]:
    """Made from theirs a moment ago, in their order, where SKUs are missing or repeat."""
    if any(v.external_id >= 0 for v in here):
        return []
    ordered = sorted(here, key=lambda v: -v.external_id)
    if any(a.sku and a.sku != b.sku for a, b in zip(ordered, theirs, strict=True)):
        return []
    return [(b.external_id, a.id) for a, b in zip(ordered, theirs, strict=True)]


def _match(ids: set[int]) -> Match:
    if len(ids) > 1:
        return Match(None, "Its SKUs belong to several products here.")
    return Match(next(iter(ids)) if ids else None)


_BY_SKU = text("""
    SELECT v.sku, v.product_id FROM variants v
     WHERE v.sku = ANY(:skus) AND v.position >= 0
       AND NOT EXISTS (SELECT 1 FROM channel_links l WHERE l.connection_id = :connection AND l.entity = 'product'
                          AND l.our_id = v.product_id)""")
_TO_TELL = text("""
    SELECT p.id FROM products p
      LEFT JOIN channel_links l ON l.connection_id = :connection AND l.entity = 'product' AND l.our_id = p.id
     WHERE p.id > :after AND CASE WHEN l.id IS NULL THEN p.status = 'active'
                                  ELSE NOT l.is_gone
                                       AND (:whole OR p.updated_at > l.updated_at - interval '1 minute') END
     ORDER BY p.id LIMIT :limit""")
