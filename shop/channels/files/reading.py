"""Any table in a file: its encoding, its delimiter, its headings; then its lines, one at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shop.catalog.sheets.columns import unquoted
from shop.catalog.sheets.decoding import DELIMITERS, MOST_BYTES, MOST_CELL, MOST_COLUMNS, encoding_of, rows_of
from shop.channels.files.columns import guess
from shop.errors import InvalidInput

SAMPLES = 3


@dataclass(frozen=True)
class Table:
    """How to read it. `samples`: the first lines, shortened, for the person who says which column is which."""

    encoding: str
    delimiter: str
    skips: int
    headings: list[str]
    samples: list[list[str]]


@dataclass(frozen=True)
class Line:
    """`number`: as a spreadsheet counts. `cells`: field → what stands there."""

    number: int
    cells: dict[str, str]


def open_table(content: bytes, entity: str) -> Table:
    """Raises InvalidInput (field `file`) for what is no table, with the reason."""
    if not content.strip():
        raise _refused("The file is empty.")
    if len(content) > MOST_BYTES:
        raise _refused(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it.")
    encoding = encoding_of(content)
    text = content[:200_000].decode(encoding, "replace").lstrip("\ufeff").replace("\0", "")
    skips = 1 if text[:4].lower() == "sep=" else 0
    for _ in range(skips):
        text = text.partition("\n")[2]
    heads = {sign: _head(text, sign) for sign in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda sign: (len(guess(entity, heads[sign])), len(heads[sign])))
    headings = heads[delimiter]
    if not any(headings):
        raise _refused("The first line holds no headings.")
    if len(headings) > MOST_COLUMNS:
        raise _refused(f"The file has more than {MOST_COLUMNS} columns.")
    samples: list[list[str]] = []
    for _, row in rows_of(content, encoding, delimiter, skips):
        samples.append([cell[:60] for cell in row[: len(headings)]])
        if len(samples) == SAMPLES:
            break
    if not samples:
        raise _refused("There is nothing below the headings.")
    return Table(encoding, delimiter, skips, headings, samples)


def read_lines(content: bytes, encoding: str, delimiter: str, skips: int, mapping: Mapping[str, int]) -> Iterator[Line]:
    """Only the columns that are somebody's. Raises InvalidInput where the file breaks."""
    for number, row in rows_of(content, encoding, delimiter, skips):
        yield Line(number, {name: unquoted(row[at]).strip() for name, at in mapping.items() if at < len(row)})


def _head(text: str, delimiter: str) -> list[str]:
    csv.field_size_limit(MOST_CELL)
    try:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []
    return [" ".join(cell.split())[:80] for cell in first]


def _refused(why: str) -> InvalidInput:
    return InvalidInput(fields={"file": why})
