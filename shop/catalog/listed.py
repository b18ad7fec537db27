"""The parts of a list as its template reads them: cards, filters, chips, orders, pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Value:
    value: str
    label: str
    count: int
    selected: bool
    hex: str | None
    toggle: Callable[[str], str]

    @property
    def url(self) -> str:
        """The same page with this value put in, or taken out."""
        return self.toggle(self.value)


@dataclass(slots=True)
class Facet:
    key: str
    label: str
    kind: str
    values: list[Value] = field(default_factory=list)
    min: str = ""
    max: str = ""
    cur_min: str | None = None
    cur_max: str | None = None


@dataclass(slots=True)
class Chip:
    label: str
    remove_url: str


@dataclass(slots=True)
class SortOption:
    value: str
    label: str
    current: bool
    url: str


@dataclass(slots=True)
class PageLink:
    n: int | None
    url: str | None
    current: bool


@dataclass(slots=True)
class PageUrls:
    prev: str | None
    next: str | None
    numbers: list[PageLink]


@dataclass(slots=True)
class Listing:
    ids: list[int]
    total: int
    page: int
    pages: int
    page_urls: PageUrls
    sort_options: list[SortOption]
    facets: list[Facet]
    chips: list[Chip]
    clear_url: str
    form_action: str
    hidden_fields: list[tuple[str, str]]
    cards: list[Any] = field(default_factory=list)
