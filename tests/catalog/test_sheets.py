"""Cells of a file: whatever they say comes back as it was, and nothing in them is a formula to a spreadsheet."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.catalog.reading_fields import plain, read_tags
from shop.catalog.sheets.columns import cell_of, quoted, unquoted
from shop.catalog.sheets.decoding import lines, understand
from shop.errors import InvalidInput

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=60)


@given(st.one_of(texts, texts.map(lambda t: "=" + t), texts.map(lambda t: "''@" + t), texts.map(lambda t: "\t-" + t)))
def test_a_quoted_cell_is_no_formula_and_comes_back(cell: str) -> None:
    safe = quoted(cell)
    assert unquoted(safe) == cell
    assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t"))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(texts, texts), max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_lines_come_back_whatever_is_in_them(rows: list[tuple[str, str]], delimiter: str, encoding: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(["Handle", "Title"])
    writer.writerows((quoted(a), quoted(b)) for a, b in rows)
    content = out.getvalue().encode(encoding)
    found = [line.cells for line in lines(content, understand(content))]
    expected = [(a, b) for a, b in rows if quoted(a).strip() or quoted(b).strip()]
    assert [(unquoted(cell["Handle"]), unquoted(cell["Title"])) for cell in found] == expected


@given(
    st.lists(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12), max_size=12, unique_by=str.casefold
    )
)
def test_tags_come_back(tags: list[str]) -> None:
    tags = list(
        {unicodedata.normalize("NFC", tag).casefold(): unicodedata.normalize("NFC", tag) for tag in tags}.values()
    )
    assert read_tags({"v": plain(cell_of("tags", tags, "USD", {}))}, "v") == tags


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for head in (b"", b"Handle,Title\n"):
        try:
            list(lines(head + content, understand(head + content)))
        except InvalidInput as error:
            assert "file" in error.fields


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "  =1", "'=1", "|x", "%x", "＝1"])
def test_what_a_spreadsheet_would_work_out_is_quoted(cell: str) -> None:
    assert quoted(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "24.00", "Fern", "'tis", "a=b", "don't"])
def test_ordinary_cells_stay_as_they_are(cell: str) -> None:
    assert quoted(cell) == unquoted(cell) == cell
