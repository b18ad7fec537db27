"""A row of work: claimed once, fenced, never lost."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from jobs.base import drain
from shop.core import clock, durable
from shop.core.durable import Claim, LostLease
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.requesting import request_letter
from shop.errors import Misunderstood, Refused, Unavailable
from shop.extensions import db


def queue_letters(count: int) -> None:
    with transaction() as session:
        for n in range(count):
            request_letter(session, letter="contact", subject_key=f"t:{n}", to_email="a@example.com", facts={})


def row() -> Letter:
    db.session.remove()
    return db.session.execute(select(Letter).where(Letter.letter == "contact")).scalars().first()


def claim_all(limit: int = 50) -> list[Claim]:
    with transaction() as session:
        return durable.claim(session, Letter, limit, lease_seconds=60)


def test_the_same_letter_about_the_same_thing_is_one_row(app: Flask) -> None:
    queue_letters(1)
    queue_letters(1)
    assert db.session.query(Letter).count() == 1


def test_rivals_never_claim_the_same_row(app: Flask) -> None:
    queue_letters(60)
    claimed: list[int] = []
    lock = threading.Lock()

    def take() -> None:
        with app.app_context():
            while True:
                found = claim_all(limit=5)
                db.session.remove()
                if not found:
                    return
                with lock:
                    claimed.extend(c.id for c in found)

    threads = [threading.Thread(target=take) for _ in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(claimed) == len(set(claimed)) == 60


def test_a_worker_that_lost_its_lease_can_no_longer_finish(app: Flask) -> None:
    queue_letters(1)
    (stale,) = claim_all()
    clock.advance(timedelta(seconds=61))
    (fresh,) = claim_all()
    assert fresh.fence == stale.fence + 1
    with pytest.raises(LostLease), transaction() as session:
        durable.finish(session, Letter, stale)
    with transaction() as session:
        durable.finish(session, Letter, fresh)
    assert row().work_state == "done"


def test_a_killed_worker_leaves_an_unknown_outcome_when_it_was_calling(app: Flask) -> None:
    queue_letters(1)
    (first,) = claim_all()
    with transaction() as session:
        durable.begin_call(session, Letter, first)
    clock.advance(timedelta(seconds=61))
    (second,) = claim_all()
    assert second.unknown_outcome and not first.unknown_outcome


def test_trouble_outside_postpones_with_growing_waits(app: Flask) -> None:
    queue_letters(1)
    waits = []

    def fail(held: Claim) -> None:
        raise Unavailable("away", service="test")

    for _ in range(4):
        assert drain(Letter, fail) == 1
        waits.append((row().due_at - clock.now()).total_seconds())
        clock.advance(timedelta(seconds=waits[-1] + 1))
    assert waits == sorted(waits) and waits[0] > 10


@pytest.mark.parametrize(
    ("error", "kind"), [(Refused("no"), "merchant"), (Misunderstood("?"), "us"), (KeyError("x"), "us")]
)
def test_what_a_person_must_settle_is_parked_with_its_reason(app: Flask, error: Exception, kind: str) -> None:
    queue_letters(1)

    def fail(held: Claim) -> None:
        raise error

    drain(Letter, fail)
    assert (row().work_state, row().error_kind) == ("parked", kind)
    assert row().error_text
    with transaction() as session:
        assert durable.retry_parked(session, Letter, row().id)
        assert not durable.retry_parked(session, Letter, row().id)
    assert row().work_state == "due"


def test_secrets_do_not_reach_the_stored_reason(app: Flask) -> None:
    queue_letters(1)

    def fail(held: Claim) -> None:
        raise Refused("no", service="x", detail="key sk_live_abc123 Authorization: Bearer eyJhbGciOi.abc.def")

    drain(Letter, fail)
    assert "sk_live_abc123" not in row().error_text and "eyJhbGciOi" not in row().error_text
