"""Ids that look like Stripe's: a prefix that names the kind, then letters and digits."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def random_text(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_id(prefix: str) -> str:
    """``pi_`` → ``pi_3Q…``; sessions get their longer form."""
    if prefix == "cs":
        return f"cs_test_a1{random_text(56)}"
    return f"{prefix}_1S{random_text(22)}"


def short_code(length: int = 8) -> str:
    """A coupon's id or a promotion code a person can type."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(length))
