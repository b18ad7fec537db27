"""The addresses in letters: signed, without an e-mail address in them, and good for as long as letters lie about."""

from __future__ import annotations

from dataclasses import dataclass

from shop.core.signing import read_signed, sign
from shop.subscribers.kinds import KINDS

PURPOSE = "letters"
TEN_YEARS = 10 * 365 * 86400
A_WEEK = 7 * 86400


@dataclass(frozen=True)
class Followed:
    """Whose link it is, for which kind of letter, and from which campaign (0: none)."""

    subscriber_id: int
    kind: str
    campaign_id: int = 0


def stop_token(subscriber_id: int, kind: str, campaign_id: int = 0) -> str:
    """For a link that switches letters of `kind` off, and leads to all the others."""
    return sign(PURPOSE, f"{subscriber_id}:{kind}:{campaign_id}")


def read_stop_token(token: str) -> Followed | None:
    """None for a token that is not ours."""
    value = read_signed(PURPOSE, token, TEN_YEARS)
    parts = (value or "").split(":")
    if len(parts) != 3 or parts[1] not in KINDS:
        return None
    return Followed(int(parts[0]), parts[1], int(parts[2]))


def confirm_token(what: str, row_id: int) -> str:
    """`what`: newsletter (a subscriber) or watch."""
    return sign(f"{PURPOSE}-confirm", f"{what}:{row_id}")


def read_confirm_token(token: str) -> tuple[str, int] | None:
    """(what, id); None for a token that is not ours or older than a week."""
    value = read_signed(f"{PURPOSE}-confirm", token, A_WEEK)
    what, _, row_id = (value or "").partition(":")
    return (what, int(row_id)) if what in ("newsletter", "watch") else None
