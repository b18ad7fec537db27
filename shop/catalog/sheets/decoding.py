"""Bytes into lines: whatever encoding and delimiter a spreadsheet wrote. Memory holds the file and one line."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shop.catalog.sheets.columns import FIELDS, HANDLE, HEADINGS, PRODUCT_ID, SHOWN, SKU, VARIANT_ID
from shop.errors import InvalidInput

MOST_BYTES = 20 * 1024 * 1024
MOST_LINES = 50_000
MOST_CELL = 131_072
MOST_COLUMNS = 200
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_KNOWN = {heading.casefold(): heading for heading in HEADINGS}


@dataclass(frozen=True)
class Sheet:
    """How a file is to be read. places: heading → column number."""

    encoding: str
    delimiter: str
    places: dict[str, int]
    unknown: list[str]
    skips: int  # lines before the headings

    @property
    def facts(self) -> dict[str, Any]:
        """For the run: in words."""
        return {
            "encoding": ENCODING_NAMES[self.encoding],
            "delimiter": DELIMITERS[self.delimiter],
            "columns": list(self.places),
            "unknown": self.unknown[:50],
        }


@dataclass(frozen=True)
class Line:
    """`number`: as a spreadsheet counts, the headings being line 1."""

    number: int
    cells: dict[str, str]


ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-16": "UTF-16",
    "cp1252": "Latin-1 (Windows-1252)",
    "latin-1": "Latin-1",
}


def understand(content: bytes) -> Sheet:
    """Raises InvalidInput (field `file`) for what is no product file, with the reason."""
    if not content.strip():
        raise _refused("The file is empty.")
    if len(content) > MOST_BYTES:
        raise _refused(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it.")
    encoding = encoding_of(content)
    first = first_lines(content, encoding)
    skips = 1 if first and first[0].lower().startswith("sep=") else 0
    head = first[skips] if len(first) > skips else ""
    delimiter = max(DELIMITERS, key=lambda sign: (_known_in(head, sign), head.count(sign)))
    headings = _cells(head, delimiter)
    if len(headings) > MOST_COLUMNS:
        raise _refused(f"The file has more than {MOST_COLUMNS} columns.")
    places, unknown = _places(headings)
    if not {PRODUCT_ID, HANDLE, VARIANT_ID, SKU} & set(places):
        raise _refused(
            f"No column says which product a line is about. The first line must hold the headings: {PRODUCT_ID} or "
            f"{HANDLE} (or {VARIANT_ID}, {SKU}), and what is to be changed. Export a file to see them all."
        )
    if not set(FIELDS) & set(places):
        raise _refused(f"No column holds anything that can be changed: {', '.join(FIELDS)}.")
    return Sheet(encoding, delimiter, places, unknown, skips)


def lines(content: bytes, sheet: Sheet) -> Iterator[Line]:
    """Every line below the headings, empty ones passed over. Raises InvalidInput where the file breaks."""
    for number, row in rows_of(content, sheet.encoding, sheet.delimiter, sheet.skips):
        yield Line(number, {name: row[place] for name, place in sheet.places.items() if place < len(row)})


def rows_of(content: bytes, encoding: str, delimiter: str, skips: int) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) below the headings, as `lines`; memory holds the file and one line."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding, errors="replace", newline="")
    for _ in range(skips):
        text.readline()
    csv.field_size_limit(MOST_CELL)
    rows = csv.reader((part.replace("\0", "") for part in text), delimiter=delimiter)
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            if number == 1 or not any(cell.strip() for cell in row):
                continue
            if number > MOST_LINES + 1:
                raise _refused(f"The file has more than {MOST_LINES:,} lines. Split it.")
            yield number, row
    except csv.Error as error:
        why = f"Line {number + 1} cannot be read ({error}). A quotation mark may be missing before it."
        raise _refused(why) from error


def count_lines(content: bytes) -> int:
    """About how many lines there are, for the progress: line ends within cells count too."""
    return max(1, content.count(b"\n"))


def encoding_of(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for name in ("utf-8", "cp1252"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            for start in range(0, len(content), 1 << 20):
                decoder.decode(content[start : start + (1 << 20)])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def first_lines(content: bytes, encoding: str) -> list[str]:
    text = content[:40_000].decode(encoding, "replace").lstrip("\ufeff").replace("\0", "")
    return text.splitlines()[:2]


def _cells(head: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([head], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _known_in(head: str, delimiter: str) -> int:
    return sum(cell.casefold() in _KNOWN for cell in _cells(head, delimiter))


def _places(headings: list[str]) -> tuple[dict[str, int], list[str]]:
    places: dict[str, int] = {}
    unknown: list[str] = []
    for number, heading in enumerate(headings):
        name = _KNOWN.get(heading.casefold())
        if name in places:
            raise _refused(f"Two columns are called {name}.")
        if name is None:
            unknown.append(heading[:80] or f"column {number + 1}")
        elif name not in SHOWN:
            places[name] = number
    return places, unknown


def _refused(why: str) -> InvalidInput:
    return InvalidInput(fields={"file": why})
