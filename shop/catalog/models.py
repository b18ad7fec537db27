"""What is sold. Rows are derived from Printify's raw payloads; merchant-edited fields stay the merchant's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.extensions import Model, UtcDateTime


class PrintifyCache(Model):
    """A raw payload of Printify, as it came.

    kind: product, shipping (id "blueprint/provider"), blueprint, provider, gpsr.
    """

    __tablename__ = "printify_cache"
    __table_args__ = (UniqueConstraint("kind", "external_id"),)

    kind: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(64))
    payload: Mapped[Any] = mapped_column(JSONB)
    payload_hash: Mapped[str] = mapped_column(String(64))
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ttl_seconds: Mapped[int] = mapped_column(Integer, default=3600, server_default="3600")


class Product(Model):
    __tablename__ = "products"
    __table_args__ = (
        Index("ix_products_search", "search", postgresql_using="gin"),
        Index("ix_products_words", "words", postgresql_using="gin"),
        Index("ix_products_source", "blueprint_id", "print_provider_id"),
        *(
            Index(f"ix_products_{name}", name, postgresql_where=text(f"{name} IS NOT NULL"))
            for name in ("publish_at", "hide_at", "size_guide_id")
        ),
    )

    slug: Mapped[str] = mapped_column(String(160), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    description_html: Mapped[str] = mapped_column(Text, default="")  # sanitised on the way in
    product_type: Mapped[str] = mapped_column(String(80), default="")
    brand: Mapped[str] = mapped_column(String(120), default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(80)), default=list)
    status: Mapped[str] = mapped_column(String(12), default="active")  # active | draft | archived
    seo_title: Mapped[str] = mapped_column(String(200), default="")
    seo_description: Mapped[str] = mapped_column(String(400), default="")
    #: [{"key": "color", "name": "Color", "kind": "color"|"size"|"other",
    #:   "values": [{"id": int, "title": str, "hex": str|null}]}]
    options: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    size_guide: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    safety_html: Mapped[str] = mapped_column(Text, default="")
    price_min_minor: Mapped[int] = mapped_column(Integer, default=0)
    price_max_minor: Mapped[int] = mapped_column(Integer, default=0)
    in_stock: Mapped[bool] = mapped_column(Boolean, default=True)
    sold_count: Mapped[int] = mapped_column(Integer, default=0)
    external_id: Mapped[str | None] = mapped_column(String(64), unique=True)  # Printify's product id
    blueprint_id: Mapped[int | None] = mapped_column(Integer)
    print_provider_id: Mapped[int | None] = mapped_column(Integer)
    #: hash of the mapped facts last applied; equal means nothing to do
    source_hash: Mapped[str] = mapped_column(String(64), default="")
    #: names of fields a merchant changed by hand; a sync leaves them alone
    edited_fields: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list)
    #: read models, rebuilt with every change (catalog/documents.py)
    card: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    search: Mapped[str | None] = mapped_column(TSVECTOR)  # stemmed, weighted
    words: Mapped[str | None] = mapped_column(TSVECTOR)  # as written, for as-you-type
    #: when the clock puts it on sale, and takes it off again (workflows/keep_schedules.py); None: never
    publish_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hide_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: {locale: {"title", "html", "seo_title", "seo_description", "from": {field: mark of the original}}}, each optional
    translations: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    #: chosen for this product; None: its collection's or type's (catalog/guides.py), else `size_guide`
    size_guide_id: Mapped[int | None] = mapped_column(ForeignKey("size_guides.id", ondelete="SET NULL"))
    #: of the reviews that are shown (reviews/recounting.py): how many, the sum of their stars, and the first of them
    rating_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    rating_sum: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    reviews_shown: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    #: product ids, best first: counted from orders (recommending/), and chosen or ruled out by a merchant
    bought_with: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    goes_with: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    goes_not_with: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    #: made to the buyer's specification, so that there is no right to withdraw; None: as the shop's settings say
    is_personalised: Mapped[bool | None] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class Variant(Model):
    __tablename__ = "variants"
    __table_args__ = (UniqueConstraint("product_id", "external_id"), Index("ix_variants_sku", "sku"))

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    external_id: Mapped[int] = mapped_column(BigInteger)  # Printify's variant id
    sku: Mapped[str] = mapped_column(String(120), default="")
    title: Mapped[str] = mapped_column(String(200))  # "Heather Grey / M"
    option_value_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), default=list)  # in the order of product.options
    price_minor: Mapped[int] = mapped_column(Integer)
    cost_minor: Mapped[int] = mapped_column(Integer, default=0)
    compare_at_minor: Mapped[int | None] = mapped_column(Integer)
    grams: Mapped[int] = mapped_column(Integer, default=0)
    #: enabled by the merchant AND available at the provider: may be bought
    is_available: Mapped[bool] = mapped_column(Boolean, default=True)
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    position: Mapped[int] = mapped_column(Integer, default=0)
    price_edited: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    #: prices that win over the rate: {"EUR": [price, price before or 0]} in minor units (tenancy/currencies.py)
    fixed_prices: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))


class Image(DurableWork, Model):
    """One picture. Downloaded once by a job, re-encoded, stored; `renditions` are what we serve."""

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("product_id", "source_url"),
        open_work_index("images"),
        done_work_index("images"),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    source_url: Mapped[str] = mapped_column(String(1000))
    position: Mapped[int] = mapped_column(SmallInteger, default=0)
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    variant_external_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    alt: Mapped[str] = mapped_column(String(300), default="")
    width: Mapped[int] = mapped_column(Integer, default=0)  # 0: not stored yet
    height: Mapped[int] = mapped_column(Integer, default=0)
    colour: Mapped[str] = mapped_column(String(7), default="#e8e4dc")  # average, shown while loading
    #: {"avif": [[320, key], …], "webp": [[320, key], …], "jpeg": [[1200, key]]}
    renditions: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class Collection(Model):
    __tablename__ = "collections"

    slug: Mapped[str] = mapped_column(String(160), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    description_html: Mapped[str] = mapped_column(Text, default="")
    #: products with any of these tags belong; empty: by hand only
    rule_tags: Mapped[list[str]] = mapped_column(ARRAY(String(80)), default=list)
    position: Mapped[int] = mapped_column(Integer, default=0)
    is_shown: Mapped[bool] = mapped_column(Boolean, default=True)
    #: as a product's: {locale: {"title", "html", "from"}}
    translations: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now(), onupdate=clock.now)


class CollectionProduct(Model):
    __tablename__ = "collection_products"
    __table_args__ = (UniqueConstraint("collection_id", "product_id"),)

    collection_id: Mapped[int] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    by_hand: Mapped[bool] = mapped_column(Boolean, default=False)


class ShippingRate(Model):
    """What a print provider charges to send one blank to a country, by method. From PrintifyCache, pure mapping."""

    __tablename__ = "shipping_rates"
    __table_args__ = (
        UniqueConstraint("blueprint_id", "print_provider_id", "method", "country", "variant_external_id"),
    )

    blueprint_id: Mapped[int] = mapped_column(Integer)
    print_provider_id: Mapped[int] = mapped_column(Integer)
    method: Mapped[str] = mapped_column(String(12))  # standard | priority | express | economy
    country: Mapped[str] = mapped_column(String(20))  # ISO 3166 or REST_OF_THE_WORLD
    variant_external_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # 0: every variant
    first_minor: Mapped[int] = mapped_column(Integer)
    more_minor: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    days_min: Mapped[int] = mapped_column(SmallInteger, default=0)
    days_max: Mapped[int] = mapped_column(SmallInteger, default=0)


class CatalogRun(DurableWork, Model):
    """One refresh of the catalogue: its progress while it runs, its plan and result afterwards."""

    __tablename__ = "catalog_runs"
    __table_args__ = (open_work_index("catalog_runs"),)

    cause: Mapped[str] = mapped_column(String(20))  # ttl | hook | button | command
    #: running | completed | needs_approval | approved | rejected | failed
    outcome: Mapped[str] = mapped_column(String(16), default="running")
    pages_done: Mapped[int] = mapped_column(Integer, default=0)
    pages_total: Mapped[int] = mapped_column(Integer, default=0)
    created_count: Mapped[int] = mapped_column(Integer, default=0)
    changed_count: Mapped[int] = mapped_column(Integer, default=0)
    archived_count: Mapped[int] = mapped_column(Integer, default=0)
    unchanged_count: Mapped[int] = mapped_column(Integer, default=0)
    #: {"create": […], "change": […], "archive": […], "skip": […]} each [{"external_id", "title", "reason"}], bounded
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class SizeGuide(Model):
    """A table of measures, for single products (Product.size_guide_id), collections, or types of product."""

    __tablename__ = "size_guides"

    name: Mapped[str] = mapped_column(String(120), unique=True)
    unit: Mapped[str] = mapped_column(String(2), default="cm")  # cm | in: of the numbers in `rows`
    columns: Mapped[list[str]] = mapped_column(JSONB, default=list)  # ["Size", "Width", "Length"]
    rows: Mapped[list[list[str]]] = mapped_column(JSONB, default=list)  # as many cells as columns
    note_html: Mapped[str] = mapped_column(Text, default="")  # sanitised on the way in
    product_types: Mapped[list[str]] = mapped_column(ARRAY(String(80)), default=list)
    collection_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    #: {locale: {"name", "columns": [str], "note_html", "from"}}
    translations: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class CatalogWord(Model):
    """A short word that many products share (a type, an option's name, a colour, a size) in other languages."""

    __tablename__ = "catalog_words"

    word: Mapped[str] = mapped_column(String(120), unique=True)  # as Printify or the merchant wrote it
    translations: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))


class SlugRedirect(Model):
    """An address that something had before. It names the thing, not its address: there can be no loops."""

    __tablename__ = "slug_redirects"
    __table_args__ = (UniqueConstraint("kind", "slug"), Index("ix_slug_redirects_target", "kind", "target_id"))

    kind: Mapped[str] = mapped_column(String(12))  # product | collection
    slug: Mapped[str] = mapped_column(String(160))
    target_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
