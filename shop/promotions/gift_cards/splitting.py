"""How gift cards and the payment page share a total. Pure.

payable = total − what the cards pay, never below zero, and never between zero and the least that the page takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CardInCart:
    """`free_minor`: what it could pay now. `why`: "" | gone | empty | currency | taxes: why it pays nothing."""

    card_id: int
    last_four: str
    currency: str
    free_minor: int
    why: str = ""


@dataclass(frozen=True)
class CardPart:
    card: CardInCart
    minor: int

    @property
    def left_minor(self) -> int:
        return self.card.free_minor - self.minor


@dataclass(frozen=True)
class PaidByCards:
    """`kept_back_minor`: what the cards could have paid, but the payment page takes no less."""

    parts: tuple[CardPart, ...] = ()
    kept_back_minor: int = 0

    @property
    def minor(self) -> int:
        return sum(part.minor for part in self.parts)

    @property
    def uses(self) -> tuple[tuple[int, int], ...]:
        """(card, minor units) of those that pay something, in the order of ids."""
        return tuple(sorted((part.card.card_id, part.minor) for part in self.parts if part.minor))


def split_total(total_minor: int, cards: Sequence[CardInCart], least_minor: int, step: int = 1) -> PaidByCards:
    """The cards pay in the order they were typed in. `least_minor`: the smallest amount a payment page takes; `step`:
    what it takes is a whole number of these (10 fils where a dinar has 1000)."""
    rest, minors = max(0, total_minor), []
    for card in cards:
        minor = 0 if card.why else min(card.free_minor, rest)
        minors.append(minor)
        rest -= minor
    least = max(least_minor, -(-rest // step) * step)
    kept = max(0, min(least - rest, sum(minors))) if 0 < rest < least else 0
    back = kept
    for at in range(len(minors) - 1, -1, -1):  # the last typed gives way first
        given = min(back, minors[at])
        minors[at] -= given
        back -= given
    parts = tuple(CardPart(card, minor) for card, minor in zip(cards, minors, strict=True))
    return PaidByCards(parts, kept)
