"""Browsers that have signed in before. They are counted apart, so a stranger who guesses cannot lock the owner out."""

from __future__ import annotations

import hashlib
import secrets

from flask import current_app
from itsdangerous import BadSignature, TimestampSigner

REMEMBERED_SECONDS = 180 * 86400


def device_token(email: str) -> str:
    """A signed token for this browser and this account; it lets nobody in by itself."""
    return _signer().sign(f"{_who(email)}.{secrets.token_hex(8)}").decode()


def known_device(token: str | None, email: str) -> str | None:
    """The browser's id when the token is ours, fresh enough, and for this account; else None."""
    if not token or len(token) > 200:
        return None
    try:
        value = _signer().unsign(token, max_age=REMEMBERED_SECONDS).decode()
    except BadSignature:
        return None
    who, _, device = value.partition(".")
    return device if who == _who(email) else None


def _who(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]


def _signer() -> TimestampSigner:
    return TimestampSigner(current_app.config["SECRET_KEY"], salt="known device")
