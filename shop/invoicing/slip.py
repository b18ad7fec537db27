"""A packing slip as words on paper: what is in the parcel and where it goes; no prices."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SlipLine:
    title: str
    detail: str
    quantity: int


@dataclass(frozen=True)
class Slip:
    """Every text ready to be set, in the buyer's language."""

    locale: str
    title: str
    number: str
    facts: tuple[tuple[str, str], ...]
    shop_name: str
    shop: tuple[str, ...]
    ship_heading: str
    ship_to: tuple[str, ...]
    columns: tuple[str, str]
    lines: tuple[SlipLine, ...]
    count: str
    note_heading: str
    note: str
    thanks: str
