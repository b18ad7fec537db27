"""A file that is taken in, what is known of its columns, and what became of each line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, open_work_index
from shop.extensions import Model, UtcDateTime


def _count() -> Mapped[int]:
    return mapped_column(Integer, default=0, server_default="0")


class FileMapping(Model):
    """Which column is which of our fields, remembered for files with the same headings."""

    __tablename__ = "file_mappings"
    __table_args__ = (UniqueConstraint("entity", "headings_hash"),)

    entity: Mapped[str] = mapped_column(String(10))  # customers | orders | products
    headings_hash: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")  # {field: column number}
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class FileImport(DurableWork, Model):
    """stage: mapping → check → checked → apply → applied; refused where the file breaks. The row is due while the
    worker has to go on, and done while it waits for a person."""

    __tablename__ = "file_imports"
    __table_args__ = (open_work_index("file_imports"),)

    entity: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(120))
    who: Mapped[str] = mapped_column(String(254), default="", server_default="")
    stage: Mapped[str] = mapped_column(String(10), default="mapping", server_default="mapping")
    #: {"encoding", "delimiter", "skips", "headings": […], "samples": [[…]], "note", "change_run"}
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    total: Mapped[int] = _count()
    progress: Mapped[int] = _count()  # the last line of this stage that is done
    created: Mapped[int] = _count()
    changed: Mapped[int] = _count()
    same: Mapped[int] = _count()
    wrong: Mapped[int] = _count()
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # until it was applied
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class FileLine(Model):
    """What became, or would become, of a line. verdict: create | change | same | wrong."""

    __tablename__ = "file_lines"
    __table_args__ = (Index("ix_file_lines_import", "import_id", "verdict", "line"),)

    import_id: Mapped[int] = mapped_column(ForeignKey("file_imports.id", ondelete="CASCADE"))
    line: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[str] = mapped_column(String(6))
    field: Mapped[str] = mapped_column(String(40), default="", server_default="")
    subject: Mapped[str] = mapped_column(String(200), default="", server_default="")
    why: Mapped[str] = mapped_column(Text, default="", server_default="")
