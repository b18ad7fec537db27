"""Who waits for which variant, and when there is something to look at. Nothing here commits.

Whatever changes a product ends in `catalog/documents.rebuild`, which calls `ring`: rows of those who wait become due in
the transaction of the change. Whether there is something to tell is decided when the row is worked on, by what is true
then; so news that was taken back in between tells nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.subscribers.models import ProductWatch

A_YEAR = timedelta(days=365)
KEEP_ASKED = timedelta(days=8)
KEEP_TOLD = timedelta(days=60)
MOST_OF_ONE = 50
#: a refresh changes many things in many steps; what it changes belongs into one letter
GATHER = timedelta(seconds=60)
#: a fall by less is not worth a letter: told when the price is at most 99 % of what it was
LEAST_FALL_PERCENT = 1

_RING = text("""
    UPDATE product_watches w SET work_state = 'due', due_at = :at, attempts = 0
      FROM variants v JOIN products p ON p.id = v.product_id
     WHERE w.variant_id = v.id AND v.product_id = ANY(:ids) AND w.status = 'waiting' AND w.work_state = 'done'
       AND w.expires_at > :now AND v.is_available AND p.status = 'active'
       AND (w.kind = 'stock' OR w.currency <> :own OR v.price_minor * 100::bigint <= w.price_minor * (100 - :least))
    RETURNING w.id""")
_RING_ALL = text(_RING.text.replace("v.product_id = ANY(:ids)", "true"))


def ask_to_watch(
    session: Session,
    *,
    kind: str,
    email: str,
    variant_id: int,
    locale: str,
    price_minor: int,
    currency: str,
    is_proved: bool,
) -> ProductWatch | None:
    """A row for this wish; one that exists already is that one. None when the address waits for very many things, or
    waits for this one for certain: there is nothing to confirm. The caller has checked that the variant is there."""
    email = email.lower()
    now = clock.now()
    values = {
        "kind": kind, "email": email, "variant_id": variant_id, "locale": locale, "price_minor": price_minor,
        "currency": currency, "status": "asked", "expires_at": now + A_YEAR, "created_at": now, "work_state": "done",
    }  # fmt: skip
    open_ones = select(ProductWatch).where(ProductWatch.email == email, ProductWatch.status.in_(("asked", "waiting")))
    if len(session.execute(open_ones.limit(MOST_OF_ONE)).scalars().all()) >= MOST_OF_ONE:
        return None
    session.execute(
        insert(ProductWatch)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["kind", "email", "variant_id"], index_where=text("status IN ('asked','waiting')")
        )
    )
    row = session.execute(
        open_ones.where(ProductWatch.kind == kind, ProductWatch.variant_id == variant_id).with_for_update()
    ).scalar_one()
    if row.status == "waiting":
        return None
    row.locale, row.price_minor, row.currency = locale, price_minor, currency
    if is_proved:
        begin_to_wait(session, row)
    return row


def begin_to_wait(session: Session, row: ProductWatch) -> None:
    """The address is proved. It is looked at once: things may have changed since it was asked."""
    now = clock.now()
    row.status, row.confirmed_at, row.expires_at = "waiting", now, now + A_YEAR
    row.work_state, row.due_at = "due", now + GATHER
    enqueue_after_commit(session, JobName.TELL_WATCHERS)


def ring(session: Session, product_ids: Sequence[int], currency: str) -> int:
    """These products changed: who waits for a variant of theirs that can be bought now, or costs less in the store's
    own `currency`, is looked at. One statement; a repeat wakes nobody twice. Returns how many."""
    return _woken(session, session.execute(_RING, {"ids": list(product_ids), **_facts(currency)}).all())


def ring_all(session: Session, currency: str) -> int:
    """The same for every product: what a change missed because the row was being looked at, and other currencies."""
    return _woken(session, session.execute(_RING_ALL, _facts(currency)).all())


def _facts(currency: str) -> dict[str, object]:
    now = clock.now()
    return {"at": now + GATHER, "now": now, "own": currency, "least": LEAST_FALL_PERCENT}


def _woken(session: Session, rows: Sequence[object]) -> int:
    if rows:
        enqueue_after_commit(session, JobName.TELL_WATCHERS)
    return len(rows)


def is_cheaper(then_minor: int, now_minor: int) -> bool:
    """Has the price fallen by enough to write about it? In whole numbers, so the edge is exact."""
    return 0 <= now_minor < then_minor and now_minor * 100 <= then_minor * (100 - LEAST_FALL_PERCENT)


def let_old_ones_go(session: Session) -> None:
    """Wishes that were never confirmed, that are older than a year, or that were answered long ago."""
    now = clock.now()
    old = (
        (ProductWatch.expires_at < now)
        | ((ProductWatch.status == "asked") & (ProductWatch.created_at < now - KEEP_ASKED))
        | (ProductWatch.status.in_(("told", "ended")) & (ProductWatch.created_at < now - KEEP_TOLD))
    )
    session.execute(delete(ProductWatch).where(old).execution_options(synchronize_session=False))
