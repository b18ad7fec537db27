"""Read products into rows: products, variants, images, rule collections and the read models, in bulk.

New rows are copied in; changes are merged by statements that know which fields the merchant has edited: those stay.
Nothing is deleted but replaced pictures: a variant that vanished stays (carts point at it) and cannot be bought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog import documents
from shop.catalog.announcing import announce_products
from shop.catalog.bulk import as_json, copy_rows
from shop.catalog.collecting import place_in_collections
from shop.catalog.html import one_line
from shop.catalog.naming import slugify, unique_slug
from shop.catalog.reading_printify import ReadImage, ReadProduct, ReadVariant

#: pictures of a listing that was replaced: shown last, until the new ones are stored
REPLACED_POSITION = 1000
#: pictures that came after the merchant had put the others in order (a listing has at most 200)
BEHIND_POSITION = 500
#: variants that are no longer offered: kept for carts, in no picker
RETIRED_POSITION = -1

_PRODUCT = (
    "id", "slug", "title", "description_html", "product_type", "brand", "tags", "status", "seo_title",
    "seo_description", "options", "size_guide", "safety_html", "price_min_minor", "price_max_minor", "in_stock",
    "sold_count", "external_id", "blueprint_id", "print_provider_id", "source_hash", "edited_fields", "card",
    "document", "created_at", "updated_at",
)  # fmt: skip
_VARIANT = (
    "product_id", "external_id", "sku", "title", "option_value_ids", "price_minor", "cost_minor", "grams",
    "is_available", "is_default", "position",
)  # fmt: skip
_IMAGE = (
    "product_id", "source_url", "position", "is_default", "variant_external_ids", "alt", "width", "height", "colour",
    "renditions", "due_at",
)  # fmt: skip

_UPDATE_PRODUCTS = text("""
    UPDATE products p SET
        title = CASE WHEN 'title' = ANY(p.edited_fields) THEN p.title ELSE n.title END,
        description_html = CASE WHEN 'description_html' = ANY(p.edited_fields) THEN p.description_html
                                ELSE n.description_html END,
        tags = CASE WHEN 'tags' = ANY(p.edited_fields) THEN p.tags
                    ELSE ARRAY(SELECT json_array_elements_text(n.tags)) END,
        product_type = CASE WHEN 'product_type' = ANY(p.edited_fields) THEN p.product_type ELSE n.product_type END,
        status = CASE WHEN 'status' = ANY(p.edited_fields) THEN p.status ELSE n.status END,
        brand = n.brand, options = n.options, size_guide = n.size_guide, safety_html = n.safety_html,
        external_id = n.external_id, blueprint_id = n.blueprint_id, print_provider_id = n.print_provider_id,
        source_hash = n.source_hash, updated_at = :at
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, title text, description_html text, tags json,
           product_type text, status text, brand text, options jsonb, size_guide jsonb, safety_html text,
           external_id text, blueprint_id int, print_provider_id int, source_hash text)
     WHERE p.id = n.id""")
_MERGE_VARIANTS = text("""
    INSERT INTO variants AS v (product_id, external_id, sku, title, option_value_ids, price_minor, cost_minor, grams,
                               is_available, is_default, position)
    SELECT product_id, external_id, sku, title, ARRAY(SELECT json_array_elements_text(option_value_ids)::int),
           price_minor, cost_minor, grams, is_available, is_default, position
      FROM json_to_recordset(CAST(:rows AS json)) AS n(product_id bigint, external_id bigint, sku text, title text,
           option_value_ids json, price_minor int, cost_minor int, grams int, is_available boolean,
           is_default boolean, position int)
    ON CONFLICT (product_id, external_id) DO UPDATE SET
        sku = excluded.sku, title = excluded.title, option_value_ids = excluded.option_value_ids,
        price_minor = CASE WHEN v.price_edited THEN v.price_minor ELSE excluded.price_minor END,
        cost_minor = excluded.cost_minor, grams = excluded.grams, is_available = excluded.is_available,
        is_default = excluded.is_default, position = excluded.position
    WHERE (v.sku, v.title, v.option_value_ids, v.price_minor, v.cost_minor, v.grams, v.is_available, v.is_default,
           v.position) IS DISTINCT FROM
          (excluded.sku, excluded.title, excluded.option_value_ids, excluded.price_minor, excluded.cost_minor,
           excluded.grams, excluded.is_available, excluded.is_default, excluded.position)""")
_RETIRE_VARIANTS = text("""
    UPDATE variants v SET is_available = false, is_default = false, position = :retired, option_value_ids = '{}'
     WHERE v.product_id = ANY(:ids) AND v.position <> :retired
       AND NOT EXISTS (SELECT 1 FROM unnest(CAST(:products AS bigint[]), CAST(:externals AS bigint[]))
                                  AS n(product_id, external_id)
                        WHERE n.product_id = v.product_id AND n.external_id = v.external_id)""")
# An order given by hand stays: new pictures go behind it.
_ORDERED = "EXISTS (SELECT 1 FROM products p WHERE p.id = {}.product_id AND 'images' = ANY(p.edited_fields))"
_MERGE_IMAGES = text(f"""
    INSERT INTO images AS i (product_id, source_url, position, is_default, variant_external_ids, alt, width, height,
                             colour, renditions, due_at)
    SELECT product_id, source_url, position + CASE WHEN {_ORDERED.format("n")} THEN :behind ELSE 0 END,
           is_default AND NOT {_ORDERED.format("n")},
           ARRAY(SELECT json_array_elements_text(variant_external_ids)::bigint), alt, 0, 0, :colour, '{{}}',
           CAST(due_at AS timestamptz)
      FROM json_to_recordset(CAST(:rows AS json)) AS n(product_id bigint, source_url text, position int,
           is_default boolean, variant_external_ids json, alt text, due_at text)
    ON CONFLICT (product_id, source_url) DO UPDATE SET
           position = CASE WHEN excluded.position >= :behind AND i.position < :replaced THEN i.position
                           ELSE excluded.position END,
           is_default = CASE WHEN excluded.position >= :behind THEN i.is_default ELSE excluded.is_default END,
           variant_external_ids = excluded.variant_external_ids
    WHERE (i.position, i.is_default, i.variant_external_ids) IS DISTINCT FROM
          (excluded.position, excluded.is_default, excluded.variant_external_ids)""")  # noqa: S608  (our own text)
_REPLACED_IMAGES = text("""
    UPDATE images i SET position = :replaced, is_default = false
     WHERE i.product_id = ANY(:ids) AND i.position < :replaced
       AND NOT EXISTS (SELECT 1 FROM unnest(CAST(:products AS bigint[]), CAST(:urls AS text[]))
                                  AS n(product_id, source_url)
                        WHERE n.product_id = i.product_id AND n.source_url = i.source_url)""")
_DROP_REPLACED = text("""
    DELETE FROM images i WHERE i.product_id = ANY(:ids) AND i.position >= :replaced
       AND (i.width = 0 OR NOT EXISTS (SELECT 1 FROM images w WHERE w.product_id = i.product_id
                                          AND w.position < :replaced AND w.width = 0 AND w.work_state <> 'parked'))""")
_COLOUR = "#e8e4dc"
# an address that another product had is not given away: old links go on leading to that one
_TAKEN = text("""
    SELECT slug FROM products WHERE slug = ANY(:slugs)
    UNION SELECT slug FROM slug_redirects WHERE kind = 'product' AND slug = ANY(:slugs)""")


@dataclass
class Change:
    """One product to write: what was read, the hash of its payload, and our product when we have it already."""

    product: ReadProduct
    payload_hash: str
    product_id: int | None = None


@dataclass
class Applied:
    created: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        return self.created + self.changed


def apply_changes(session: Session, changes: Sequence[Change], at: datetime) -> Applied:
    """Write a batch (about 200) with everything that hangs on it. The caller holds `lock_catalog` and commits.

    A repeat writes the same. New pictures are due work (images.work_state).
    """
    creates = [change for change in changes if change.product_id is None]
    updates = [change for change in changes if change.product_id is not None]
    _insert(session, creates, at)
    _update(session, updates, at)
    applied = Applied([_id(c) for c in creates], [_id(c) for c in updates])
    place_in_collections(session, applied.ids)
    documents.rebuild(session, applied.ids)
    announce_products(session, applied.ids)
    return applied


def archive(session: Session, product_ids: Sequence[int], at: datetime) -> list[int]:
    """Take products out of the shop; their pages answer "no longer sold", orders keep them. Returns those that were
    not archived before. Coming back at Printify brings them back."""
    rows = session.execute(
        text("""UPDATE products SET status = 'archived', source_hash = '', updated_at = :at
                 WHERE id = ANY(:ids) AND status <> 'archived' RETURNING id"""),
        {"ids": list(product_ids), "at": at},
    )
    archived = [row[0] for row in rows]
    place_in_collections(session, archived)
    documents.rebuild(session, archived)
    announce_products(session, archived)
    return archived


def drop_replaced_images(session: Session, product_ids: Sequence[int]) -> None:
    """Remove pictures of an older listing, once none of the new ones is still to come."""
    session.execute(_DROP_REPLACED, {"ids": list(product_ids), "replaced": REPLACED_POSITION})


def _insert(session: Session, creates: Sequence[Change], at: datetime) -> None:
    if not creates:
        return
    slugs = _slugs(session, [change.product for change in creates])
    sequence = text("SELECT nextval(pg_get_serial_sequence('products', 'id')) FROM generate_series(1, :n)")
    ids = [row[0] for row in session.execute(sequence, {"n": len(creates)})]
    for change, product_id in zip(creates, ids, strict=True):
        change.product_id = product_id
    copy_rows(session, "products", _PRODUCT, (_product_row(c, s, at) for c, s in zip(creates, slugs, strict=True)))
    copy_rows(session, "variants", _VARIANT, ((_id(c), *v) for c in creates for v in c.product.variants))
    copy_rows(session, "images", _IMAGE, (_image_row(c, image, alt, at) for c, image, alt in _pictures(creates)))


def _update(session: Session, updates: Sequence[Change], at: datetime) -> None:
    if not updates:
        return
    ids = [_id(change) for change in updates]
    session.execute(_UPDATE_PRODUCTS, {"rows": as_json([_changed_row(change) for change in updates]), "at": at})
    variants = [(_id(change), variant) for change in updates for variant in change.product.variants]
    session.execute(_MERGE_VARIANTS, {"rows": as_json([_variant_facts(i, variant) for i, variant in variants])})
    externals = {"products": [i for i, _ in variants], "externals": [v.external_id for _, v in variants]}
    session.execute(_RETIRE_VARIANTS, {"ids": ids, "retired": RETIRED_POSITION, **externals})
    images = list(_pictures(updates))
    facts = [_image_facts(change, image, alt, at) for change, image, alt in images]
    places = {"behind": BEHIND_POSITION, "replaced": REPLACED_POSITION}
    session.execute(_MERGE_IMAGES, {"rows": as_json(facts), "colour": _COLOUR, **places})
    urls = {"products": [_id(change) for change, _, _ in images], "urls": [i.source_url for _, i, _ in images]}
    session.execute(_REPLACED_IMAGES, {"ids": ids, "replaced": REPLACED_POSITION, **urls})
    drop_replaced_images(session, ids)


def _slugs(session: Session, products: Sequence[ReadProduct]) -> list[str]:
    """A free slug for each, given under the catalogue's lock."""
    bases = {slugify(product.title) for product in products}
    tails = {unique_slug(p.title, p.external_id or p.slug_key, {slugify(p.title)}) for p in products}
    rows = session.execute(_TAKEN, {"slugs": list(bases | tails)})
    taken = {row[0] for row in rows}
    slugs = []
    for product in products:
        slug = unique_slug(product.title, product.external_id or product.slug_key, taken)
        taken.add(slug)
        slugs.append(slug)
    return slugs


