"""The body of a new product, and how one of ours is known again (contracts/printify.md §5.4). Pure.

`visible` is writable (measured, §5.3); where it is not kept, the product comes in as one on sale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def new_product_payload(
    *,
    title: str,
    description_html: str,
    tags: Sequence[str],
    blueprint_id: int,
    provider_id: int,
    variants: Sequence[Mapping[str, Any]],
    placements: Sequence[Mapping[str, Any]],
    upload_id: str,
    reference: str,
    is_visible: bool = True,
) -> dict[str, Any]:
    """`variants`: [{"id", "price_minor"}]. Each SKU begins with our reference: creation has no idempotency key, so the
    SKU is how a product whose making was not answered is found again."""
    ids = [variant["id"] for variant in variants]
    return {
        "title": title,
        "description": description_html,
        "tags": list(tags),
        "blueprint_id": blueprint_id,
        "print_provider_id": provider_id,
        "visible": is_visible,
        "variants": [
            {
                "id": variant["id"],
                "price": variant["price_minor"],
                "is_enabled": True,
                "is_default": number == 0,
                "sku": sku_of(reference, variant["id"]),
            }
            for number, variant in enumerate(variants)
        ],
        "print_areas": [
            {
                "variant_ids": ids,
                "placeholders": [
                    {
                        "position": place["position"],
                        "images": [
                            {
                                "id": upload_id,
                                "x": place["x"],
                                "y": place["y"],
                                "scale": place["scale"],
                                "angle": int(place["angle"]),
                            }
                        ],
                    }
                    for place in placements
                ],
            }
        ],
    }


def sku_of(reference: str, variant_id: int) -> str:
    return f"{reference}-{variant_id}"


def made_from(reference: str, products: Iterable[Mapping[str, Any]]) -> str | None:
    """The outside id of the product that carries our reference; None when it is not among these."""
    for product in products:
        skus = [v.get("sku") for v in product.get("variants") or () if isinstance(v, dict)]
        if any(isinstance(sku, str) and sku.startswith(f"{reference}-") for sku in skus):
            found = product.get("id")
            return found if isinstance(found, str) else None
    return None
