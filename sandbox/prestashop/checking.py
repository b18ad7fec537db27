"""A write against the resource: what is required, too long or no number (§2, codes 41, 84, 85, 89 to 91)."""

from __future__ import annotations

import re

from sandbox.prestashop.asking import Wrong
from sandbox.prestashop.schema import Field, Resource
from sandbox.prestashop.tables import Row

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_BAD_REFERENCE = re.compile(r"[<>;={}]")
_SLUG = re.compile(r"[_a-zA-Z0-9\-]+")


def whole_row(resource: Resource, sent: Row, before: Row | None, *, is_patch: bool = False) -> Row:
    """The row as it will be: a PUT replaces everything, so what was not sent is empty afterwards, lists too."""
    if before is None and sent.get("id"):
        raise Wrong(400, 91, "id is forbidden when adding a new resource")
    if before is not None and sent.get("id") not in (str(before["id"]),):
        raise Wrong(400, 90, "id is required when modifying a resource")
    old: Row = before if before is not None and is_patch else {}
    row: Row = {}
    for name, spec in resource.fields.items():
        if spec.read_only:
            continue
        value = sent.get(name, old.get(name, {} if spec.kind == "lang" else spec.default))
        is_empty = not any(value.values()) if isinstance(value, dict) else value == ""
        if spec.required and ((name not in sent and name not in old) or is_empty):
            raise Wrong(400, 41, f'parameter "{name}" required')
        if value == "" and spec.default and before is None:
            value = spec.default
        _check(resource, name, spec, value)
        row[name] = value
    if before is not None:
        row |= {"id": before["id"], "date_add": sent.get("date_add") or before.get("date_add", "")}
    row["associations"] = sent.get("associations") or ((old.get("associations") or {}) if is_patch else {})
    return row


def _check(resource: Resource, name: str, spec: Field, value: object) -> None:
    texts = list(value.values()) if isinstance(value, dict) else [str(value)]
    for text in texts:
        if spec.size and len(text) > spec.size:
            raise Wrong(400, 85, f"Property {resource.item}->{name} length ({len(text)}) must be at most {spec.size}")
        if text and spec.kind in ("number", "id", "flag") and not _NUMBER.fullmatch(text):
            raise Wrong(400, 85, f"Property {resource.item}->{name} is not valid")
        if text and spec.kind == "time" and not _TIME.fullmatch(text):
            raise Wrong(400, 85, f"Property {resource.item}->{name} is not valid")
        if text and name == "link_rewrite" and not _SLUG.fullmatch(text):
            raise Wrong(400, 85, f"Property {resource.item}->link_rewrite is not valid")
        if name in ("reference", "name", "tracking_number") and _BAD_REFERENCE.search(text):
            raise Wrong(400, 85, f"Property {resource.item}->{name} is not valid")
