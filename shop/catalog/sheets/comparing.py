"""Lines of a file against the products as they are: what would change, old → new, or what is wrong with the line.

A cell that says what the export would say is no change, so a file that nobody touched changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.editing import STATUSES
from shop.catalog.reading_fields import plain, read_description, read_price, read_tags
from shop.catalog.runs.looking import Now, look
from shop.catalog.runs.settling import PAIR, Item
from shop.catalog.sheets.columns import (
    FIELDS,
    HANDLE,
    HEADING_OF,
    OF_PRODUCT,
    OF_VARIANT,
    PRODUCT_ID,
    SKU,
    VARIANT_ID,
    cell_of,
    unquoted,
)
from shop.catalog.sheets.decoding import Line
from shop.core import reading_forms as read
from shop.errors import InvalidInput


@dataclass
class Known:
    """What a batch of lines is compared with."""

    now: Now
    products: dict[int, str]  # id → handle
    by_handle: dict[str, int]
    variants: dict[int, int]  # id → product id
    by_sku: dict[str, list[int]]
    collections: dict[str, int]  # slug → id
    slugs: dict[int, str]
    currency: str


@dataclass
class Compared:
    """Of a batch of lines: the changes, and the lines that say nothing new."""

    items: list[Item] = field(default_factory=list)
    same: int = 0


class Wrong(Exception):
    """A cell that cannot be used: (column, why)."""


def compare_lines(session: Session, batch: Sequence[Line], columns: Sequence[str], currency: str) -> Compared:
    """At most eight statements a batch, however long."""
    known = _known(session, batch, columns, currency)
    found = Compared()
    for line in batch:
        items = compare_line(line, known)
        found.items += items
        found.same += not items
    return found


def compare_line(line: Line, known: Known) -> list[Item]:
    """The changes of one line; one item in state `wrong` for each cell that cannot be used, and then no changes."""
    try:
        product_id, variant_id = _about(line, known)
    except Wrong as wrong:
        return [_wrong(line, *wrong.args)]
    items: list[Item] = []
    wrongs: list[Item] = []
    for heading, name in FIELDS.items():
        if heading not in line.cells or (name in OF_VARIANT.values() and not variant_id):
            continue
        subject = variant_id if name in OF_VARIANT.values() else 0
        before = known.now.values.get((name, product_id, subject))
        raw = plain(unquoted(line.cells[heading]))
        if raw == plain(cell_of(name, before, known.currency, known.slugs)):
            continue
        if not raw and variant_id and name in OF_PRODUCT.values():
            continue
        try:
            after = _READERS[name](raw, known)
        except InvalidInput as error:
            wrongs.append(_wrong(line, heading, error.user_message, product_id))
            continue
        if after != before:
            items.append(Item(0, product_id, subject, name, before, after, line.number))
    wrongs = wrongs or _wrong_pair(line, items, known, product_id, variant_id)
    return wrongs or items


def _wrong_pair(line: Line, items: list[Item], known: Known, product_id: int, variant_id: int) -> list[Item]:
    said = {item.field: item.after for item in items if item.subject_id}
    if not said:
        return []
    price, before = known.now.pair(product_id, variant_id)
    price, before = said.get("price", price), said.get("compare_at", before)
    if before is None or before > price:
        return []
    return [_wrong(line, HEADING_OF["compare_at" if "compare_at" in said else "price"], PAIR, product_id)]


def _wrong(line: Line, column: str, why: str, product_id: int = 0) -> Item:
    return Item(0, product_id, 0, column[:24], None, line.cells.get(column, "")[:200], line.number, False, "wrong", why)


def _about(line: Line, known: Known) -> tuple[int, int]:
    """(product id, variant id or 0) of a line. Raises Wrong."""
    product_id = _product_of(line, known)
    variant_id = _variant_of(line, known, product_id)
    if variant_id:
        owner = known.variants[variant_id]
        if product_id and owner != product_id:
            raise Wrong(VARIANT_ID if line.cells.get(VARIANT_ID) else SKU, "This variant belongs to another product.")
        product_id = owner
    if not product_id:
        raise Wrong(PRODUCT_ID, "The line does not say which product it is about.")
    return product_id, variant_id


def _product_of(line: Line, known: Known) -> int:
    raw, handle = line.cells.get(PRODUCT_ID, "").strip(), unquoted(line.cells.get(HANDLE, "").strip())
    product_id = 0
    if raw:
        product_id = _number(raw)
        if product_id not in known.products:
            raise Wrong(PRODUCT_ID, f"There is no product {raw[:40]}.")
    if handle:
        if handle not in known.by_handle:
            raise Wrong(HANDLE, f"There is no product with the handle {handle[:80]}.")
        if product_id and known.by_handle[handle] != product_id:
            raise Wrong(HANDLE, f"Product {product_id} has another handle: {known.products[product_id]}.")
        product_id = known.by_handle[handle]
    return product_id


def _variant_of(line: Line, known: Known, product_id: int) -> int:
    raw, sku = line.cells.get(VARIANT_ID, "").strip(), unquoted(line.cells.get(SKU, "").strip())
    if raw:
        variant_id = _number(raw)
        if variant_id not in known.variants:
            raise Wrong(VARIANT_ID, f"There is no variant {raw[:40]}.")
        return variant_id
    if not sku:
        return 0
    fitting = [v for v in known.by_sku.get(sku, []) if not product_id or known.variants[v] == product_id]
    if not fitting:
        raise Wrong(SKU, f"There is no variant with the SKU {sku[:80]}.")
    if len(fitting) > 1:
        raise Wrong(SKU, f"{len(fitting)} variants have the SKU {sku[:80]}. Give the {VARIANT_ID}.")
    return fitting[0]


def _number(raw: str) -> int:
    """0 for what is no id of ours; spreadsheets write 12 as 12.0."""
    raw = raw.removesuffix(".0")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 18 else 0


def _known(session: Session, batch: Sequence[Line], columns: Sequence[str], currency: str) -> Known:
    def told(name: str) -> list[str]:
        return [unquoted(line.cells.get(name, "").strip()) for line in batch if line.cells.get(name, "").strip()]

    variant_ids = [n for n in map(_number, told(VARIANT_ID)) if n]
    rows = session.execute(_VARIANTS, {"ids": variant_ids, "skus": told(SKU)}).all()
    by_sku: dict[str, list[int]] = {}
    for row in rows:
        by_sku.setdefault(row.sku, []).append(row.id)
    ids = sorted({n for n in map(_number, told(PRODUCT_ID)) if n} | {row.product_id for row in rows})
    products = {row.id: row.slug for row in session.execute(_PRODUCTS, {"ids": ids, "handles": told(HANDLE)})}
    collections = {row.slug: row.id for row in session.execute(text("SELECT id, slug FROM collections"))}
    return Known(
        look(session, list(products), {FIELDS[name] for name in columns if name in FIELDS}),
        products,
        {slug: product_id for product_id, slug in products.items()},
        {row.id: row.product_id for row in rows},
        by_sku,
        collections,
        {collection_id: slug for slug, collection_id in collections.items()},
        currency,
    )


def _read_collections(raw: str, known: Known) -> list[int]:
    names = [name.strip() for name in raw.replace("\n", ",").split(",") if name.strip()]
    unknown = [name for name in names if name not in known.collections]
    if unknown:
        raise InvalidInput(f"There is no collection with the handle {unknown[0][:80]}.")
    return sorted({known.collections[name] for name in names})


def _read_before(raw: str, known: Known) -> int | None:
    return read_price({"v": raw}, "v", HEADING_OF["compare_at"], known.currency) if raw else None


def _read_status(raw: str, known: Known) -> str:
    if raw.casefold() not in STATUSES:
        raise InvalidInput(f"Status must be one of: {', '.join(STATUSES)}.")
    return raw.casefold()


def _text(label: str, most: int, required: bool = False) -> Callable[[str, Known], str]:
    return lambda raw, known: read.text({"v": raw}, "v", label, most, required=required)


_READERS: Mapping[str, Callable[[str, Known], Any]] = {
    "title": _text("Title", 300, required=True),
    "description_html": lambda raw, known: read_description({"v": raw}, "v"),
    "tags": lambda raw, known: read_tags({"v": raw}, "v"),
    "collections": _read_collections,
    "status": _read_status,
    "seo_title": _text("SEO title", 200),
    "seo_description": _text("SEO description", 400),
    "price": lambda raw, known: read_price({"v": raw}, "v", "Price", known.currency),
    "compare_at": _read_before,
}
_VARIANTS = text("""
    SELECT id, product_id, sku FROM variants
     WHERE position >= 0 AND (id = ANY(:ids) OR (sku <> '' AND sku = ANY(CAST(:skus AS varchar[]))))""")
_PRODUCTS = text("""
    SELECT id, slug FROM products WHERE id = ANY(:ids) OR slug = ANY(CAST(:handles AS varchar[])) ORDER BY id""")
