"""The read models: everything a card, a product page and the search need, written with the product.

`rebuild` runs in the transaction that changed a product, so what pages read is never older than what is sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import current_app
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from shop.catalog.cards import card_of, option_key, picture_from, value_ids_in_use
from shop.catalog.past_prices.lowest import LOWEST_COLUMN
from shop.catalog.safety.reading import merged, read_safety
from shop.catalog.translating import texts_for_pages
from shop.catalog.words import fold, plain_text, search_config
from shop.core.languages import LOCALES
from shop.subscribers.watching import ring
from shop.tenancy.profile import Profile, current_profile

CHUNK = 200
Rows = dict[int, list[Row[Any]]]

_PRODUCTS = text("""
    SELECT id, slug, title, description_html, product_type, brand, tags, options, size_guide, safety_html, seo_title,
           seo_description, blueprint_id, print_provider_id, size_guide_id, is_personalised, translations
      FROM products WHERE id = ANY(:ids)""")
_VARIANTS = text(f"""
    SELECT product_id, id, external_id, sku, option_value_ids, price_minor, compare_at_minor, is_available, is_default,
           fixed_prices, {LOWEST_COLUMN}
      FROM variants WHERE product_id = ANY(:ids) AND position >= 0 ORDER BY product_id, position, id""")  # noqa: S608  (our own text)
_IMAGES = text("""
    SELECT product_id, id, alt, width, height, colour, renditions, variant_external_ids
      FROM images WHERE product_id = ANY(:ids) AND width > 0
     ORDER BY product_id, is_default DESC, position, id""")
_DAYS = text("""
    SELECT DISTINCT ON (blueprint_id, print_provider_id) blueprint_id, print_provider_id, days_min, days_max
      FROM shipping_rates
     WHERE method = 'standard' AND days_max > 0 AND country IN (:country, 'REST_OF_THE_WORLD')
       AND blueprint_id = ANY(:blueprints)
     ORDER BY blueprint_id, print_provider_id, country = :country DESC""")
# One JSON text carries the whole batch: the driver's arrays of text cost more than everything else together.
# Translations are searched in their own language's way: two columns of text for each, empty where there is none.
_TOLD = "".join(
    f"""
              || setweight(to_tsvector('{search_config(code)}', new.{code}_a), 'A')
              || setweight(to_tsvector('{search_config(code)}', new.{code}_d), 'D')"""
    for code in LOCALES
)
_TOLD_COLUMNS = ", ".join(f"{code}_a text, {code}_d text" for code in LOCALES)
_WRITE = text(f"""
    UPDATE products SET
        card = new.card, document = new.document,
        price_min_minor = new.low, price_max_minor = new.high, in_stock = new.in_stock,
        search = setweight(to_tsvector(CAST(:config AS regconfig), new.a), 'A')
              || setweight(to_tsvector(CAST(:config AS regconfig), new.b), 'B')
              || setweight(to_tsvector(CAST(:config AS regconfig), new.d), 'D'){_TOLD},
        words = to_tsvector('simple', new.a || ' ' || new.b || ' ' || new.t)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new(
        id bigint, card jsonb, document jsonb, low int, high int, in_stock boolean, a text, b text, d text,
        t text, {_TOLD_COLUMNS})
    WHERE products.id = new.id""")  # noqa: S608  (our own text)
_WORDS = text("SELECT word, translations FROM catalog_words")


def rebuild(session: Session, product_ids: Sequence[int]) -> None:
    """Write card, document, price range, stock and search vectors of these products.

    Seven statements for every 200 products, in the caller's transaction; flushes what the session holds first, commits
    nothing and leaves the catalogue's version to the caller (`tenancy.profile.touch_catalog`). Whoever waits for a
    variant of theirs is looked at (subscribers/watching.py). A repeat writes the same. Unknown ids are passed over.
    Objects already loaded keep their old values of these columns.
    """
    profile = current_profile()
    media_url = current_app.config["IMPRINT"].media_url.rstrip("/")
    session.flush()
    ids = sorted(set(product_ids))
    words = {row.word: row.translations for row in session.execute(_WORDS)} if ids else {}
    for start in range(0, len(ids), CHUNK):
        _rebuild_chunk(session, ids[start : start + CHUNK], profile, media_url, words)


def rebuild_all(session: Session) -> int:
    """Every product: after a change of currency, language or picture address. Returns how many."""
    ids = [row[0] for row in session.execute(text("SELECT id FROM products ORDER BY id"))]
    rebuild(session, ids)
    return len(ids)


def _rebuild_chunk(
    session: Session, ids: list[int], profile: Profile, media_url: str, words: Mapping[str, Mapping[str, str]]
) -> None:
    products = session.execute(_PRODUCTS, {"ids": ids}).all()
    variants = _by_product(session.execute(_VARIANTS, {"ids": ids}).all())
    images = _by_product(session.execute(_IMAGES, {"ids": ids}).all())
    blueprints = sorted({p.blueprint_id for p in products if p.blueprint_id})
    rates = session.execute(_DAYS, {"country": profile.country, "blueprints": blueprints}).all() if blueprints else []
    days = {(r.blueprint_id, r.print_provider_id): [r.days_min, r.days_max] for r in rates}
    safety = read_safety(session, ids, blueprints)
    rows: list[dict[str, Any]] = []
    for product in products:
        own, pictures = variants.get(product.id, []), images.get(product.id, [])
        card = card_of(product, own, pictures, profile.currency, profile.locale, media_url)
        plain = plain_text(product.description_html)
        document = document_of(product, own, pictures, card, media_url, plain)
        document["days"] = days.get((product.blueprint_id, product.print_provider_id))
        document["safety"] = merged(safety.get(("product", product.id)), safety.get(("blank", product.blueprint_id)))
        rows.append(_row_of(product, card, document, plain) | _told(product, card, document, words))
    if rows:
        config = search_config(profile.locale)
        session.execute(_WRITE, {"config": config, "rows": orjson.dumps(rows).decode()})
        ring(session, ids, profile.currency)


def _row_of(product: Any, card: dict[str, Any], document: dict[str, Any], plain: str) -> dict[str, Any]:
    colours = [v["title"] for o in document["options"] if o["kind"] == "color" for v in o["values"]]
    return {
        "id": product.id,
        "card": card,
        "document": document,
        "low": card["price_minor"],
        "high": card["price_max_minor"],
        "in_stock": not card["sold_out"],
        "a": fold(product.title),
        "b": fold(" ".join([product.product_type, product.brand, *product.tags, *colours])),
        "d": fold(plain),
    }


def _told(
    product: Any, card: dict[str, Any], document: dict[str, Any], words: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Translated texts: into the document, the title into the card too; and what of them is searched."""
    texts = texts_for_pages(product.translations)
    if texts:
        document["texts"] = texts
        card["texts"] = {code: {"title": mine["title"]} for code, mine in texts.items() if "title" in mine}
    shared = [product.product_type, *product.tags, *(v["title"] for o in document["options"] for v in o["values"])]
    found: dict[str, str] = {}
    for code in LOCALES:
        mine = texts.get(code) or {}
        said = [told for word in shared if (told := (words.get(word) or {}).get(code))]
        found[f"{code}_a"] = fold(" ".join([mine.get("title", ""), *said]))
        found[f"{code}_d"] = fold(plain_text(mine["html"])) if "html" in mine else ""
    return {"t": " ".join(found[f"{code}_a"] for code in LOCALES), **found}


