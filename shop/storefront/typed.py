"""What a buyer typed, cleaned: no control characters, no half signs."""

from __future__ import annotations

import unicodedata


def clean(raw: str, *, lines: bool = False) -> str:
    """One line, or several with `lines`."""
    composed = unicodedata.normalize("NFC", raw.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(
        sign if (sign == "\n" and lines) or unicodedata.category(sign) not in ("Cc", "Cs", "Co", "Cn") else " "
        for sign in composed
    )
    return kept.strip() if lines else " ".join(kept.split())


def whole(raw: str, most: int) -> int | None:
    """A whole number from 0 to `most`; None for anything else."""
    raw = raw.strip()
    if not raw.isascii() or not raw.isdigit() or len(raw) > 6 or int(raw) > most:
        return None
    return int(raw)
