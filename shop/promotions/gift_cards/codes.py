"""A gift card's code: 95 random bits and a check sign, twenty signs in groups of four, stored only as a keyed hash.

Signs are Crockford's base 32 (no I, L, O, U), so what is read aloud or copied by hand is read right.
"""

from __future__ import annotations

import secrets

from shop.core.secrets import keyed_hash, keyed_hashes
from shop.promotions.codes import fold_code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_SIGNS = 19
LENGTH = RANDOM_SIGNS + 1
_VALUE = {sign: value for value, sign in enumerate(ALPHABET)}


def new_code() -> str:
    """Twenty signs as they are compared: "K7QM4T2XWD…"."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_SIGNS))
    return signs + check_sign(signs)


def check_sign(signs: str) -> str:
    """Luhn's sum in base 32: every single wrong sign is noticed, and nearly every pair that changed places."""
    total = 0
    for place, sign in enumerate(reversed(signs)):
        value = _VALUE[sign] * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def read_code(typed: str) -> str:
    """The code that was meant, "" for what cannot be one: capitals, spaces, hyphens, O for 0, I or L for 1, U for V,
    full-width and look-alike letters make no difference."""
    signs = fold_code(typed).replace("U", "V")
    if len(signs) != LENGTH or any(sign not in _VALUE for sign in signs) or check_sign(signs[:-1]) != signs[-1]:
        return ""
    return signs


def shown(code: str) -> str:
    """ "K7QM-4T2X-…": as it is printed."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def hash_code(code: str) -> str:
    """How it is stored: under the newest key."""
    return keyed_hash(f"gift card:{code}")


def hashes_of(code: str) -> list[str]:
    """What it may be stored as, under every key there is."""
    return keyed_hashes(f"gift card:{code}")
