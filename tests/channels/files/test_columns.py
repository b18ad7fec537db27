"""Which column is which, and how any table is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.channels.files.columns import FIELDS, guess, hash_of, missing_of
from shop.channels.files.reading import open_table, read_lines
from shop.errors import InvalidInput
from shop.workflows.import_orders import _moment

SHOPIFY = ["Name", "Email", "Financial Status", "Currency", "Shipping", "Taxes", "Total", "Discount Amount",
           "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku",
           "Shipping Name", "Shipping Address1", "Shipping City", "Shipping Zip", "Shipping Country"]  # fmt: skip


def test_a_shopify_export_is_known_by_its_headings() -> None:
    found = guess("orders", SHOPIFY)
    assert {name: SHOPIFY[at] for name, at in found.items()} == {
        "number": "Name", "email": "Email", "paid": "Financial Status", "currency": "Currency", "shipping": "Shipping",
        "tax": "Taxes", "total": "Total", "discount": "Discount Amount", "placed_at": "Created at",
        "line_quantity": "Lineitem quantity", "line_title": "Lineitem name", "line_price": "Lineitem price",
        "line_sku": "Lineitem sku", "ship_name": "Shipping Name", "line1": "Shipping Address1",
        "city": "Shipping City", "postal_code": "Shipping Zip", "country": "Shipping Country",
    }  # fmt: skip
    assert missing_of("orders", found) == []
    assert guess("customers", ["E-Mail", "Vorname", "Nachname", "Telefon"]) == {
        "email": 0, "first_name": 1, "last_name": 2, "phone": 3,
    }  # fmt: skip
    assert missing_of("products", guess("products", ["Handle"])) == ["Title", "Price"]
    assert hash_of(["A b", "C"]) == hash_of(["a-B", "c"]) != hash_of(["C", "A b"])


@given(st.sampled_from(list(FIELDS)), st.lists(st.text(max_size=20), max_size=30))
def test_no_column_is_given_twice(entity: str, headings: list[str]) -> None:
    found = guess(entity, headings)
    assert len(set(found.values())) == len(found) and all(0 <= at < len(headings) for at in found.values())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_any_encoding_and_delimiter_and_line_ends_in_cells(encoding: str, sign: str) -> None:
    content = (
        sign.join(["E-Mail", '"Na\nme"', "Tags"]) + "\r\n" + sign.join(["a@b.de", '"Zoë\n""Z"" ' + sign + '"', "'=1+1"])
    )
    content += "\r\n\r\n"
    table = open_table(content.encode(encoding), "customers")
    assert (table.delimiter, table.headings) == (sign, ["E-Mail", "Na me", "Tags"])
    (line,) = read_lines(
        content.encode(encoding), table.encoding, table.delimiter, table.skips, {"email": 0, "name": 1, "tags": 2}
    )
    assert line.cells["email"] == "a@b.de" and line.cells["name"] == f'Zoë\n"Z" {sign}'.strip()
    assert line.cells["tags"] == "=1+1"


@pytest.mark.parametrize("content", [b"", b"   \n", b"a,b\n", b"\x00\x00", b"," * 300 + b"\n1"])
def test_what_is_no_table_is_refused_with_words(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        open_table(content, "customers")


def test_days_are_read_as_others_write_them() -> None:
    assert _moment("2024-03-01 10:00:00 +0100").isoformat() == "2024-03-01T10:00:00+01:00"
    assert _moment("01.03.2024").isoformat() == "2024-03-01T00:00:00+00:00"
    for wrong in ("", "soon", "0001-01-01", "2999-01-01", "1.3.24"):
        with pytest.raises(InvalidInput):
            _moment(wrong)
