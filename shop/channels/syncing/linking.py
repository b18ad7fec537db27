"""Which of ours is which of theirs. Both ways are unique in the database; a repeat changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels.syncing.models import ChannelLink
from shop.core import clock


def links_by_theirs(
    session: Session, connection_id: int, entity: str, external_ids: Collection[str]
) -> dict[str, ChannelLink]:
    rows = session.execute(
        select(ChannelLink)
        .where(
            ChannelLink.connection_id == connection_id,
            ChannelLink.entity == entity,
            ChannelLink.external_id.in_(list(external_ids)),
        )
        .execution_options(populate_existing=True)
    ).scalars()
    return {row.external_id: row for row in rows}


def links_by_ours(
    session: Session, connection_id: int, entity: str, our_ids: Collection[int]
) -> dict[int, ChannelLink]:
    rows = session.execute(
        select(ChannelLink)
        .where(
            ChannelLink.connection_id == connection_id,
            ChannelLink.entity == entity,
            ChannelLink.our_id.in_(list(our_ids)),
        )
        .execution_options(populate_existing=True)
    ).scalars()
    return {row.our_id: row for row in rows}


def parts_of(session: Session, link_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """link id → {their part's id: ours}."""
    found: dict[int, dict[str, int]] = {link_id: {} for link_id in link_ids}
    rows = session.execute(
        select(ChannelLink.parent_id, ChannelLink.external_id, ChannelLink.our_id).where(
            ChannelLink.parent_id.in_(list(link_ids))
        )
    )
    for parent_id, external_id, our_id in rows:
        found[int(parent_id or 0)][external_id] = our_id
    return found


def link(
    session: Session,
    connection_id: int,
    entity: str,
    our_id: int,
    external_id: str,
    *,
    parent_id: int | None = None,
    **values: Any,
) -> int | None:
    """The new link's id; None where either side is linked already (then nothing is changed)."""
    return session.execute(
        insert(ChannelLink)
        .values(
            connection_id=connection_id,
            entity=entity,
            our_id=our_id,
            external_id=external_id,
            parent_id=parent_id,
            **values,
        )
        .on_conflict_do_nothing()
        .returning(ChannelLink.id)
    ).scalar()


def link_many(session: Session, rows: list[dict[str, Any]]) -> dict[str, int]:
    """Many of one connection and entity: their id → link id, of those that are new."""
    if not rows:
        return {}
    made = session.execute(
        insert(ChannelLink).values(rows).on_conflict_do_nothing().returning(ChannelLink.external_id, ChannelLink.id)
    )
    return {row[0]: row[1] for row in made}


def agree(link_row: ChannelLink, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """From now on these are what both sides last agreed on, field by field; others stay as they were."""
    link_row.base = {**link_row.base, **ours}
    link_row.theirs = {**link_row.theirs, **theirs}
    link_row.updated_at = clock.now()


def mark_seen(session: Session, link_ids: Collection[int], run_id: int) -> None:
    if link_ids:
        session.execute(
            update(ChannelLink)
            .where(ChannelLink.id.in_(list(link_ids)))
            .values(seen_run_id=run_id, is_gone=False)
            .execution_options(synchronize_session=False)
        )
