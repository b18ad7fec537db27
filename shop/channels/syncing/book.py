"""What the engine must know of one kind of thing. One book for products, one for customers; the engine names neither.

A book reads and writes our rows in the caller's transaction, and turns both sides into fields of the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from shop.channels.connector import Connector, Page
from shop.channels.models import Connection
from shop.channels.syncing.models import ChannelLink

Fields = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """What both sides count in, for one connection."""

    connection_id: int
    channel: str
    currency: str  # ours
    taxes_included: bool  # ours


@dataclass(frozen=True)
class Ours:
    """One of our things: its fields as they are compared, and the thing itself for the book."""

    id: int
    name: str
    fields: Fields
    changed_at: datetime
    thing: Any = None


@dataclass(frozen=True)
class Match:
    """What an unlinked thing of theirs is here. `our_id` None: nothing; `why`: it cannot be said, and why."""

    our_id: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Extra:
    """Parts that only one side has (variants). `told`: parts that stay where they are, in words."""

    to_ours: Fields = field(default_factory=dict)
    to_theirs: Fields = field(default_factory=dict)
    told: str = ""


@dataclass(frozen=True)
class Pushed:
    """What is known after a write there: the thing's id, and facts for its link."""

    external_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[int, str] = field(default_factory=dict)  # our variant id → theirs


class Book(Protocol):
    entity: str  # of links: product | customer
    setting: str  # of settings and runs: products | customers
    plural: str  # in sentences
    #: where it is gone there, it is taken off sale here
    archives: bool

    def can_read(self, channel: str) -> bool: ...
    def can_write(self, channel: str) -> bool: ...
    def puller(self, connector: Connector) -> Callable[[datetime | None, str], Page[Any]]: ...
    def get(self, connector: Connector, external_id: str) -> Any | None:
        """None: not there. Raises NotOffered where one cannot be asked for."""

    # -- ours; in the caller's transaction
    def read(self, session: Session, ids: Collection[int]) -> dict[int, Ours]: ...
    def list_ids(self, session: Session, terms: Terms, after: int, limit: int, is_whole: bool) -> list[int]:
        """Ids above `after`, ascending, of what may have to be told there: all, or what changed since it was linked."""

    def match(self, session: Session, terms: Terms, records: Sequence[Any]) -> dict[str, Match]:
        """By their id, for records without a link."""

    def create(self, session: Session, terms: Terms, records: Sequence[Any]) -> list[int]:
        """Our ids in the same order. Raises InvalidInput, ValueError or a database error for what cannot be."""

    def write(self, session: Session, changes: Sequence[tuple[int, Fields]]) -> None: ...
    def archive(self, session: Session, our_ids: Sequence[int]) -> list[int]: ...
    def remove(self, session: Session, our_id: int) -> bool:
        """What a run created and nobody used: away without a trace. False: it is in use, so it was archived."""

    # -- theirs
    def fields_of(self, record: Any, terms: Terms, parts: Mapping[str, int], known: ChannelLink | None) -> Fields:
        """Of a record, in our words. `parts`: their variant's id → ours."""

    def name_of(self, record: Any) -> str: ...
    def time_of(self, record: Any) -> datetime | None: ...
    def why_not(self, record: Any, terms: Terms) -> str:
        """Why this cannot be made here; "": it can."""

    def join_parts(self, session: Session, link: ChannelLink, ours: Ours, record: Any) -> None:
        """Link parts of both sides that are the same."""

    def apart(self, ours: Ours, record: Any | None, parts: Mapping[str, int]) -> Extra:
        """Parts that only one side has."""

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
        """Write there: `external_id` "" makes it, `fields` (name → value) changes just those. Outside transactions."""

    def take_off(self, connector: Connector, external_id: str) -> None:
        """Archive there; where it is not offered: NotOffered."""


def terms_of(connection: Connection, currency: str, taxes_included: bool) -> Terms:
    return Terms(connection.id, connection.channel, currency, taxes_included)
