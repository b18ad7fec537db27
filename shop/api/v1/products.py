"""Products: what is sold, and what a merchant's own systems change about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from flask import current_app
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.api.v1.fields import LINE, LINE_OR_NOTHING, NO_NUL, ChangedQuery, Id, Money, Query, given, tidy, utc
from shop.api.v1.listing import changed_within, created_within, page_of
from shop.api.v1.operation import Answer, Call, operation
from shop.api.v1.variants import Variant, VariantPrice, price_edit, show_variant
from shop.catalog import models
from shop.catalog.cards import picture_from
from shop.catalog.editing import Edited, ProductEdit, apply_edit, find_product
from shop.catalog.html import MOST_CHARS_OUT, clean_html
from shop.catalog.reading_printify import MOST_TAGS
from shop.catalog.taking_back import leave_status_to_printify, told_statuses
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile

Status = Literal["active", "draft", "archived"]
Tag = Annotated[str, Meta(max_length=80, pattern=LINE.replace("[^", "[^,"))]


class ProductQuery(ChangedQuery, kw_only=True):
    status: Status | UnsetType = UNSET
    tag: Annotated[Tag, Meta(description="Products with this very tag.")] | UnsetType = UNSET
    collection_id: Id | UnsetType = UNSET


class Product(Struct, kw_only=True):
    """A product as lists show it."""

    id: int
    slug: str
    title: str
    status: Status
    product_type: str
    brand: str
    tags: list[str]
    price_min: Money
    price_max: Money
    in_stock: bool
    sold_count: int
    url: Annotated[str, Meta(description="Its page in the shop.")]
    external_id: Annotated[str | None, Meta(description="Its id at the print provider.")]
    created_at: datetime
    updated_at: datetime


class Picture(Struct):
    """`url` is null until the picture has been fetched."""

    id: int
    alt: str
    url: str | None
    width: int
    height: int


class OptionValue(Struct):
    id: int
    title: str


class Option(Struct):
    """What variants differ by; `key` is color or size."""

    key: str
    name: str
    values: list[OptionValue]


class ProductDetail(Product, kw_only=True):
    """A product with all that belongs to it."""

    description_html: str
    seo_title: str
    seo_description: str
    options: list[Option]
    variants: list[Variant]
    pictures: list[Picture]
    edited_fields: Annotated[list[str], Meta(description="Changed by hand: refreshes leave these alone.")]


class ProductPage(Struct):
    data: list[Product]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


class ProductChange(Struct, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    title: Annotated[str, Meta(max_length=300, pattern=LINE)] | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    description_html: (
        Annotated[
            str,
            Meta(max_length=MOST_CHARS_OUT, pattern=NO_NUL, description="Cleaned: plain structure is kept, no links."),
        ]
        | UnsetType
    ) = UNSET
    tags: Annotated[list[Tag], Meta(max_length=MOST_TAGS)] | UnsetType = UNSET
    seo_title: Annotated[str, Meta(max_length=200, pattern=LINE_OR_NOTHING)] | UnsetType = UNSET
    seo_description: Annotated[str, Meta(max_length=400, pattern=LINE_OR_NOTHING)] | UnsetType = UNSET
    prices: Annotated[list[VariantPrice], Meta(max_length=250)] | UnsetType = UNSET


@operation("GET", "/products", "products:read")
def list_products(call: Call[ProductQuery, None]) -> Answer[ProductPage]:
    """Products, newest first."""
    query = call.query
    chosen = select(models.Product).where(*created_within(query, models.Product.created_at))
    chosen = chosen.where(*changed_within(query, models.Product.updated_at))
    if query.status is not UNSET:
        chosen = chosen.where(models.Product.status == query.status)
    if query.tag is not UNSET:
        chosen = chosen.where(models.Product.tags.contains([query.tag]))
    if query.collection_id is not UNSET:
        inside = select(models.CollectionProduct.product_id).where(
            models.CollectionProduct.collection_id == query.collection_id
        )
        chosen = chosen.where(models.Product.id.in_(inside))
    rows, after, headers = page_of("products", query, chosen, models.Product.id, lambda row: row[0].id)
    return Answer(ProductPage([Product(**facts_of(row[0])) for row in rows], after), headers=headers)


@operation("GET", "/products/<int:product_id>", "products:read")
def get_product(call: Call[Query, None], product_id: int) -> Answer[ProductDetail]:
    """One product with its variants and pictures."""
    return Answer(show_product(_find(db.session(), product_id)))


@operation("PATCH", "/products/<int:product_id>", "products:write", versioned=True)
def change_product(call: Call[Query, ProductChange], product_id: int) -> Answer[ProductDetail]:
    """Change a product.

    What is changed here is yours from then on, as if it had been changed in the panel: a refresh of the catalogue
    leaves it alone. The shop shows it within a second.
    """
    with transaction() as session:
        found = _find(session, product_id, to_change=True)
        call.must_match(show_product(found))
        edit = read_change(call.body, found)
        if edit != ProductEdit():
            apply_edit(session, found, edit, clock.now())
            if "status" in edit.columns:
                leave_status_to_printify(found.product, told_statuses(session, [product_id]).get(product_id))
            session.flush()
            found = _find(session, product_id, to_change=True)
        return call.keep(session, Answer(show_product(found)))


def read_change(body: ProductChange, found: Edited) -> ProductEdit:
    """Only what differs. Raises InvalidInput."""
    product = found.product
    edit = price_edit(found, [] if body.prices is UNSET else body.prices)
    texts = given(body, "title", "seo_title", "seo_description")
    columns: dict[str, Any] = {name: tidy(value) for name, value in texts.items()}
    if "title" in columns and not columns["title"]:
        raise InvalidInput(fields={"title": "is missing"})
    if body.status is not UNSET:
        columns["status"] = body.status
    if body.description_html is not UNSET:
        columns["description_html"] = clean_html(body.description_html)
    if body.tags is not UNSET:
        columns["tags"] = each_once(body.tags)
    edit.columns = {name: value for name, value in columns.items() if value != getattr(product, name)}
    return edit


def each_once(tags: list[str]) -> list[str]:
    """Each tag once, whatever its case."""
    return list({tidy(tag).casefold(): tidy(tag) for tag in reversed(tags)}.values())[::-1]


def facts_of(product: models.Product) -> dict[str, Any]:
    currency = current_profile().currency
    return {
        "id": product.id,
        "slug": product.slug,
        "title": product.title,
        "status": product.status,
        "product_type": product.product_type,
        "brand": product.brand,
        "tags": list(product.tags),
        "price_min": Money(product.price_min_minor, currency),
        "price_max": Money(product.price_max_minor, currency),
        "in_stock": product.in_stock,
        "sold_count": product.sold_count,
        "url": f"{current_app.config['IMPRINT'].public_url.rstrip('/')}/products/{product.slug}",
        "external_id": product.external_id,
        "created_at": utc(product.created_at),
        "updated_at": utc(product.updated_at),
    }


def show_product(found: Edited) -> ProductDetail:
    product = found.product
    return ProductDetail(
        **facts_of(product),
        description_html=product.description_html,
        seo_title=product.seo_title,
        seo_description=product.seo_description,
        options=[_option(option) for option in product.options],
        variants=[show_variant(variant) for variant in found.variants],
        pictures=[_picture(image) for image in found.images],
        edited_fields=list(product.edited_fields),
    )


def _option(stored: dict[str, Any]) -> Option:
    values = [OptionValue(int(value["id"]), str(value["title"])) for value in stored.get("values", [])]
    return Option(str(stored.get("key", "")), str(stored.get("name", "")), values)


def _picture(image: models.Image) -> Picture:
    config = current_app.config["IMPRINT"]
    names = ("alt", "width", "height", "colour", "renditions")
    shown = picture_from({name: getattr(image, name) for name in names}, config.media_url.rstrip("/"))
    url = shown["full"] if shown else None
    if url is not None and url.startswith("/"):
        url = config.public_url.rstrip("/") + url
    return Picture(image.id, image.alt, url, image.width, image.height)


def _find(session: Session, product_id: int, to_change: bool = False) -> Edited:
    found = find_product(session, product_id, to_change)
    if found is None:
        raise NotFound("There is no such product.")
    return found
