"""Things of theirs that cannot be read or written here: kept with their own answer, and asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels.raw_answers import raw_to_keep
from shop.channels.syncing.models import ParkedRecord
from shop.core import clock

MOST_TIMES = 20  # then only a person, or a change there, asks again


def park(session: Session, connection_id: int, entity: str, external_id: str, why: str, raw: Any) -> None:
    """A repeat counts, and keeps the newest answer."""
    if not external_id:
        return
    values = {"why": why[:2000].replace("\x00", ""), "raw": raw_to_keep(raw), "last_at": clock.now()}
    session.execute(
        insert(ParkedRecord)
        .values(connection_id=connection_id, entity=entity, external_id=external_id[:160], **values)
        .on_conflict_do_update(
            index_elements=["connection_id", "entity", "external_id"],
            set_={**values, "times": ParkedRecord.times + 1},
        )
    )


def unpark(session: Session, connection_id: int, entity: str, external_ids: Sequence[str]) -> None:
    if external_ids:
        session.execute(
            delete(ParkedRecord).where(
                ParkedRecord.connection_id == connection_id,
                ParkedRecord.entity == entity,
                ParkedRecord.external_id.in_(list(external_ids)),
            )
        )


def list_parked_ids(session: Session, connection_id: int, entity: str, limit: int = 200) -> list[str]:
    """Those that are asked for once more by every run, oldest first."""
    rows = session.execute(
        select(ParkedRecord.external_id)
        .where(
            ParkedRecord.connection_id == connection_id,
            ParkedRecord.entity == entity,
            ParkedRecord.times < MOST_TIMES,
        )
        .order_by(ParkedRecord.last_at)
        .limit(limit)
    )
    return list(rows.scalars())
