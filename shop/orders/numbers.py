"""Order numbers that leak nothing: random, readable aloud, never confused."""

from __future__ import annotations

import re
import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32 signs, without 0/O and 1/I
_SHAPE = re.compile(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}")


def new_number() -> str:
    """ "K7QM-4T2X": 40 random bits; the unique constraint settles the rare clash."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{signs[:4]}-{signs[4:]}"


def read_number(typed: str) -> str | None:
    """What a person typed, in our shape; None when it cannot be a number."""
    signs = re.sub(r"[^0-9A-Za-z]", "", typed[:40]).upper().replace("O", "0")
    shaped = f"{signs[:4]}-{signs[4:8]}"
    return shaped if len(signs) == 8 and _SHAPE.fullmatch(shaped) else None
