"""The store's settings and versions, read cheaply and often.

Each process looks at the versions at most twice a second, so a committed change is seen by every worker within one
second, with or without Redis. The database down: the last known values go on being used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy import Engine, event, select, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from shop.core.scope import current_store
from shop.extensions import db
from shop.tenancy.models import StoreProfile, StoreState

LOOK_EVERY_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 2.0  # after a failure
_SELECT_VERSIONS = text("SELECT catalog_version, settings_version FROM store_state LIMIT 1")


@dataclass(frozen=True)
class Versions:
    catalog: int
    settings: int


@dataclass(frozen=True)
class Profile:
    """A frozen copy of the store_profile row."""

    name: str
    tagline: str
    currency: str
    country: str
    locale: str
    legal_name: str
    address: str
    support_email: str
    merchant_email: str
    brand: dict[str, Any]
    free_shipping_minor: int
    shipping_fallback: list[Any]
    tax_rates: list[Any]
    ships_to: list[Any]
    prices_include_tax: bool
    production_policy: str
    production_delay_minutes: int
    invoicing: dict[str, Any] = field(default_factory=dict)
    checkout: dict[str, Any] = field(default_factory=dict)
    reminders: dict[str, Any] = field(default_factory=dict)
    returning: dict[str, Any] = field(default_factory=dict)
    staff_totp_required: bool = False
    own_shipping_prices: bool = False
    languages: list[Any] = field(default_factory=list)
    currencies: list[Any] = field(default_factory=list)
    eu: dict[str, Any] = field(default_factory=dict)
    payment_marks: dict[str, Any] = field(default_factory=dict)
    gift_cards: dict[str, Any] = field(default_factory=dict)
    reviews: dict[str, Any] = field(default_factory=dict)


_looked: dict[str, tuple[float, Versions]] = {}
_profiles: dict[str, tuple[int, Profile]] = {}
_forgetful: list[Callable[[], None]] = []


def current_versions(fresh: bool = False) -> Versions:
    """The catalogue's and the settings' versions, at most half a second old."""
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    found = _looked.get(key)
    if found and not fresh and time.monotonic() - found[0] < LOOK_EVERY_SECONDS:
        return found[1]
    session: Session = db.session()
    if session.info.get("in_transaction_block"):  # a second connection for this thread could be one too many
        row = session.execute(_SELECT_VERSIONS).first()
        _looked[key] = (time.monotonic(), Versions(row[0], row[1]) if row else Versions(0, 0))
        return _looked[key][1]
    return versions_at(key, lambda: db.engine, fresh)


def versions_at(key: str, find_engine: Callable[[], Engine], fresh: bool = False) -> Versions:
    """The same where there is no application context; `key` is "store@database". Raises SQLAlchemyError only when the
    database is down and nothing was ever known; after a failure it is left alone for a few seconds."""
    found = _looked.get(key)
    now = time.monotonic()
    if found and not fresh and now - found[0] < LOOK_EVERY_SECONDS:
        return found[1]
    if found:
        _looked[key] = (now, found[1])  # other threads go on with what is known while this one looks
    try:
        versions = _select_versions(find_engine())
    except SQLAlchemyError:
        if found is None:
            raise
        _looked[key] = (time.monotonic() + LOOK_AGAIN_SECONDS, found[1])
        return found[1]
    _looked[key] = (now, versions)
    return versions


def _select_versions(engine: Engine) -> Versions:
    try:
        with engine.connect() as connection:
            row = connection.execute(_SELECT_VERSIONS).first()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        with engine.connect() as connection:  # the server was restarted: the pool is fresh now
            row = connection.execute(_SELECT_VERSIONS).first()
    return Versions(row[0], row[1]) if row else Versions(0, 0)


def current_profile() -> Profile:
    """The store's settings. Raises RuntimeError before `flask seed` has made the row."""
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    version = current_versions().settings
    found = _profiles.get(key)
    if found and found[0] == version:
        return found[1]
    row = db.session.execute(select(StoreProfile).limit(1)).scalar_one_or_none()
    if row is None:
        raise RuntimeError("the store has no settings yet: run `flask seed`")
    profile = Profile(**{name: getattr(row, name) for name in Profile.__dataclass_fields__})
    _profiles[key] = (version, profile)
    return profile


def forget() -> None:
    """Drop what this process remembers, here and wherever something is kept by version (tests, after a restore)."""
    _looked.clear()
    _profiles.clear()
    for drop in _forgetful:
        drop()


def on_forget(drop: Callable[[], None]) -> Callable[[], None]:
    """Register what else is kept by version; usable as a decorator."""
    _forgetful.append(drop)
    return drop


def touch_catalog(session: Session) -> None:
    """The catalogue changes in this transaction: its version is raised as the last statement before the commit,
    so writers hold the row only for a moment."""
    session.info["touch_catalog"] = True


def touch_settings(session: Session) -> None:
    """Settings change in this transaction."""
    session.info["touch_settings"] = True


@event.listens_for(Session, "before_commit")
def _raise_versions(session: Session) -> None:
    if session.in_nested_transaction():
        return
    values: dict[str, Any] = {}
    if session.info.pop("touch_catalog", False):
        values["catalog_version"] = StoreState.catalog_version + 1
    if session.info.pop("touch_settings", False):
        values["settings_version"] = StoreState.settings_version + 1
        values["catalog_version"] = StoreState.catalog_version + 1
    if values:
        session.flush()
        session.execute(update(StoreState).values(**values).execution_options(synchronize_session=False))


@event.listens_for(Session, "after_rollback")
def _forget_touches(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop("touch_catalog", None)
        session.info.pop("touch_settings", None)
