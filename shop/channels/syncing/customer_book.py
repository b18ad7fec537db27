"""Customers as the sync engine sees them (book.py): known by their address on both sides.

Consent to marketing does not travel: it was given to one sender, for one purpose. Customers that were erased or merged
here are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.accounts.customers import remember_customer
from shop.catalog.bulk import as_json
from shop.catalog.html import one_line
from shop.channels import registry
from shop.channels.connector import Connector, Page, SyncsCustomers
from shop.channels.records import CustomerRecord
from shop.channels.syncing.book import Extra, Fields, Match, Ours, Pushed, Terms
from shop.channels.syncing.models import ChannelLink
from shop.core import clock
from shop.errors import InvalidInput

_ADDRESS = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]+\.[^@\s\x00]+")


class CustomerBook:
    entity = "customer"
    setting = "customers"
    plural = "customers"
    archives = False

    def can_read(self, channel: str) -> bool:
        return registry.can(channel, SyncsCustomers)

    can_write = can_read

    def puller(self, connector: Connector) -> Callable[[datetime | None, str], Page[CustomerRecord]]:
        assert isinstance(connector, SyncsCustomers)
        return connector.pull_customers

    def get(self, connector: Connector, external_id: str) -> CustomerRecord | None:
        assert isinstance(connector, SyncsCustomers)
        return connector.get_customer(external_id)

    # -- ours

    def read(self, session: Session, ids: Collection[int]) -> dict[int, Ours]:
        rows = session.execute(
            text("SELECT id, email, name, phone, tags, updated_at FROM customers WHERE id = ANY(:ids)"),
            {"ids": list(ids)},
        )
        return {
            row.id: Ours(
                row.id,
                row.email,
                {"name": row.name, "phone": row.phone, "tags": sorted(row.tags)},
                row.updated_at,
                row,
            )
            for row in rows
        }

    def list_ids(self, session: Session, terms: Terms, after: int, limit: int, is_whole: bool) -> list[int]:
        rows = session.execute(
            _TO_TELL, {"connection": terms.connection_id, "after": after, "limit": limit, "whole": is_whole}
        )
        return [row[0] for row in rows]

    def match(self, session: Session, terms: Terms, records: Sequence[CustomerRecord]) -> dict[str, Match]:
        emails = {r.external_id: r.email.strip().lower() for r in records}
        rows = session.execute(_BY_EMAIL, {"emails": list(emails.values()), "connection": terms.connection_id})
        known = {row.email: row for row in rows}
        found = {}
        for external_id, email in emails.items():
            row = known.get(email)
            if row is not None and (row.is_away or row.is_linked):
                found[external_id] = Match(None, "Merged, erased or linked already here; it is left alone.")
            else:
                found[external_id] = Match(row.id if row else None)
        return found

    def create(self, session: Session, terms: Terms, records: Sequence[CustomerRecord]) -> list[int]:
        ids = []
        for record in records:
            found = remember_customer(session, record.email, _name(record), "en", one_line(record.phone, 40))
            if found is None:
                raise InvalidInput(fields={"email": "There is no address."})
            ids.append(found)
        rows = [{"id": i, "tags": tags} for i, r in zip(ids, records, strict=True) if (tags := _tags(r))]
        if rows:
            session.execute(_ADD_TAGS, {"rows": as_json(rows)})
        return ids

    def write(self, session: Session, changes: Sequence[tuple[int, Fields]]) -> None:
        rows = [{"id": our_id, **fields} for our_id, fields in changes]
        session.execute(_WRITE, {"rows": as_json(rows), "at": clock.now()})

    def archive(self, session: Session, our_ids: Sequence[int]) -> list[int]:
        return []

    def remove(self, session: Session, our_id: int) -> bool:
        """Only someone who never bought, signed in or said anything."""
        gone = session.execute(_REMOVE, {"id": our_id}).first()
        return gone is not None

    # -- theirs

    def fields_of(
        self, record: CustomerRecord, terms: Terms, parts: Mapping[str, int], known: ChannelLink | None
    ) -> Fields:
        fields: Fields = {"name": _name(record), "phone": one_line(record.phone, 40)}
        base = known.base if known else {}
        if record.tags or base.get("tags"):
            fields["tags"] = _tags(record)
        return {name: value for name, value in fields.items() if value or base.get(name)}

    def name_of(self, record: CustomerRecord) -> str:
        return one_line(record.email, 254) or record.external_id

    def time_of(self, record: CustomerRecord) -> datetime | None:
        return record.updated_at

    def why_not(self, record: CustomerRecord, terms: Terms) -> str:
        return (
            ""
            if len(record.email) <= 254 and _ADDRESS.fullmatch(record.email.strip())
            else "It has no e-mail address that can be written to."
        )

    def join_parts(self, session: Session, link: ChannelLink, ours: Ours, record: CustomerRecord) -> None:
        """Customers have none."""

    def apart(self, ours: Ours, record: CustomerRecord | None, parts: Mapping[str, int]) -> Extra:
        return Extra()

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
        assert isinstance(connector, SyncsCustomers)
        value = {**ours.fields, **(fields or {})}
        first, _, last = value["name"].partition(" ")
        record = CustomerRecord(
            external_id=external_id,
            email=ours.thing.email,
            first_name=first,
            last_name=last,
            phone=value["phone"],
            tags=tuple(value["tags"]),
        )
        key = f"imprint-{terms.connection_id}-customer-{ours.id}"
        return Pushed(connector.push_customer(record, external_id or None, key))

    def take_off(self, connector: Connector, external_id: str) -> None:
        """Nobody is removed from another shop."""


def _name(record: CustomerRecord) -> str:
    return one_line(f"{record.first_name} {record.last_name}", 200)


def _tags(record: CustomerRecord) -> list[str]:
    return sorted({found for tag in record.tags[:200] if (found := one_line(tag, 40))})[:50]


_BY_EMAIL = text("""
    SELECT c.id, c.email, c.merged_into_id IS NOT NULL OR c.erased_at IS NOT NULL AS is_away,
           EXISTS (SELECT 1 FROM channel_links l WHERE l.connection_id = :connection AND l.entity = 'customer'
                      AND l.our_id = c.id) AS is_linked
      FROM customers c WHERE c.email = ANY(:emails)""")
_TO_TELL = text("""
    SELECT c.id FROM customers c
      LEFT JOIN channel_links l ON l.connection_id = :connection AND l.entity = 'customer' AND l.our_id = c.id
     WHERE c.id > :after AND c.merged_into_id IS NULL AND c.erased_at IS NULL
       AND (l.id IS NULL OR (NOT l.is_gone AND (:whole OR c.updated_at > l.updated_at - interval '1 minute')))
     ORDER BY c.id LIMIT :limit""")
_ADD_TAGS = text("""
    UPDATE customers c SET tags = ARRAY(SELECT DISTINCT unnest(c.tags || ARRAY(SELECT json_array_elements_text(n.tags)))
                                         ORDER BY 1)
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, tags json) WHERE c.id = n.id""")
_WRITE = text("""
    UPDATE customers c SET name = coalesce(n.name, c.name), phone = coalesce(n.phone, c.phone),
           tags = CASE WHEN n.tags IS NULL THEN c.tags ELSE ARRAY(SELECT json_array_elements_text(n.tags)) END,
           updated_at = :at
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, name text, phone text, tags json)
     WHERE c.id = n.id""")
_REMOVE = text("""
    DELETE FROM customers c WHERE c.id = :id AND c.orders_count = 0
       AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)
       AND NOT EXISTS (SELECT 1 FROM customer_notes n WHERE n.customer_id = c.id)
       AND NOT EXISTS (SELECT 1 FROM consent_changes n WHERE n.customer_id = c.id)
       AND NOT EXISTS (SELECT 1 FROM privacy_requests n WHERE n.customer_id = c.id)
       AND NOT EXISTS (SELECT 1 FROM shoppers s WHERE s.customer_id = c.id) RETURNING id""")
