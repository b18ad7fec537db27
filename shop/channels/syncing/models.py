"""What is linked with what, and what each run of a sync planned, did and replaced."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, open_work_index
from shop.extensions import Model, UtcDateTime


def _count() -> Mapped[int]:
    return mapped_column(Integer, default=0, server_default="0")


def _of_connection() -> Mapped[int]:
    return mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))


class ChannelLink(Model):
    """One thing here and one thing there that are the same.

    entity: product | variant | customer | order. A variant's row names its product's link as `parent_id`. `base`: the
    fields both sides last agreed on; `theirs`: as they were last seen there. Equal `theirs_hash`: nothing to look at,
    which is also how our own write, coming back as a webhook, is known.
    """

    __tablename__ = "channel_links"
    __table_args__ = (
        UniqueConstraint("connection_id", "entity", "our_id"),
        UniqueConstraint("connection_id", "entity", "external_id"),
        Index("ix_channel_links_ours", "entity", "our_id"),
        Index("ix_channel_links_parent", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
    )

    connection_id: Mapped[int] = _of_connection()
    entity: Mapped[str] = mapped_column(String(10))
    our_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(String(160))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("channel_links.id", ondelete="CASCADE"))
    base: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    theirs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    theirs_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    ours_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    theirs_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # their time of change
    #: ids beside their own: an inventory item's, pictures'; what the connector's ListingAnswer said
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    #: the last run that read everything and saw it
    seen_run_id: Mapped[int | None] = mapped_column(BigInteger)
    is_gone: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class SyncSetting(Model):
    """How one kind of thing is kept in step on one connection, and how far it has been read.

    entity: products | customers | orders | stock. direction: import | export | both. Rules: ours | theirs | newest |
    ask, by field's name or kind (comparing.py). `watermark`: their time up to which everything was read and saved.
    """

    __tablename__ = "sync_settings"
    __table_args__ = (UniqueConstraint("connection_id", "entity"), Index("ix_sync_settings_next", "next_at"))

    connection_id: Mapped[int] = _of_connection()
    entity: Mapped[str] = mapped_column(String(10))
    direction: Mapped[str] = mapped_column(String(6), default="import", server_default="import")
    is_on: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    every_minutes: Mapped[int] = mapped_column(Integer, default=15, server_default="15")
    default_rule: Mapped[str] = mapped_column(String(6), default="ask", server_default="ask")
    rules: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    #: {"create_here": bool, "create_there": bool, "apply": "review" | "alone"}
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    watermark: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_full_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SyncRun(DurableWork, Model):
    """One run, from reading to the end; the row is the work, and goes on where it stopped.

    stage: read → plan → (wait for a person) → apply → done; an undo begins at "undo". outcome: running | waiting |
    completed | partial | failed | rejected | undone. mode: full | incremental | hook | undo. `wait_why`: what a person
    must look at first (a review was asked for, the removal brake).
    """

    __tablename__ = "sync_runs"
    __table_args__ = (
        open_work_index("sync_runs"),
        Index("ix_sync_runs_connection", "connection_id", "id"),
        # one at a time for each kind of thing
        Index(
            "uq_sync_runs_open",
            "connection_id",
            "entity",
            unique=True,
            postgresql_where=text("outcome IN ('running','waiting') AND mode <> 'hook'"),
        ),
    )

    connection_id: Mapped[int] = _of_connection()
    entity: Mapped[str] = mapped_column(String(10))
    direction: Mapped[str] = mapped_column(String(6))
    mode: Mapped[str] = mapped_column(String(12))
    cause: Mapped[str] = mapped_column(String(12))  # schedule | hook | button | command | catch-up
    stage: Mapped[str] = mapped_column(String(8), default="read", server_default="read")
    outcome: Mapped[str] = mapped_column(String(10), default="running", server_default="running")
    must_review: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    wait_why: Mapped[str] = mapped_column(Text, default="", server_default="")
    who: Mapped[str] = mapped_column(String(254), default="", server_default="")
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # read what changed at or after; None: all
    cursor: Mapped[str] = mapped_column(Text, default="", server_default="")
    is_whole: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    position: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # of our side, while planning
    read: Mapped[int] = _count()
    processed: Mapped[int] = _count()
    created: Mapped[int] = _count()
    changed: Mapped[int] = _count()
    archived: Mapped[int] = _count()
    unchanged: Mapped[int] = _count()
    asked: Mapped[int] = _count()
    failed: Mapped[int] = _count()
    #: the first failures, in words: [{"subject", "why"}]
    errors: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    undo_of: Mapped[int | None] = mapped_column(ForeignKey("sync_runs.id", ondelete="SET NULL"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SyncStep(Model):
    """One thing that a run would do, or did. What is the same on both sides has no row.

    step: create | change | archive | ask | skip. side: ours | theirs | both. state: planned → done | failed | stale |
    rejected; done → undone | kept. `to_ours`, `to_theirs`: field → value; `replaced`: {"ours": {…}, "theirs": {…}} as
    it was right before. `record`: of a create, all that is known there.
    """

    __tablename__ = "sync_steps"
    __table_args__ = (Index("ix_sync_steps_run", "run_id", "state", "id"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("sync_runs.id", ondelete="CASCADE"))
    step: Mapped[str] = mapped_column(String(8))
    side: Mapped[str] = mapped_column(String(6), default="", server_default="")
    subject: Mapped[str] = mapped_column(String(300), default="", server_default="")
    why: Mapped[str] = mapped_column(Text, default="", server_default="")
    our_id: Mapped[int | None] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(String(160), default="", server_default="")
    to_ours: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    to_theirs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    base: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    record: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    replaced: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    state: Mapped[str] = mapped_column(String(8), default="planned", server_default="planned")
    attempts: Mapped[int] = _count()
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SyncConflict(Model):
    """A field both sides changed: the three columns of the review page. state: open | settled | over (it went away)."""

    __tablename__ = "sync_conflicts"
    __table_args__ = (
        Index(
            "uq_sync_conflicts_open",
            "connection_id",
            "entity",
            "our_id",
            "field",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_sync_conflicts_state", "state", "id"),
    )

    connection_id: Mapped[int] = _of_connection()
    entity: Mapped[str] = mapped_column(String(10))
    our_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(String(160))
    subject: Mapped[str] = mapped_column(String(300), default="", server_default="")
    field: Mapped[str] = mapped_column(String(160))
    base: Mapped[Any] = mapped_column(JSONB, nullable=True)
    ours: Mapped[Any] = mapped_column(JSONB, nullable=True)
    theirs: Mapped[Any] = mapped_column(JSONB, nullable=True)
    state: Mapped[str] = mapped_column(String(8), default="open", server_default="open")
    chosen: Mapped[str] = mapped_column(String(6), default="", server_default="")  # ours | theirs
    who: Mapped[str] = mapped_column(String(254), default="", server_default="")
    found_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ParkedRecord(Model):
    """Something of theirs that could not be read or written here: kept with their own answer until it can."""

    __tablename__ = "parked_records"
    __table_args__ = (UniqueConstraint("connection_id", "entity", "external_id"),)

    connection_id: Mapped[int] = _of_connection()
    entity: Mapped[str] = mapped_column(String(10))
    external_id: Mapped[str] = mapped_column(String(160))
    why: Mapped[str] = mapped_column(Text)
    raw: Mapped[Any] = mapped_column(JSONB, nullable=True)
    times: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    first_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
