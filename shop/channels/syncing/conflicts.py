"""Fields that both sides changed: kept until a person chooses, or until they agree again by themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels.comparing import Clash
from shop.channels.syncing.models import ChannelLink, SyncConflict
from shop.core import clock


def keep_conflicts(
    session: Session,
    connection_id: int,
    entity: str,
    row: ChannelLink,
    name: str,
    clashes: Sequence[Clash],
    was_contested: bool,
) -> None:
    """The open conflicts of a pair are exactly these now. A repeat brings their three values up to date."""
    for clash in clashes:
        values = {"base": clash.base, "ours": clash.ours, "theirs": clash.theirs, "subject": name[:300]}
        session.execute(
            insert(SyncConflict)
            .values(
                connection_id=connection_id,
                entity=entity,
                our_id=row.our_id,
                external_id=row.external_id,
                field=clash.field,
                **values,
            )
            .on_conflict_do_update(
                index_elements=["connection_id", "entity", "our_id", "field"],
                index_where=SyncConflict.state == "open",
                set_=values,
            )
        )
    if was_contested:
        session.execute(
            update(SyncConflict)
            .where(
                SyncConflict.connection_id == connection_id,
                SyncConflict.entity == entity,
                SyncConflict.our_id == row.our_id,
                SyncConflict.state == "open",
                SyncConflict.field.not_in([clash.field for clash in clashes]),
            )
            .values(state="over", settled_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def list_contested(session: Session, connection_id: int, entity: str, our_ids: Collection[int]) -> set[int]:
    """Those of our things that have open conflicts."""
    rows = session.execute(
        select(SyncConflict.our_id).where(
            SyncConflict.connection_id == connection_id,
            SyncConflict.entity == entity,
            SyncConflict.state == "open",
            SyncConflict.our_id.in_(list(our_ids)),
        )
    )
    return set(rows.scalars())
