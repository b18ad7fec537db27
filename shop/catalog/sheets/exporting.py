"""Products into CSV, a batch at a time, so that memory stays flat however many there are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from shop.catalog.models import Product
from shop.catalog.runs.looking import Now, look
from shop.catalog.sheets.columns import (
    HANDLE,
    HEADINGS,
    OF_PRODUCT,
    OF_VARIANT,
    PRODUCT_ID,
    SKU,
    VARIANT_ID,
    cell_of,
    quoted,
)

BATCH = 200
BOM = "\ufeff"  # tells spreadsheets that this is UTF-8


def export_products(session: Session, where: Sequence[Any], currency: str) -> Iterator[str]:
    """Parts of a CSV file: a line for each product, then one for each of its variants. `where`: which products.

    Three or four statements for every 200 products; the connection is given back between batches.
    """
    yield BOM + _written([dict(zip(HEADINGS, HEADINGS, strict=True))])
    after = 0
    while True:
        chosen = select(Product.id, Product.slug).where(Product.id > after, *where).order_by(Product.id).limit(BATCH)
        products = session.execute(chosen).all()
        if not products:
            session.rollback()
            return
        after = products[-1].id
        part = _written(_lines(session, products, currency))
        session.rollback()
        yield part


def _lines(session: Session, products: Sequence[Any], currency: str) -> Iterator[dict[str, str]]:
    ids = [product.id for product in products]
    now = look(session, ids, {*OF_PRODUCT.values(), *OF_VARIANT.values()})
    slugs = {row.id: row.slug for row in session.execute(text("SELECT id, slug FROM collections"))}
    variants: dict[int, list[Any]] = {product_id: [] for product_id in ids}
    for row in session.execute(_VARIANTS, {"ids": ids}):
        variants[row.product_id].append(row)
    for product in products:
        about = {PRODUCT_ID: str(product.id), HANDLE: quoted(product.slug)}
        yield about | _cells(OF_PRODUCT, now, product.id, 0, currency, slugs)
        for row in variants[product.id]:
            named = {VARIANT_ID: str(row.id), SKU: quoted(row.sku), "Variant": quoted(row.title), "Currency": currency}
            yield about | named | _cells(OF_VARIANT, now, product.id, row.id, currency, slugs)


def _cells(
    fields: dict[str, str], now: Now, product_id: int, subject_id: int, currency: str, slugs: dict[int, str]
) -> dict[str, str]:
    return {
        heading: quoted(cell_of(name, now.values.get((name, product_id, subject_id)), currency, slugs))
        for heading, name in fields.items()
    }


def _written(lines: Iterator[dict[str, str]] | list[dict[str, str]]) -> str:
    out = io.StringIO()
    csv.DictWriter(out, HEADINGS, restval="", lineterminator="\r\n").writerows(lines)
    return out.getvalue()


_VARIANTS = text("""
    SELECT id, product_id, sku, title FROM variants
     WHERE product_id = ANY(:ids) AND position >= 0 ORDER BY product_id, position, id""")
