"""How each kind of thing of a connection is kept in step; made with careful values when first asked for."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels.comparing import Direction, Rule
from shop.channels.models import Connection
from shop.channels.syncing.book import terms_of
from shop.channels.syncing.books import book_of
from shop.channels.syncing.models import SyncRun, SyncSetting
from shop.channels.syncing.plan_pairs import Way
from shop.tenancy.profile import current_profile


def find_setting(session: Session, connection_id: int, entity: str, to_change: bool = False) -> SyncSetting:
    """The caller commits: it may have been made."""
    query = select(SyncSetting).where(SyncSetting.connection_id == connection_id, SyncSetting.entity == entity)
    query = query.with_for_update().execution_options(populate_existing=True) if to_change else query
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        session.execute(insert(SyncSetting).values(connection_id=connection_id, entity=entity).on_conflict_do_nothing())
        found = session.execute(query).scalar_one()
    return found


def way_of(session: Session, run: SyncRun, connection: Connection) -> Way:
    setting = find_setting(session, connection.id, run.entity)
    profile = current_profile()
    direction = Direction(run.direction)
    return Way(
        run_id=run.id,
        book=book_of(run.entity),
        terms=terms_of(connection, profile.currency, profile.prices_include_tax),
        direction=direction,
        rules={name: Rule(rule) for name, rule in setting.rules.items()},
        default=Rule(setting.default_rule),
        creates_here=bool(setting.options.get("create_here", True)),
        creates_there=direction.writes and bool(setting.options.get("create_there", direction is Direction.EXPORT)),
    )
