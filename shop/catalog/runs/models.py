"""A run of changes and its items. Each item keeps what it replaced, so that a run can be undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, open_work_index
from shop.extensions import Model, UtcDateTime


def _count() -> Mapped[int]:
    return mapped_column(Integer, default=0, server_default="0")


class ChangeRun(DurableWork, Model):
    """kind: csv | grid | bulk | editor (one product's save).

    stage: check → checked | refused (a file), apply → applied, undo → undone. The row is due while the worker has to
    bring it from one stage to the next, and done while it waits for a person.
    """

    __tablename__ = "change_runs"
    __table_args__ = (
        open_work_index("change_runs"),
        Index("ix_change_runs_product", "product_id", "id", postgresql_where=text("product_id IS NOT NULL")),
    )

    kind: Mapped[str] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(200))  # what it does, in words
    who: Mapped[str] = mapped_column(String(254), default="")
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))  # of an editor's save
    stage: Mapped[str] = mapped_column(String(12))
    #: of a file: {"name", "encoding", "delimiter", "columns": […], "unknown": […], "note"}
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())  # of this stage
    total: Mapped[int] = _count()  # of this stage: lines to read, or changes to make
    progress: Mapped[int] = _count()
    products: Mapped[int] = _count()
    planned: Mapped[int] = _count()
    done: Mapped[int] = _count()
    skipped: Mapped[int] = _count()
    failed: Mapped[int] = _count()
    wrong: Mapped[int] = _count()  # lines of a file that cannot be used
    undone: Mapped[int] = _count()
    kept: Mapped[int] = _count()


class ChangeItem(Model):
    """One field of one thing, before and after.

    state: wrong (a line that cannot be used) | planned → done | skipped | failed; done → undone | kept.
    subject_id: the variant or picture, 0 for the product itself. Values are JSON as catalog/runs/fields.py has them.
    """

    __tablename__ = "change_items"
    __table_args__ = (
        Index("ix_change_items_state", "run_id", "state", "product_id"),
        Index("ix_change_items_line", "run_id", "line", "id"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("change_runs.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    line: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # of the file; 0: no file
    field: Mapped[str] = mapped_column(String(24))
    before: Mapped[Any] = mapped_column(JSONB, nullable=True)
    after: Mapped[Any] = mapped_column(JSONB, nullable=True)
    was_own: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")  # the merchant's already
    state: Mapped[str] = mapped_column(String(8), default="planned", server_default="planned")
    reason: Mapped[str] = mapped_column(String(400), default="", server_default="")


class ChangeFile(Model):
    """The uploaded file of a run, until it has been read."""

    __tablename__ = "change_files"

    run_id: Mapped[int] = mapped_column(ForeignKey("change_runs.id", ondelete="CASCADE"), unique=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
