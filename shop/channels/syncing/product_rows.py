"""Products of ours as the sync reads and writes them: in batches, a few statements each, whatever their number."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.applying import Change, apply_changes, archive
from shop.catalog.bulk import as_json, lock_catalog
from shop.catalog.editing import publish
from shop.catalog.html import clean_html, one_line
from shop.catalog.reading_printify import ReadImage, ReadProduct, ReadVariant
from shop.catalog.runs.looking import Now
from shop.catalog.runs.writing import Write, write
from shop.channels.records import OptionRecord, ProductRecord, VariantRecord
from shop.channels.syncing.book import Fields
from shop.channels.syncing.product_fields import MOST_IMAGES, OurProduct, OurVariant, clean_tags, compare_at_of
from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.tenancy.profile import touch_catalog

_PRODUCTS = text("""
    SELECT id, title, description_html, tags, status, brand, slug, seo_title, seo_description, options, updated_at,
           external_id IS NOT NULL AS is_printable FROM products WHERE id = ANY(:ids)""")
_VARIANTS = text("""
    SELECT id, product_id, external_id, sku, price_minor, compare_at_minor, grams, option_value_ids, is_available
      FROM variants WHERE product_id = ANY(:ids) AND position >= 0 ORDER BY product_id, position, id""")
_IMAGES = text("""
    SELECT product_id, source_url FROM images
     WHERE product_id = ANY(:ids) AND position < 1000 ORDER BY product_id, is_default DESC, position, id""")
#: names of the sync, and of the catalogue's own writer
_COLUMNS = {"title": "title", "description_html": "description_html", "tags": "tags", "status": "status",
            "seo_title": "seo_title", "seo_text": "seo_description"}  # fmt: skip
_PRICES = {"price_minor": "price", "compare_at_minor": "compare_at"}


def read_products(session: Session, ids: Collection[int]) -> dict[int, OurProduct]:
    """By id. Three statements."""
    wanted = {"ids": list(ids)}
    variants: dict[int, list[Any]] = {}
    for row in session.execute(_VARIANTS, wanted):
        variants.setdefault(row.product_id, []).append(row)
    images: dict[int, list[str]] = {}
    for row in session.execute(_IMAGES, wanted):
        images.setdefault(row.product_id, []).append(row.source_url)
    found = {}
    for row in session.execute(_PRODUCTS, wanted):
        words = [{v["id"]: v["title"] for v in option["values"]} for option in row.options]
        names = [option["name"] for option in row.options]
        found[row.id] = OurProduct(
            id=row.id,
            title=row.title,
            description_html=row.description_html,
            tags=tuple(row.tags),
            status=row.status,
            brand=row.brand,
            slug=row.slug,
            seo_title=row.seo_title,
            seo_text=row.seo_description,
            is_printable=row.is_printable,
            options=tuple(
                OptionRecord(o["name"], tuple(v["title"] for v in o["values"]), i) for i, o in enumerate(row.options)
            ),
            variants=tuple(_variant(v, names, words) for v in variants.get(row.id, ())),
            images=tuple(images.get(row.id, ())),
            updated_at=row.updated_at,
        )
    return found


def _variant(row: Any, names: list[str], words: list[dict[int, str]]) -> OurVariant:
    options = {}
    for value_id, name, known in zip(row.option_value_ids, names, words, strict=False):
        if value_id in known:
            options[name] = known[value_id]
    return OurVariant(
        row.id, row.external_id, row.sku, row.price_minor, row.compare_at_minor, row.grams, options, row.is_available
    )


def write_products(session: Session, changes: Sequence[tuple[int, Fields]]) -> None:
    """Product id and the fields to write. They are the merchant's from now on: no refresh from Printify undoes them."""
    lock_catalog(session)
    writes = []
    for product_id, fields in changes:
        for name, value in fields.items():
            if name in _COLUMNS:
                writes.append(Write(_COLUMNS[name], product_id, 0, value, True))
            elif name.startswith("variants."):
                _, variant_id, column = name.split(".")
                writes.append(Write(_PRICES[column], product_id, int(variant_id), value, True))
    if writes:
        write(session, writes, Now(), clock.now())
    for product_id, fields in changes:
        if "variants" in fields:
            add_variants(session, product_id, fields["variants"])


