"""A consent counts once, for who was sent, for a few minutes."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.models import StaffMember
from shop.channels.authorising import Sent, begin_consent, take_consent
from shop.channels.models import Connection
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import NotAllowed
from shop.extensions import db

BACK = "https://shop.example/admin/channels/back"


def somebody() -> int:
    return db.session.execute(select(StaffMember.id)).scalars().first() or 0


def sent() -> tuple[int, Sent]:
    with transaction() as session:
        connection = Connection(channel="twin")
        session.add(connection)
        session.flush()
        return connection.id, begin_consent(session, connection.id, somebody(), BACK)


def take(state: str, staff_id: int | None = None) -> object:
    who = somebody() if staff_id is None else staff_id
    db.session.remove()
    with transaction() as session:
        return take_consent(session, state, who)


def test_what_was_sent_comes_back_with_its_verifier_and_address(app: Flask) -> None:
    connection_id, out = sent()
    back = take(out.state)
    assert (back.connection_id, back.redirect_uri) == (connection_id, BACK)  # type: ignore[attr-defined]
    digest = hashlib.sha256(back.verifier.encode()).digest()  # type: ignore[attr-defined]
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == out.challenge


def test_a_replay_is_refused(app: Flask) -> None:
    _, out = sent()
    take(out.state)
    with pytest.raises(NotAllowed):
        take(out.state)


def test_somebody_elses_state_is_refused_and_stays_good_for_its_owner(app: Flask) -> None:
    _, out = sent()
    with pytest.raises(NotAllowed):
        take(out.state, staff_id=999)
    take(out.state)


@pytest.mark.parametrize("state", ["", "x", "\0", "é" * 500])
def test_a_made_up_state_is_refused(app: Flask, state: str) -> None:
    sent()
    with pytest.raises(NotAllowed):
        take(state)


def test_after_ten_minutes_it_is_too_late(app: Flask) -> None:
    _, out = sent()
    clock.fix(clock.now() + timedelta(minutes=11))
    with pytest.raises(NotAllowed):
        take(out.state)
