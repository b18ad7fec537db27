"""The links that let somebody review without an account, and stop the letters that ask for it."""

from __future__ import annotations

from datetime import timedelta

from shop.core.secrets import hash_token
from shop.core.signing import read_signed, sign
from shop.tenancy.languages import absolute_url_for

_WRITE, _STOP = "write review", "stop review letters"
WRITE_FOR = timedelta(days=730)
STOP_FOR = timedelta(days=3650)


def review_token(order_id: int) -> str:
    """Proves the right to review what this order brought."""
    return sign(_WRITE, str(order_id))


def review_path(order_id: int) -> str:
    return f"/reviews/{review_token(order_id)}"


def order_of(token: str) -> int | None:
    """The order a link is about; None for one that is forged or too old."""
    found = read_signed(_WRITE, token, int(WRITE_FOR.total_seconds()))
    return int(found) if found and found.isdigit() else None


def stop_url(email: str, locale: str | None = None) -> str:
    """One click on it, and this address is not asked again. It names nobody."""
    return absolute_url_for(f"/reviews/stop/{sign(_STOP, email_hash(email))}", locale)


def stopped_hash(token: str) -> str | None:
    return read_signed(_STOP, token, int(STOP_FOR.total_seconds()))


def email_hash(email: str) -> str:
    return hash_token(f"review letters to {email.strip().lower()}")