def create_products(session: Session, records: Sequence[ProductRecord]) -> list[int]:
    """Drafts, as nothing tells yet how they are printed; their ids in the same order. Pictures are due work."""
    lock_catalog(session)
    changes = [Change(_draft(record), "") for record in records]
    at = clock.now()
    applied = apply_changes(session, changes, at)
    ids = [change.product_id or 0 for change in changes]
    before = [
        {"p": product_id, "e": -place - 1, "v": found}
        for product_id, record in zip(ids, records, strict=True)
        for place, variant in enumerate(record.variants)
        if (found := compare_at_of(variant)) is not None
    ]
    if before:
        session.execute(_COMPARE_AT, {"rows": as_json(before)})
    seo = [
        {"id": i, "t": one_line(r.seo_title, 200), "d": one_line(r.seo_text, 400)}
        for i, r in zip(ids, records, strict=True)
        if r.seo_title or r.seo_text
    ]
    if seo:
        session.execute(_SEO, {"rows": as_json(seo)})
    if applied.ids:
        touch_catalog(session)
        enqueue_after_commit(session, JobName.DRAIN_PICTURES)
    return ids


_COMPARE_AT = text("""
    UPDATE variants v SET compare_at_minor = n.v
      FROM json_to_recordset(CAST(:rows AS json)) AS n(p bigint, e bigint, v int)
     WHERE v.product_id = n.p AND v.external_id = n.e""")
_SEO = text("""
    UPDATE products p SET seo_title = n.t, seo_description = n.d
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, t text, d text) WHERE p.id = n.id""")


def _draft(record: ProductRecord) -> ReadProduct:
    options, ids = _options(record.variants, [o.name for o in sorted(record.options, key=lambda o: o.position)])
    variants = [
        ReadVariant(
            external_id=-place - 1,
            sku=one_line(variant.sku, 120),
            title=" / ".join(variant.options.values())[:200] or one_line(record.title, 200),
            option_value_ids=[ids[(name, value)] for name, value in variant.options.items() if (name, value) in ids],
            price_minor=variant.price_minor,
            cost_minor=variant.cost_minor or 0,
            grams=variant.weight_grams or 0,
            is_available=variant.is_enabled,
            is_default=place == 0,
            position=place,
        )
        for place, variant in enumerate(record.variants)
    ]
    images = [
        ReadImage(image.url, place, place == 0, [])
        for place, image in enumerate(record.images[:MOST_IMAGES])
        if image.url.startswith(("https://", "http://")) and len(image.url) <= 1000
    ]
    return ReadProduct(
        external_id="",
        title=one_line(record.title, 300),
        description_html=clean_html(record.description_html),
        safety_html="",
        product_type=one_line(record.kind, 80),
        brand=one_line(record.vendor, 120),
        tags=clean_tags(record.tags),
        status="draft",
        options=options,
        size_guide=None,
        blueprint_id=0,
        print_provider_id=0,
        variants=variants,
        images=_unlike(images),
        created_at=None,
        slug_key=secrets.token_hex(12),
    )


def _unlike(images: list[ReadImage]) -> list[ReadImage]:
    seen: dict[str, ReadImage] = {}
    for image in images:
        seen.setdefault(image.source_url, image)
    return list(seen.values())


