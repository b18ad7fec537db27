"""Encryption keys are replaced while the shop goes on: nothing is lost, nothing new is overwritten."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import text

from shop.core import secrets
from shop.core.rotating import encrypted_columns, rotate
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.resealing import reseal_waiting_letters
from shop.email.sealing import open_sealed, seal
from shop.extensions import db
from shop.webhook_delivery.models import WebhookEndpoint

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def _old_key(app: Flask) -> Iterator[None]:
    secrets.load_keys([OLD])
    yield
    secrets.load_keys(app.config["IMPRINT"].encryption_keys)


def stock(many: int) -> None:
    with transaction() as session:
        session.add_all(WebhookEndpoint(url=f"https://a.example/{n}", events=[], secret=f"s{n}") for n in range(many))


def in_clear() -> dict[str, str]:
    db.session.remove()
    return {e.url.rpartition("/")[2]: e.secret for e in db.session.query(WebhookEndpoint)}


def test_after_a_rotation_the_old_key_is_not_needed(app: Flask) -> None:
    stock(1000)
    secrets.load_keys([NEW, OLD])
    told = {t.name: (t.rewritten, t.unreadable) for t in rotate(db.metadata)}
    assert told["webhook_endpoints.secret"] == (1000, 0)
    secrets.load_keys([NEW])
    assert in_clear() == {str(n): f"s{n}" for n in range(1000)}
    assert {t.rewritten for t in rotate(db.metadata)} == {0}, "a repeat does nothing"


def test_a_secret_saved_meanwhile_wins(app: Flask) -> None:
    stock(300)
    secrets.load_keys([NEW, OLD])
    stop = threading.Event()

    def save_on_and_on() -> None:
        with app.app_context():
            number = 0
            while not stop.is_set():
                with transaction() as session:
                    session.get_one(WebhookEndpoint, number % 300 + 1).secret = "newer"
                number += 1
            db.session.remove()

    writer = threading.Thread(target=save_on_and_on)
    writer.start()
    list(rotate(db.metadata))
    stop.set()
    writer.join()
    secrets.load_keys([NEW])
    assert set(in_clear().values()) <= {"newer", *(f"s{n}" for n in range(300))}
    assert in_clear()["0"] == "newer"


def test_what_no_key_fits_is_left_and_counted(app: Flask) -> None:
    stock(2)
    db.session.execute(text("UPDATE webhook_endpoints SET secret = '00000000:broken' WHERE id = 1"))
    db.session.commit()
    secrets.load_keys([NEW, OLD])
    told = {t.name: (t.rewritten, t.unreadable) for t in rotate(db.metadata)}
    assert told["webhook_endpoints.secret"] == (1, 1)


def test_links_of_waiting_letters_are_sealed_anew(app: Flask) -> None:
    with transaction() as session:
        session.add(Letter(letter="account_reset", subject_key="a", to_email="a@b.example", facts={"url": seal("x")}))
    secrets.load_keys([NEW, OLD])
    assert reseal_waiting_letters().rewritten == 1
    secrets.load_keys([NEW])
    assert open_sealed(db.session.query(Letter).one().facts) == {"url": "x"}


def test_secrets_of_every_area_are_found(app: Flask) -> None:
    found = {f"{c.table.name}.{c.name}" for c in encrypted_columns(db.metadata)}
    assert found >= {
        "webhook_endpoints.secret", "gift_cards.code", "connection_tokens.value", "staff_members.totp_secret",
        "provider_keys.value",
    }  # fmt: skip
