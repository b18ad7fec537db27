"""Variants: one size in one colour of a product, with its price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select

from shop.api.v1.fields import LINE, Id, ListQuery, Money, Query, in_the_shops_currency
from shop.api.v1.listing import page_of
from shop.api.v1.operation import Answer, Call, operation
from shop.catalog import models
from shop.catalog.editing import Edited, ProductEdit, apply_edit, find_product
from shop.catalog.reading_printify import MOST_MINOR
from shop.core import clock
from shop.core.money import format_minor
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile


class Variant(Struct, kw_only=True):
    """`id` is what a cart or a checkout is given."""

    id: int
    product_id: int
    sku: str
    title: str
    option_value_ids: list[int]
    price: Money
    compare_at_price: Annotated[Money | None, Meta(description="The price before, shown struck.")]
    grams: int
    is_available: Annotated[bool, Meta(description="May be bought.")]
    position: int


class VariantPage(Struct):
    data: list[Variant]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


class VariantQuery(ListQuery, kw_only=True):
    product_id: Id | UnsetType = UNSET
    sku: Annotated[str, Meta(max_length=120, pattern=LINE)] | UnsetType = UNSET


class VariantChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays. `compare_at_price` must be above the price; null takes it away."""

    price: Money | UnsetType = UNSET
    compare_at_price: Money | UnsetType | None = UNSET


class VariantPrice(VariantChange, forbid_unknown_fields=True, kw_only=True):
    """The price of one variant of a product."""

    id: Id


@operation("GET", "/variants", "products:read")
def list_variants(call: Call[VariantQuery, None]) -> Answer[VariantPage]:
    """Variants of all products, or of one."""
    query = call.query
    chosen = select(models.Variant).where(models.Variant.position >= 0)
    if query.product_id is not UNSET:
        chosen = chosen.where(models.Variant.product_id == query.product_id)
    if query.sku is not UNSET:
        chosen = chosen.where(models.Variant.sku == query.sku)
    rows, after, headers = page_of("variants", query, chosen, models.Variant.id, lambda row: row[0].id)
    return Answer(VariantPage([show_variant(row[0]) for row in rows], after), headers=headers)


@operation("GET", "/variants/<int:variant_id>", "products:read")
def get_variant(call: Call[Query, None], variant_id: int) -> Answer[Variant]:
    """One variant."""
    found = db.session.execute(
        select(models.Variant).where(models.Variant.id == variant_id, models.Variant.position >= 0)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such variant.")
    return Answer(show_variant(found))


@operation("PATCH", "/variants/<int:variant_id>", "products:write", versioned=True)
def change_variant(call: Call[Query, VariantChange], variant_id: int) -> Answer[Variant]:
    """Change the price of a variant. It is yours from then on: refreshes leave it alone."""
    with transaction() as session:
        product_id = session.execute(
            select(models.Variant.product_id).where(models.Variant.id == variant_id)
        ).scalar_one_or_none()
        found = None if product_id is None else find_product(session, product_id, to_change=True)
        variant = next((v for v in found.variants if v.id == variant_id), None) if found else None
        if found is None or variant is None:
            raise NotFound("There is no such variant.")
        call.must_match(show_variant(variant))
        change = VariantPrice(id=variant_id, price=call.body.price, compare_at_price=call.body.compare_at_price)
        edit = price_edit(found, [change], inside="")
        if edit != ProductEdit():
            apply_edit(session, found, edit, clock.now())
        return call.keep(session, Answer(show_variant(variant)))


def price_edit(found: Edited, changes: Sequence[VariantPrice], inside: str | None = None) -> ProductEdit:
    """What differs. Raises InvalidInput: a variant of another product, a price out of range, a lower one before."""
    edit, errors = ProductEdit(), dict[str, str]()
    variants = {variant.id: variant for variant in found.variants}
    for number, change in enumerate(changes):
        place = f"prices.{number}." if inside is None else inside
        variant = variants.get(change.id)
        if variant is None:
            errors[f"{place}id"] = "is no variant of this product"
            continue
        try:
            _read_prices(edit, variant, change, place)
        except InvalidInput as error:
            errors.update(error.fields)
    if errors:
        raise InvalidInput(fields=errors)
    return edit


def _read_prices(edit: ProductEdit, variant: models.Variant, change: VariantChange, place: str) -> None:
    price, before = variant.price_minor, variant.compare_at_minor
    if isinstance(change.price, Money):
        price = _amount(change.price, f"{place}price")
    if isinstance(change.compare_at_price, Money):
        before = _amount(change.compare_at_price, f"{place}compare_at_price")
    elif change.compare_at_price is None:
        before = None
    if before is not None and before <= price:
        shown = format_minor(price, current_profile().currency)
        raise InvalidInput(fields={f"{place}compare_at_price": f"must be above the price, {shown}"})
    if price != variant.price_minor:
        edit.prices[variant.id] = price
    if before != variant.compare_at_minor:
        edit.prices_before[variant.id] = before


def _amount(money: Money, name: str) -> int:
    minor = in_the_shops_currency(money, name)
    if not 0 < minor <= MOST_MINOR:
        raise InvalidInput(fields={f"{name}.amount_minor": f"must be from 1 to {MOST_MINOR}"})
    return minor


def show_variant(variant: models.Variant) -> Variant:
    currency = current_profile().currency
    before = variant.compare_at_minor
    return Variant(
        id=variant.id,
        product_id=variant.product_id,
        sku=variant.sku,
        title=variant.title,
        option_value_ids=list(variant.option_value_ids),
        price=Money(variant.price_minor, currency),
        compare_at_price=None if before is None else Money(before, currency),
        grams=variant.grams,
        is_available=variant.is_available,
        position=variant.position,
    )