def _id(change: Change) -> int:
    if change.product_id is None:
        raise RuntimeError("a change without its product")
    return change.product_id


def _product_row(change: Change, slug: str, at: datetime) -> tuple[Any, ...]:
    """In the order of _PRODUCT. Prices, stock and read models follow by documents.rebuild."""
    product = change.product
    guide = orjson.dumps(product.size_guide) if product.size_guide else None
    return (
        change.product_id, slug, product.title, product.description_html, product.product_type, product.brand,
        product.tags, product.status, "", "", orjson.dumps(product.options), guide, product.safety_html, 0, 0, False,
        0, product.external_id or None, product.blueprint_id or None, product.print_provider_id or None,
        change.payload_hash, [], b"{}",
        b"{}", min(product.created_at or at, at), at,
    )  # fmt: skip


def _changed_row(change: Change) -> dict[str, Any]:
    product = change.product
    names = ("title", "description_html", "tags", "product_type", "status", "brand", "options", "size_guide",
             "safety_html", "external_id", "blueprint_id", "print_provider_id")  # fmt: skip
    return {"id": change.product_id, "source_hash": change.payload_hash, **{n: getattr(product, n) for n in names}}


def _variant_facts(product_id: int, variant: ReadVariant) -> dict[str, Any]:
    return {"product_id": product_id, **variant._asdict()}


