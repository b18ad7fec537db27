"""New products out of a file, as drafts. Lines about products that are here already go the way of every product file:
checked, shown, applied and undone as a change of many products (catalog/runs)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.html import one_line
from shop.catalog.models import Product, Variant
from shop.catalog.sheets.columns import HANDLE, SKU
from shop.channels.files.outcomes import Given, Outcome
from shop.channels.files.reading import Line
from shop.channels.records import ImageRecord, OptionRecord, ProductRecord, VariantRecord
from shop.channels.syncing.product_rows import create_products
from shop.core import reading_forms as read
from shop.errors import InvalidInput

MOST_VARIANTS = 2048
#: our field → heading of a product file of ours, where a line is about a product that is here
KNOWN_COLUMNS = {
    "title": "Title",
    "description": "Description",
    "tags": "Tags",
    "price": "Price",
    "compare_at": "Compare-at price",
}


def group_products(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines of one product together: with the same handle, else the same title; without either, they go on."""
    groups: list[list[Line]] = []
    last = ""
    for line in lines:
        name = line.cells.get("handle") or line.cells.get("title") or ""
        if groups and (not name or name == last):
            groups[-1].append(line)
        else:
            groups.append([line])
        last = name or last
    return groups


def take_products(session: Session, lines: Sequence[Line], given: Given, *, write: bool) -> list[Outcome]:
    """One outcome for each product; with `write` new ones are made. The caller commits."""
    groups = group_products(lines)
    known = known_products(session, groups)
    found: list[Outcome] = []
    records: list[ProductRecord] = []
    for group in groups:
        subject = one_line(group[0].cells.get("title", "") or group[0].cells.get("handle", ""), 200)
        name = group[0].cells.get("handle") or subject
        if id(group) in known or name in given.seen:
            found.append(
                Outcome(group[0].number, "change", "", "It is here: see its changes on their own page.", subject)
            )
            continue
        try:
            records.append(_record(group, given.currency))
        except InvalidInput as error:
            field, why = next(iter(error.fields.items()), ("", error.user_message))
            found.append(Outcome(group[0].number, "wrong", field, why, subject))
            continue
        given.seen.add(name)
        found.append(Outcome(group[0].number, "create", subject=subject, why="as a draft"))
    if write and records:
        create_products(session, records)
    return found


def known_products(session: Session, groups: Sequence[list[Line]]) -> dict[int, str]:
    """{id(group): handle here} of those that are here: by handle, else by the SKU of a line."""
    handles = {line.cells.get("handle", "").casefold() for group in groups for line in group} - {""}
    skus = {line.cells.get("sku", "") for group in groups for line in group} - {""}
    by_handle = set(session.execute(select(Product.slug).where(Product.slug.in_(handles))).scalars())
    by_sku = {
        row.sku: row.slug
        for row in session.execute(
            select(Variant.sku, Product.slug)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.sku.in_(skus), Variant.position >= 0)
        )
    }
    found = {}
    for group in groups:
        slug = group[0].cells.get("handle", "").casefold()
        named = (
            slug
            if slug in by_handle
            else next((by_sku[s] for line in group if (s := line.cells.get("sku", "")) in by_sku), "")
        )
        if named:
            found[id(group)] = named
    return found


def as_product_file(session: Session, lines: Sequence[Line]) -> list[list[str]]:
    """Rows (Handle, SKU, then KNOWN_COLUMNS) about what is here, for the product file that changes it."""
    groups = group_products(lines)
    known = known_products(session, groups)
    rows = []
    for group in groups:
        handle = known.get(id(group))
        if handle is None:
            continue
        for line in group:
            cells = [line.cells.get(name, "") for name in KNOWN_COLUMNS]
            if any(cells):
                rows.append([handle, line.cells.get("sku", ""), *cells])
    return rows


def write_product_file(rows: Sequence[Sequence[str]], fields: Sequence[str]) -> bytes:
    """`fields`: those that the file has a column for; the others are left out, so that nothing is emptied."""
    kept = [at for at, name in enumerate(KNOWN_COLUMNS) if name in fields]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([HANDLE, SKU, *(list(KNOWN_COLUMNS.values())[at] for at in kept)])
    writer.writerows([*row[:2], *(row[2 + at] for at in kept)] for row in rows)
    return out.getvalue().encode()


def _record(group: list[Line], currency: str) -> ProductRecord:
    first = group[0].cells
    title = read.text(first, "title", "The title", 300)
    names = [one_line(first.get(f"option{n}_name", ""), 60) or f"Option {n}" for n in (1, 2)]
    variants: list[VariantRecord] = []
    seen: set[tuple[str, ...]] = set()
    images: list[str] = []
    for line in group:
        cells = line.cells
        images += [url for url in cells.get("image", "").replace(",", " ").split() if url not in images]
        if not cells.get("price") and line is not group[0]:
            continue  # a line that only brings a picture
        values = tuple(one_line(cells.get(f"option{n}", ""), 60) for n in (1, 2))
        if values in seen:
            raise InvalidInput(fields={"option1": f"Line {line.number}: two variants have the same options."})
        seen.add(values)
        before = read.amount(cells, "compare_at", "The compare-at price", currency, required=False) or None
        variants.append(
            VariantRecord(
                sku=one_line(cells.get("sku", ""), 120),
                price_minor=read.amount(cells, "price", "The price", currency),
                compare_at_minor=before,
                options={name: value for name, value in zip(names, values, strict=True) if value},
                barcode=one_line(cells.get("barcode", ""), 60),
            )
        )
    if len(variants) > MOST_VARIANTS:
        raise InvalidInput(fields={"title": f"It has more than {MOST_VARIANTS} variants."})
    options = tuple(
        OptionRecord(name, tuple(dict.fromkeys(v.options[name] for v in variants if name in v.options)), place)
        for place, name in enumerate(names)
        if any(name in v.options for v in variants)
    )
    return ProductRecord(
        title=title,
        currency=currency,
        variants=tuple(variants),
        description_html=first.get("description", "")[:60_000],
        vendor=one_line(first.get("vendor", ""), 120),
        tags=tuple(tag.strip()[:40] for tag in first.get("tags", "").split(",") if tag.strip())[:50],
        options=options,
        images=tuple(ImageRecord(url, position=place) for place, url in enumerate(images[:20])),
    )
