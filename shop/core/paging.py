"""One page of a list, and where the others are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    items: Sequence[T]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))

    def numbers(self) -> list[int]:
        """First, last and the neighbours of the current page."""
        near = {1, self.pages, self.page, self.page - 1, self.page + 1}
        return sorted(n for n in near if 1 <= n <= self.pages)


def page_number(raw: str | None) -> int:
    """A page number from outside: 1 when it is missing, not a number, or out of reason."""
    if raw and raw.isascii() and raw.isdigit() and len(raw) <= 6:
        return max(1, int(raw))
    return 1