def _image_row(change: Change, image: ReadImage, alt: str, at: datetime) -> tuple[Any, ...]:
    """In the order of _IMAGE."""
    return (
        change.product_id, image.source_url, image.position, image.is_default, image.variant_external_ids, alt, 0, 0,
        _COLOUR, b"{}", _due(image, at),
    )  # fmt: skip


def _image_facts(change: Change, image: ReadImage, alt: str, at: datetime) -> dict[str, Any]:
    return {
        "product_id": change.product_id,
        **image._asdict(),
        "alt": alt,
        "due_at": _due(image, at).isoformat(),
    }


def _due(image: ReadImage, at: datetime) -> datetime:
    """Every product's first picture comes before any second one: work is claimed in the order of its due time."""
    return at + timedelta(milliseconds=20 * image.position)


def _alts(product: ReadProduct) -> list[str]:
    """A text for each picture: the title, with the colour where the picture shows one only."""
    names = {
        value["id"]: value["title"]
        for option in product.options
        if option["kind"] == "color"
        for value in option["values"]
    }
    colour_of = {v.external_id: names[i] for v in product.variants for i in v.option_value_ids if i in names}
    found = []
    for image in product.images:
        shown = {colour_of.get(external_id, "") for external_id in image.variant_external_ids}
        one = shown.pop() if len(shown) == 1 else ""
        found.append(one_line(f"{product.title}, {one}" if one else product.title, 300))
    return found


def _pictures(changes: Iterable[Change]) -> Iterator[tuple[Change, ReadImage, str]]:
    for change in changes:
        for image, alt in zip(change.product.images, _alts(change.product), strict=True):
            yield change, image, alt
