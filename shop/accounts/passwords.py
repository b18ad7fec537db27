"""Passwords: argon2id, slow on purpose; rules by length, not by riddles."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shop.accounts.common_passwords import WHOLE, WORDS
from shop.errors import InvalidInput
from shop.words import mark

SHORTEST, LONGEST = 12, 256
#: about a tenth of a second and 46 MiB a try
_hasher = PasswordHasher(time_cost=3, memory_cost=47_104, parallelism=1)
_KNOWN_TO_ALL = (
    mark("This password contains little more than your e-mail address, which anybody would try. Choose another."),
    mark("This password contains little more than your name, which anybody would try. Choose another."),
    mark("This password contains little more than the shop’s name, which anybody would try. Choose another."),
)
_LEFT_AT_LEAST = 8  # signs, beside one's own name


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


def check_new_password(plain: str, email: str = "", name: str = "", shop_name: str = "") -> None:
    """Raises InvalidInput (field "password"): too short, too long, one of the first that anybody tries, or little more
    than the e-mail address, the person's name or the shop's."""
    if len(plain) < SHORTEST:
        raise _refused(mark("Use at least %(n)s characters. A few words in a row are good.", n=SHORTEST))
    if len(plain) > LONGEST:
        raise _refused(mark("Use at most %(n)s characters.", n=LONGEST))
    folded = plain.casefold()
    letters = re.sub(r"[\W\d_]+", "", folded)
    if folded in WHOLE or letters in WORDS or (not letters and folded.isdigit()) or len(set(folded)) < 5:
        raise _refused(mark("This password is one of the first that anybody tries. Choose another."))
    for said, text in zip(_KNOWN_TO_ALL, (email, name, shop_name), strict=True):
        if _is_little_more_than(folded, text):
            raise _refused(said)


def strength(plain: str) -> str:
    """In words: "weak", "fair", "good" or "strong". A guess by length, variety and repetition."""
    pool = sum(
        size
        for size, found in (
            (26, re.search(r"[a-z]", plain)),
            (26, re.search(r"[A-Z]", plain)),
            (10, re.search(r"\d", plain)),
            (20, re.search(r"[^A-Za-z\d]", plain)),
        )
        if found
    )
    fresh = len({plain[i : i + 2] for i in range(len(plain) - 1)})
    bits = fresh * math.log2(pool or 1)
    return next((word for least, word in ((90, "strong"), (68, "good"), (50, "fair")) if bits >= least), "weak")


def _is_little_more_than(folded: str, text: str) -> bool:
    parts = {part for part in re.split(r"[\W_]+", text.casefold()) if len(part) >= 3}
    left = folded
    for part in sorted(parts, key=len, reverse=True):
        left = left.replace(part, "")
    return left != folded and len(re.sub(r"\W+", "", left)) < _LEFT_AT_LEAST


def _refused(message: str) -> InvalidInput:
    return InvalidInput(fields={"password": message})


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash("nobody signs in with this")
