"""A unified order as JSON and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import orjson

from shop.channels.comparing import fingerprint
from shop.channels.raw_answers import clean
from shop.channels.records import AddressRecord, FulfilmentState, OrderLineRecord, OrderRecord, PaymentState

MOST_LINES = 1000
_LEFT_OUT = ("raw", "unknown")
_MOMENTS = ("placed_at", "updated_at")


def to_json(record: OrderRecord) -> dict[str, Any]:
    """Without their raw answer; times as ISO texts; NUL characters, which no database takes, are gone."""
    found = {name: value for name, value in asdict(record).items() if name not in _LEFT_OUT}
    for name in _MOMENTS:
        found[name] = found[name].isoformat() if found[name] else None
    cleaned: dict[str, Any] = clean(orjson.loads(orjson.dumps(found, default=str)))
    return cleaned


def from_json(data: Mapping[str, Any]) -> OrderRecord:
    """What `to_json` made; names that are not known any more are passed over."""
    known = {field.name for field in fields(OrderRecord)}
    values: dict[str, Any] = {name: value for name, value in data.items() if name in known}
    values["lines"] = tuple(_made(OrderLineRecord, line) for line in values.get("lines") or ())
    for name in ("ship_to", "bill_to"):
        values[name] = _made(AddressRecord, values.get(name) or {})
    for name in _MOMENTS:
        values[name] = _moment(values.get(name))
    values["placed_at"] = values["placed_at"] or datetime.fromtimestamp(0, UTC)
    values["codes"] = tuple(values.get("codes") or ())
    values["payment"] = PaymentState(values["payment"])
    values["fulfilment"] = FulfilmentState(values["fulfilment"])
    return OrderRecord(**values)


def _made(kind: Any, data: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in data.items() if name in known})


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def hash_of(data: Mapping[str, Any]) -> str:
    """Equal when nothing that we look at has changed there; their time of change alone is no change."""
    return fingerprint({name: value for name, value in data.items() if name != "updated_at"})
