"""Codes as people type them: capitals, spaces, hyphens and look-alike letters make no difference."""

from __future__ import annotations

import secrets
import unicodedata

MOST_CODES = 5
LONGEST = 40
#: what a generated code is made of: nothing that looks like something else
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_ALIKE = str.maketrans("OILАВСЕНІКМОРТХУΑΒΕΗΙΚΜΝΟΡΤΥΧΖ", "011ABCEH1KM0PTXYABEH1KMN0PTYXZ")


def fold_code(typed: str) -> str:
    """What two spellings of a code have in common; "" for what cannot be one.

    fold_code(" summer-1o ") == fold_code("SUMMER10"). O counts as 0, I and L as 1; Cyrillic and Greek twins as Latin.
    """
    wide = unicodedata.normalize("NFKC", typed[:200]).upper()
    plain = unicodedata.normalize("NFKD", wide.translate(_ALIKE))
    kept = "".join(sign for sign in plain if sign.isascii() and sign.isalnum()).translate(_ALIKE)
    return kept if len(kept) <= LONGEST else ""


def new_code() -> str:
    """Ten signs, 49 bits: "K7QM4-T2XWD"."""
    signs = [secrets.choice(ALPHABET) for _ in range(10)]
    return f"{''.join(signs[:5])}-{''.join(signs[5:])}"
