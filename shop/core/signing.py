"""Short-lived links that prove where they come from: a preview that only staff was given."""

from __future__ import annotations

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from shop.core.scope import scoped_key


def sign(purpose: str, value: str) -> str:
    """A token for `value` that `read_signed` with the same purpose takes back, in the same store alone."""
    return str(_signer(purpose).dumps(value))


def read_signed(purpose: str, token: str, max_age_seconds: int) -> str | None:
    """What was signed; None for a token that is forged, too old, or meant for something else."""
    try:
        value = _signer(purpose).loads(token[:2000], max_age=max_age_seconds)
    except BadSignature:
        return None
    return value if isinstance(value, str) else None


def _signer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=scoped_key("sign", purpose))
