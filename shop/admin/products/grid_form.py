"""The grid's cells: how products fill them, and how they are read back.

Flat names: `p<product id>-status`, `p<product id>-tags`; `v<variant id>-price`, `v<variant id>-before`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.admin import reading_forms as read
from shop.catalog.editing import STATUSES
from shop.catalog.models import Product, Variant
from shop.catalog.reading_fields import plain, read_price, read_tags
from shop.catalog.runs.settling import PAIR, Item
from shop.errors import InvalidInput

MOST_IN_GRID = 100
MOST_ROWS = 1500


@dataclass
class GridProduct:
    id: int
    title: str
    status: str
    tags: list[str]
    variants: list[Any] = field(default_factory=list)


@dataclass
class Grid:
    """`left_out`: products that did not fit."""

    products: list[GridProduct]
    left_out: int = 0

    @property
    def ids(self) -> str:
        return ",".join(str(product.id) for product in self.products)


def find_grid(session: Session, product_ids: Sequence[int], to_change: bool = False) -> Grid:
    """Two statements. Unknown ids are passed over; the first MOST_ROWS variants fit, products whole."""
    query = select(Product.id, Product.title, Product.status, Product.tags).where(Product.id.in_(product_ids))
    rows = session.execute(query.order_by(Product.title, Product.id).limit(MOST_IN_GRID))
    products = {row.id: GridProduct(row.id, row.title, row.status, list(row.tags)) for row in rows}
    own = select(
        Variant.id, Variant.product_id, Variant.title, Variant.sku, Variant.price_minor, Variant.compare_at_minor
    ).where(Variant.product_id.in_(products), Variant.position >= 0)
    for variant in session.execute(own.order_by(Variant.product_id, Variant.position, Variant.id)):
        products[variant.product_id].variants.append(variant)
    fitting: list[GridProduct] = []
    rows_so_far = 0
    for product in products.values():
        rows_so_far += len(product.variants)
        if rows_so_far > MOST_ROWS and fitting and not to_change:
            return Grid(fitting, len(products) - len(fitting))
        fitting.append(product)
    return Grid(fitting)


def fill(grid: Grid, currency: str) -> dict[str, str]:
    """Every cell, as stored."""
    values: dict[str, str] = {}
    for product in grid.products:
        values[f"p{product.id}-status"] = product.status
        values[f"p{product.id}-tags"] = ", ".join(product.tags)
        for variant in product.variants:
            before = variant.compare_at_minor
            values[f"v{variant.id}-price"] = read.plain_amount(variant.price_minor, currency)
            values[f"v{variant.id}-before"] = read.plain_amount(before, currency) if before else ""
    return values


def labels(grid: Grid) -> dict[str, str]:
    names: dict[str, str] = {}
    for product in grid.products:
        names[f"p{product.id}-status"] = f"Status of {product.title}"
        names[f"p{product.id}-tags"] = f"Tags of {product.title}"
        for variant in product.variants:
            names[f"v{variant.id}-price"] = f"Price of {product.title}, {variant.title}"
            names[f"v{variant.id}-before"] = f"Price before of {product.title}, {variant.title}"
    return names


def read_items(typed: Mapping[str, str], grid: Grid, currency: str) -> list[Item]:
    """What differs, as items of a run. Raises InvalidInput with every wrong cell; untouched cells are not judged."""
    stored, names = fill(grid, currency), labels(grid)
    changed = {name for name, value in stored.items() if name in typed and plain(typed[name]) != plain(value)}
    items: list[Item] = []
    errors: dict[str, str] = {}
    for product in grid.products:
        for name, old in (("status", product.status), ("tags", product.tags)):
            cell = f"p{product.id}-{name}"
            if cell in changed:
                try:
                    new = _read_product_cell(typed, cell, name, names[cell])
                except InvalidInput as error:
                    errors.update(error.fields)
                    continue
                if new != old:
                    items.append(Item(0, product.id, 0, name, old, new))
        for variant in product.variants:
            if changed & {f"v{variant.id}-price", f"v{variant.id}-before"}:
                try:
                    items += _read_variant(typed, changed, variant, names, currency)
                except InvalidInput as error:
                    errors.update(error.fields)
    if errors:
        raise InvalidInput(fields=errors)
    return items


def _read_product_cell(typed: Mapping[str, str], cell: str, name: str, label: str) -> Any:
    return read.choice(typed, cell, label, STATUSES) if name == "status" else read_tags(typed, cell)


def _read_variant(
    typed: Mapping[str, str], changed: set[str], variant: Any, names: Mapping[str, str], currency: str
) -> list[Item]:
    price_cell, before_cell = f"v{variant.id}-price", f"v{variant.id}-before"
    price, before = variant.price_minor, variant.compare_at_minor
    if price_cell in changed:
        price = read_price(typed, price_cell, names[price_cell], currency)
    if before_cell in changed:
        raw = plain(typed[before_cell])
        before = read_price(typed, before_cell, names[before_cell], currency) if raw else None
    if before is not None and before <= price:
        wrong = before_cell if before_cell in changed else price_cell
        raise InvalidInput(fields={wrong: f"{names[price_cell]}: {PAIR}"})
    items = []
    if price != variant.price_minor:
        items.append(Item(0, variant.product_id, variant.id, "price", variant.price_minor, price))
    if before != variant.compare_at_minor:
        items.append(Item(0, variant.product_id, variant.id, "compare_at", variant.compare_at_minor, before))
    return items
