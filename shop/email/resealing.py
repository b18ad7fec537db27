"""Letters that are not sent yet hold links sealed under a key: the newest one, after `flask secrets rotate`."""

from __future__ import annotations

from sqlalchemy import String, cast, select

from shop.core.durable import WorkState
from shop.core.rotating import BATCH, Rotated
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.sealing import resealed


def reseal_waiting_letters() -> Rotated:
    """A letter that a worker sends at this moment is passed over: it holds its facts in hand already."""
    told, after = Rotated("letters.facts"), 0
    while True:
        with transaction() as session:
            letters = list(
                session.execute(
                    select(Letter)
                    .where(
                        Letter.id > after,
                        Letter.work_state.in_([WorkState.DUE, WorkState.PARKED]),
                        cast(Letter.facts, String).contains('"sealed"'),
                    )
                    .order_by(Letter.id)
                    .limit(BATCH)
                    .with_for_update(skip_locked=True)
                ).scalars()
            )
            for letter in letters:
                after = letter.id
                try:
                    fresh = resealed(letter.facts)
                except ValueError:
                    told.unreadable += 1
                    continue
                if fresh is not None:
                    letter.facts = fresh
                    told.rewritten += 1
        if len(letters) < BATCH:
            return told
