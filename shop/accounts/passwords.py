"""Passwords: argon2id, slow on purpose; rules by length, not by riddles."""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shop.errors import InvalidInput

SHORTEST, LONGEST = 10, 256
#: about a tenth of a second and 46 MiB a try
_hasher = PasswordHasher(time_cost=3, memory_cost=47_104, parallelism=1)
_TOO_COMMON = frozenset(
    {"password12", "password123", "1234567890", "qwertyuiop", "letmein123", "adminadmin", "welcome123", "iloveyou12"}
)


def hash_password(plain: str) -> str:
    return _hasher.hash(plain)


def verify_password(stored: str | None, plain: str) -> bool:
    """Whether `plain` fits. Costs the same when there is nothing to compare with (`stored` is None)."""
    try:
        fits = _hasher.verify(stored or _nobodys_hash(), plain[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return fits and stored is not None


def is_outdated(stored: str) -> bool:
    """Hashed with weaker settings than today's: hash it again at the next sign-in."""
    return _hasher.check_needs_rehash(stored)


def check_new_password(plain: str, email: str = "") -> None:
    """Raises InvalidInput (field "password") when it is too short, too long, or the first one anybody tries."""
    if len(plain) < SHORTEST:
        raise InvalidInput(fields={"password": f"Use at least {SHORTEST} characters. A few words in a row are good."})
    if len(plain) > LONGEST:
        raise InvalidInput(fields={"password": f"Use at most {LONGEST} characters."})
    if plain.casefold() in _TOO_COMMON or len(set(plain)) < 4 or (email and plain.casefold() == email.casefold()):
        raise InvalidInput(fields={"password": "This password is one of the first that anybody tries. Choose another."})


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash("nobody signs in with this")