def _options(
    variants: Sequence[VariantRecord], names: list[str], known: Sequence[Mapping[str, Any]] = ()
) -> tuple[list[dict[str, Any]], dict[tuple[str, str], int]]:
    """The options of a product as its row keeps them, and the number of each value. `known` ones keep theirs."""
    options: list[dict[str, Any]] = [{**o, "values": list(o["values"])} for o in known]
    ids = {(o["name"], v["title"]): v["id"] for o in options for v in o["values"]}
    highest = max(ids.values(), default=0)
    for variant in variants:
        for name, value in variant.options.items():
            if (name, value) in ids or not one_line(name, 80) or not one_line(value, 120):
                continue
            highest += 1
            ids[(name, value)] = highest
            option = next((o for o in options if o["name"] == name), None)
            if option is None:
                option = {"key": f"o{len(options) + 1}", "name": one_line(name, 80), "kind": _kind(name), "values": []}
                options.append(option)
            option["values"].append({"id": highest, "title": one_line(value, 120), "hex": None})
    options.sort(key=lambda o: names.index(o["name"]) if o["name"] in names else len(names))
    return options, ids


def _kind(name: str) -> str:
    return {"color": "color", "colour": "color", "size": "size"}.get(name.strip().lower(), "other")


def add_variants(session: Session, product_id: int, records: Sequence[Mapping[str, Any]]) -> None:
    """More of theirs on a product that came from there; ones whose SKU it has already are left alone."""
    row = session.execute(
        text("SELECT options FROM products WHERE id = :id FOR UPDATE"), {"id": product_id}
    ).one_or_none()
    if row is None:
        return
    there = session.execute(
        text("SELECT sku, external_id, position FROM variants WHERE product_id = :id"), {"id": product_id}
    ).all()
    skus = {v.sku for v in there if v.sku}
    new = [VariantRecord(**data) for data in records if data["sku"] not in skus or not data["sku"]]
    options, ids = _options(new, [o["name"] for o in row.options], row.options)
    lowest = min([v.external_id for v in there if v.external_id < 0], default=0)
    place = max([v.position for v in there], default=-1)
    rows = [
        {
            "p": product_id, "e": lowest - n, "sku": one_line(v.sku, 120),
            "title": " / ".join(v.options.values())[:200], "price": v.price_minor, "before": compare_at_of(v),
            "grams": v.weight_grams or 0, "on": v.is_enabled, "place": place + n,
            "ids": [ids[pair] for pair in v.options.items() if pair in ids],
        }
        for n, v in enumerate(new, 1)
    ]  # fmt: skip
    session.execute(_ADD_VARIANTS, {"rows": as_json(rows)})
    session.execute(
        text("UPDATE products SET options = CAST(:options AS jsonb), updated_at = :at WHERE id = :id"),
        {"options": as_json(options), "at": clock.now(), "id": product_id},
    )
    publish(session, [product_id])


_ADD_VARIANTS = text("""
    INSERT INTO variants (product_id, external_id, sku, title, option_value_ids, price_minor, compare_at_minor,
                          cost_minor, grams, is_available, is_default, position)
    SELECT p, e, sku, title, ARRAY(SELECT json_array_elements_text(ids)::int), price, before, 0, grams, "on", false,
           place
      FROM json_to_recordset(CAST(:rows AS json)) AS n(p bigint, e bigint, sku text, title text, price int, before int,
           grams int, "on" boolean, place int, ids json)""")


def archive_products(session: Session, ids: Sequence[int]) -> list[int]:
    lock_catalog(session)
    archived = archive(session, list(ids), clock.now())
    touch_catalog(session)
    return archived


def remove_product(session: Session, product_id: int) -> bool:
    """Without a trace, where it came from a platform and nobody ever bought it; else it is archived (False)."""
    lock_catalog(session)
    gone = session.execute(
        text("""
            DELETE FROM products p WHERE p.id = :id AND p.external_id IS NULL
               AND NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.product_id = p.id) RETURNING id"""),
        {"id": product_id},
    ).first()
    if gone is None:
        archive_products(session, [product_id])
        return False
    touch_catalog(session)
    return True
