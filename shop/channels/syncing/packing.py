"""Records into JSON and back, for the rows of a plan. Their raw answer is not packed: it is theirs, and large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from shop.channels.raw_answers import clean
from shop.channels.records import (
    AddressRecord,
    CustomerRecord,
    ImageRecord,
    OptionRecord,
    ProductRecord,
    ProductStatus,
    VariantRecord,
)

_LEFT_OUT = ("raw", "unknown", "updated_at")


def pack(record: ProductRecord | CustomerRecord | VariantRecord) -> dict[str, Any]:
    """Plain JSON. `unpack_product` and its sisters make it whole again, without what is left out."""
    bare = record if isinstance(record, VariantRecord) else replace(record, raw=None)
    packed = {name: value for name, value in asdict(bare).items() if name not in _LEFT_OUT}
    return dict(clean(packed))


def unpack_product(data: Mapping[str, Any]) -> ProductRecord:
    return ProductRecord(
        **{
            **data,
            "status": ProductStatus(data["status"]),
            "variants": tuple(unpack_variant(v) for v in data["variants"]),
            "options": tuple(OptionRecord(**{**o, "values": tuple(o["values"])}) for o in data["options"]),
            "images": tuple(ImageRecord(**i) for i in data["images"]),
            "tags": tuple(data["tags"]),
        }
    )


def unpack_variant(data: Mapping[str, Any]) -> VariantRecord:
    return VariantRecord(**data)


def unpack_customer(data: Mapping[str, Any]) -> CustomerRecord:
    addresses = tuple(AddressRecord(**a) for a in data["addresses"])
    return CustomerRecord(**{**data, "addresses": addresses, "tags": tuple(data["tags"])})