def document_of(
    product: Any,
    variants: Sequence[Any],
    images: Sequence[Any],
    card: dict[str, Any],
    media_url: str,
    plain: str = "",
) -> dict[str, Any]:
    """Everything the product page needs, short: what is cheap to work out is worked out by `catalog/showing.py`.

    images: [{alt, width, height, src, srcset_avif, srcset_webp, full, colour, colours: [value ids] or [] for all}];
    variants: [{id, options: [value ids], price_minor, was_minor or 0, available, image: its place or null}].
    """
    options = options_of(product.options, variants)
    colour_of = _colour_by_variant(options, variants)
    pictures: list[dict[str, Any]] = []
    first_picture: dict[int, int] = {}
    for image in images:
        picture = picture_from(image._mapping, media_url)
        if picture is None:
            continue
        shown = {colour_of[e] for e in image.variant_external_ids if e in colour_of}
        picture["colours"] = sorted(shown) if len(shown) < len(set(colour_of.values())) else []
        for external_id in image.variant_external_ids:
            first_picture.setdefault(external_id, len(pictures))
        pictures.append(picture)
    return {
        "id": product.id,
        "slug": product.slug,
        "title": product.title,
        "type": product.product_type,
        "brand": product.brand,
        "description_html": product.description_html,
        "seo_title": product.seo_title,
        "seo_description": product.seo_description or plain[:155],
        "images": pictures,
        "options": options,
        "variants": [
            {
                "id": v.id,
                "options": v.option_value_ids,
                "price_minor": v.price_minor,
                "was_minor": v.compare_at_minor or 0,
                "available": v.is_available,
                "image": first_picture.get(v.external_id),
                **({"lowest": v.lowest} if v.lowest else {}),
                **({"fixed": v.fixed_prices} if v.fixed_prices else {}),
            }
            for v in variants
        ],
        "default": next((v.id for v in variants if v.is_default and v.is_available), None),
        "price_minor": card["price_minor"],
        "price_text": card["price_text"],
        "compare_text": card["compare_text"],
        "from_price": card["from_price"],
        "in_stock": not card["sold_out"],
        "size_guide": product.size_guide,
        "size_guide_id": product.size_guide_id,
        "gpsr_html": product.safety_html or None,
        "personalised": product.is_personalised,
        "tags": product.tags,
    }


def options_of(options: Sequence[dict[str, Any]], variants: Sequence[Any]) -> list[dict[str, Any]]:
    """The options with the values some variant has."""
    used = value_ids_in_use(variants)
    found = []
    for position, option in enumerate(options):
        values = [
            {"id": v["id"], "title": v["title"], "hex": v.get("hex")} for v in option["values"] if v["id"] in used
        ]
        if values:
            key = option_key(option, position)
            found.append({"name": option["name"], "key": key, "kind": option.get("kind", "other"), "values": values})
    return found


def _colour_by_variant(options: Sequence[dict[str, Any]], variants: Sequence[Any]) -> dict[int, int]:
    """external variant id → id of its colour."""
    colours = {v["id"] for o in options if o["kind"] == "color" for v in o["values"]}
    found: dict[int, int] = {}
    for variant in variants:
        for value in variant.option_value_ids:
            if value in colours:
                found[variant.external_id] = value
    return found


def _by_product(rows: Sequence[Row[Any]]) -> Rows:
    found: Rows = defaultdict(list)
    for row in rows:
        found[row.product_id].append(row)
    return found
