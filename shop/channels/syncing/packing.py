"""Records into JSON and back, for the rows of a plan. Their raw answer is not packed: it is theirs, and large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

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
    return dict(_without_nul(packed))


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


def raw_for_keeping(raw: Any, most: int = 200_000) -> Any:
    """Their own answer as it may be stored: JSON, bounded, without what PostgreSQL cannot hold."""
    found = _without_nul(raw)
    text = str(found)
    return found if len(text) <= most else text[:most]


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "") if "\x00" in value else value
    if isinstance(value, Mapping):
        return {str(_without_nul(name)): _without_nul(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)
