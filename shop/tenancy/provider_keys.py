"""Keys and addresses of outside services that a merchant saved in the panel; they stand over the environment's.

Encrypted in the database under a key id (`core/secrets.py`). Each process reads them once for each version of the
settings, so a change is seen everywhere within a second, without a restart. A value that no key can decrypt any more
counts as not saved: the environment's is used, and the panel says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import Text, delete, func, select, type_coerce
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import Config
from shop.core import log
from shop.core.scope import current_store
from shop.core.secrets import decrypt
from shop.core.settings import lay_over
from shop.extensions import db
from shop.tenancy.models import ProviderKey
from shop.tenancy.profile import current_versions, on_forget, touch_settings

logger = log.get_logger("settings")
SHORTEST_WITH_HINT = 12

#: what may be saved: name in config.py → is it a secret
KNOWN: dict[str, bool] = {
    "stripe_secret_key": True,
    "stripe_webhook_secrets": True,
    "printify_api_token": True,
    "printify_shop_id": False,
    "printify_webhook_secret": True,
    "email_provider": False,
    "email_from": False,
    "smtp_host": False,
    "smtp_port": False,
    "smtp_tls": False,
    "smtp_user": False,
    "smtp_password": True,
    "sendgrid_api_key": True,
    "brevo_api_key": True,
    "s3_endpoint": False,
    "s3_bucket": False,
    "s3_region": False,
    "s3_access_key": True,
    "s3_secret_key": True,
}
_KINDS = {f.name: str(f.type) for f in dataclasses.fields(Config)}


@dataclass(frozen=True)
class SavedKey:
    """What the panel may know of a saved value: never a secret itself."""

    name: str
    value: str  # "" for a secret
    hint: str  # its last four characters
    is_readable: bool
    saved_at: datetime
    saved_by: str


_held: dict[str, tuple[int, dict[str, str]]] = {}
_made: dict[str, tuple[Config, dict[str, str], Config]] = {}


def init_app(app: Flask) -> None:
    """From now on `core.settings.current_settings()` knows what was saved."""
    lay_over(app, in_force)


def in_force(base: Config) -> Config:
    """`base` with everything saved laid over it. The database down: what was last known, else `base`."""
    saved = _saved_values()
    if not saved:
        return base
    key = _key()
    made = _made.get(key)
    if made is not None and made[0] is base and made[1] is saved:
        return made[2]
    config = laid_over(base, saved)
    _made[key] = (base, saved, config)
    return config


def laid_over(base: Config, saved: Mapping[str, str]) -> Config:
    """Pure: texts become what config.py says they are; one that cannot is left out."""
    values: dict[str, object] = {}
    for name, text in saved.items():
        if name not in KNOWN:
            continue
        kind = _KINDS[name]
        if kind == "int":
            if not (text.isascii() and text.isdigit()):
                continue
            values[name] = int(text)
        elif kind.startswith("tuple"):
            values[name] = tuple(part for part in text.split(",") if part)
        else:
            values[name] = text
    return dataclasses.replace(base, **values)  # type: ignore[arg-type]


def list_saved(session: Session) -> dict[str, SavedKey]:
    """Everything saved, by name, as the panel shows it."""
    found: dict[str, SavedKey] = {}
    for name, raw, hint, at, by in session.execute(
        select(
            ProviderKey.name, type_coerce(ProviderKey.value, Text), ProviderKey.hint, ProviderKey.saved_at,
            ProviderKey.saved_by,
        )
    ):  # fmt: skip
        plain = _readable(name, raw)
        shown = "" if KNOWN.get(name, True) else plain or ""
        found[name] = SavedKey(name, shown, hint, plain is not None, at, by)
    return found


def save_keys(session: Session, values: Mapping[str, str], *, by: str) -> None:
    """Save or replace; the caller commits. KeyError for a name that is not KNOWN."""
    for name, value in values.items():
        hint = value[-4:] if KNOWN[name] and len(value) >= SHORTEST_WITH_HINT else ""
        row = {"value": value, "hint": hint, "saved_by": by[:254]}
        statement = insert(ProviderKey).values(name=name, **row)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "value": statement.excluded.value,
                    "hint": statement.excluded.hint,
                    "saved_by": statement.excluded.saved_by,
                    "saved_at": func.now(),
                },
            )
        )
    touch_settings(session)


def drop_keys(session: Session, names: list[str]) -> int:
    """Forget them: the environment's hold again. How many there were; the caller commits."""
    gone = session.execute(delete(ProviderKey).where(ProviderKey.name.in_(names)).returning(ProviderKey.id)).all()
    if gone:
        touch_settings(session)
    return len(gone)


def _saved_values() -> dict[str, str]:
    key = _key()
    held = _held.get(key)
    try:
        version = current_versions().settings
        if held is not None and held[0] == version:
            return held[1]
        values = _read()
    except SQLAlchemyError:
        return held[1] if held is not None else {}
    if held is not None and held[1] == values:
        values = held[1]  # the same object: what was made from it is kept
    _held[key] = (version, values)
    return values


def _read() -> dict[str, str]:
    """On a connection of its own, so that asking for a key leaves no transaction open before a slow call."""
    wanted = select(ProviderKey.name, type_coerce(ProviderKey.value, Text))
    session: Session = db.session()
    if session.info.get("in_transaction_block"):  # a second connection for this thread could be one too many
        rows = session.execute(wanted).all()
    else:
        with db.engine.connect() as connection:
            rows = connection.execute(wanted).all()
    readable = ((name, _readable(name, raw)) for name, raw in rows)
    return {name: plain for name, plain in readable if plain is not None}


def _readable(name: str, raw: str) -> str | None:
    try:
        return decrypt(raw)
    except ValueError:
        logger.warning("a saved key cannot be decrypted", name=name)
        return None


def _key() -> str:
    return f"{current_store()}@{current_app.config['DATABASE_KEY']}"


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
    _made.clear()
