"""Goods on the shelves, put there directly: products, variants, pictures, and their read models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, select

from shop.catalog.documents import rebuild
from shop.catalog.models import Collection, CollectionProduct, Image, Product, Variant
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile

COLOURS = {"Black": (101, "#111111"), "Navy": (102, "#1b2a49"), "Heather Grey": (103, "#b0b0b0")}
SIZES = {"S": 201, "M": 202, "2XL": 203}


def stock(
    title: str = "Quiet Fox Tee",
    *,
    colours: Sequence[str] = ("Black", "Navy"),
    sizes: Sequence[str] = ("S", "M"),
    price: int = 2400,
    pictures: int = 0,
    collection: str | None = None,
    gone: Sequence[str] = (),
    **values: Any,
) -> int:
    """Put one product on sale and return its id. `gone` names variants ("Black / M") that cannot be bought."""
    options: list[dict[str, Any]] = []
    if colours:
        named = [{"id": COLOURS[c][0], "title": c, "hex": COLOURS[c][1]} for c in colours]
        options.append({"key": "color", "name": "Color", "kind": "color", "values": named})
    if sizes:
        named = [{"id": SIZES[s], "title": s, "hex": None} for s in sizes]
        options.append({"key": "size", "name": "Size", "kind": "size", "values": named})
    facts: dict[str, Any] = {
        "slug": values.pop("slug", title.lower().replace(" ", "-").replace("'", "")),
        "title": title,
        "description_html": "<p>Soft &amp; heavy cotton.</p>",
        "product_type": "T-Shirt",
        "brand": "Loom",
        "tags": [],
        "options": options,
        **values,
    }
    with transaction() as session:
        product = Product(**facts)
        session.add(product)
        session.flush()
        number = 0
        for colour in colours or [None]:
            for size in sizes or [None]:
                number += 1
                name = " / ".join(part for part in (colour, size) if part) or "One"
                ids = [i for i in (COLOURS[colour][0] if colour else 0, SIZES[size] if size else 0) if i]
                session.add(
                    Variant(
                        product_id=product.id, external_id=number, title=name, option_value_ids=ids, position=number,
                        price_minor=price + 100 * (number - 1), is_available=name not in gone, is_default=number == 1,
                    )
                )  # fmt: skip
        for n in range(pictures):
            shows = [e for e in range(1, number + 1) if (e - 1) // max(1, len(sizes)) == n % max(1, len(colours))]
            session.add(
                Image(
                    product_id=product.id, source_url=f"https://example.com/{product.id}/{n}", position=n,
                    is_default=n == 0, variant_external_ids=shows, alt=f"{title}, view {n + 1}", width=1200, height=1500,
                    renditions={k: [[w, f"p/{product.id}-{n}-{w}.{k}"] for w in (320, 640, 1000)]
                                for k in ("avif", "webp")} | {"jpeg": [[1200, f"p/{product.id}-{n}.jpg"]]},
                )
            )  # fmt: skip
        if collection:
            home = session.execute(select(Collection.id).where(Collection.slug == collection)).scalar_one()
            session.add(CollectionProduct(collection_id=home, product_id=product.id))
        rebuild(session, [product.id])
        profile.touch_catalog(session)
        made = int(product.id)
    profile.current_versions(fresh=True)
    return made


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Every statement sent to the database inside the block."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
