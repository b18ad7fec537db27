"""A merchant gives a field back to Printify: what Printify told last is put in its place, and refreshes keep it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.editing import Edited, publish
from shop.catalog.models import Image, Product, Variant
from shop.catalog.reading_printify import ReadProduct, Unreadable, read_blank, read_product
from shop.catalog.staging import BLUEPRINT, PRODUCT, read_payloads
from shop.errors import Conflict

PRICES = "prices"
PRICE_OF = "price-"  # one variant's, with our id
#: what can be given back, and what it is called
GIVEN_BACK = {
    "title": "Title",
    "description_html": "Description",
    "tags": "Tags",
    "product_type": "Type",
    "status": "Status",
    "images": "Order of the pictures",
    PRICES: "Prices",
}

# An archive by a refresh empties source_hash: the product is gone at Printify.
_STATUSES = text("""
    SELECT p.id, CASE WHEN p.source_hash = '' THEN 'archived'
                      WHEN c.payload->'visible' IS NOT DISTINCT FROM 'false'::jsonb
                        OR c.payload->'is_deleted' IS NOT DISTINCT FROM 'true'::jsonb
                        OR NOT EXISTS (SELECT 1 FROM variants v WHERE v.product_id = p.id AND v.position >= 0)
                      THEN 'draft' ELSE 'active' END
      FROM products p JOIN printify_cache c ON c.kind = 'product' AND c.external_id = p.external_id
     WHERE p.id = ANY(:ids)""")


def told_statuses(session: Session, product_ids: Sequence[int]) -> dict[int, str]:
    """The status that refreshes would give, by our product id; products that never came from Printify are left out."""
    return {row[0]: row[1] for row in session.execute(_STATUSES, {"ids": list(product_ids)})}


def leave_status_to_printify(product: Product, told: str | None) -> None:
    """A status that is Printify's anyway is nobody's edit: a product that goes there must go here too."""
    if told == product.status and "status" in product.edited_fields:
        _unmark(product, "status")


def take_back(session: Session, found: Edited, name: str, at: datetime) -> None:
    """Put Printify's value of one field (a key of GIVEN_BACK, or "price-<variant id>") in place of the merchant's.

    Raises Conflict when Printify's value is not known, or the field is not the merchant's (any more).
    """
    product = found.product
    if name not in names_given_back(found):
        raise Conflict("This is Printify’s already.")
    if name == "status":
        told = told_statuses(session, [product.id]).get(product.id)
        if told is None:
            raise Conflict(_NOT_KNOWN)
        product.status = told
    else:
        _put_back(found, name, _told(session, product))
    _unmark(product, name)
    product.updated_at = at
    publish(session, [product.id])


def names_given_back(found: Edited) -> list[str]:
    """What of this product is the merchant's own and could be Printify's again."""
    names = [name for name in GIVEN_BACK if name in found.product.edited_fields]
    priced = [f"{PRICE_OF}{variant.id}" for variant in found.variants if variant.price_edited]
    return [*names, *([PRICES] if priced else []), *priced]


_NOT_KNOWN = "What Printify says about this product is not known. Refresh the catalogue, then try again."


def _told(session: Session, product: Product) -> ReadProduct:
    payload = read_payloads(session, PRODUCT, [product.external_id or ""]).get(product.external_id or "")
    if payload is None:
        raise Conflict(_NOT_KNOWN)
    blank_id = str(payload.get("blueprint_id"))
    blank = read_payloads(session, BLUEPRINT, [blank_id]).get(blank_id)
    try:
        return read_product(payload, read_blank(blank) if blank else None)
    except Unreadable as error:
        raise Conflict(_NOT_KNOWN) from error


def _put_back(found: Edited, name: str, told: ReadProduct) -> None:
    if name == "images":
        _order_as_told(found.images, told)
    elif name == PRICES or name.startswith(PRICE_OF):
        chosen = [v for v in found.variants if v.price_edited and name in (PRICES, f"{PRICE_OF}{v.id}")]
        _price_as_told(chosen, {variant.external_id: variant.price_minor for variant in told.variants})
    else:
        setattr(found.product, name, getattr(told, name))


def _price_as_told(variants: Sequence[Variant], prices: dict[int, int]) -> None:
    for variant in variants:
        variant.price_minor = prices.get(variant.external_id, variant.price_minor)
        variant.price_edited = False
        if variant.compare_at_minor is not None and variant.compare_at_minor <= variant.price_minor:
            variant.compare_at_minor = None


def _order_as_told(images: Sequence[Image], told: ReadProduct) -> None:
    places = {image.source_url: (image.position, image.is_default) for image in told.images}
    for image in images:
        image.position, image.is_default = places.get(image.source_url, (image.position, False))


def _unmark(product: Product, name: str) -> None:
    product.edited_fields = [kept for kept in product.edited_fields if kept != name]
