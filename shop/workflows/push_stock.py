"""What can be had, told to the platforms that list it. Printed to order is endless: only what is not to be had is told
as 0, and told again when it is back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.catalog.models import Product, Variant
from shop.channels import registry
from shop.channels.connector import TakesStock
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelPush
from shop.channels.syncing.models import ChannelLink, SyncSetting
from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import transaction

ENDLESS = 100  # what a platform that counts is told of something that does not run out
AT_ONCE = 1000


def run() -> int:
    """Write down what has changed since it was last told. Returns how many numbers. A repeat adds none."""
    registry.load()
    with transaction() as session:
        settings = session.execute(
            select(SyncSetting.connection_id, SyncSetting.options, Connection.channel)
            .join(Connection, Connection.id == SyncSetting.connection_id)
            .where(SyncSetting.entity == "stock", SyncSetting.is_on, Connection.status == "active")
        ).all()
        changed = sum(
            _note_changes(session, found.connection_id, endless_of(found.options))
            for found in settings
            if registry.can(found.channel, TakesStock)
        )
        if changed:
            enqueue_after_commit(session, JobName.DRAIN_CHANNEL_PUSHES)
    return changed


def endless_of(options: dict[str, Any]) -> int:
    value = options.get("endless")
    return value if isinstance(value, int) and 0 < value <= 1_000_000 else ENDLESS


def _note_changes(session: Session, connection_id: int, endless: int) -> int:
    key = func.concat("stock:", connection_id, ":", ChannelLink.id)
    wanted = case((and_(Variant.is_available, Product.status == "active"), endless), else_=0)
    changed = (
        select(
            key,
            literal(connection_id),
            literal("stock"),
            Variant.id,
            func.jsonb_build_object("variant", ChannelLink.external_id),
            wanted,
            literal(clock.now()),
        )
        .join(Variant, Variant.id == ChannelLink.our_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(ChannelPush, ChannelPush.key == key)
        .where(
            ChannelLink.connection_id == connection_id,
            ChannelLink.entity == "variant",
            ChannelLink.is_gone.is_(False),
            Variant.external_id > 0,  # what was brought in from there is counted there
            or_(and_(ChannelPush.id.is_(None), wanted == 0), ChannelPush.wanted != wanted),
        )
        .order_by(ChannelLink.id)
        .limit(AT_ONCE)
    )
    names = ["key", "connection_id", "kind", "variant_id", "facts", "wanted", "due_at"]
    new = insert(ChannelPush).from_select(names, changed)
    again = new.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "wanted": new.excluded.wanted,
            "facts": new.excluded.facts,
            "work_state": "due",
            "due_at": new.excluded.due_at,
            "attempts": 0,
            "fence": ChannelPush.fence + 1,  # a worker that tells the earlier number finds its lease lost
            "lease_until": None,
            "finished_at": None,
            "error_kind": None,
            "error_text": None,
        },
    ).returning(ChannelPush.id)
    return len(session.execute(again).all())
