"""Parts of an address, bounded: a number no row can have is an address that does not exist."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import IntegerConverter, Map

LARGEST_ID = 2**63 - 1  # PostgreSQL's bigint


class RowId(IntegerConverter):
    """`<int:…>` everywhere in the shop."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:
        super().__init__(map, *args, **{"max": LARGEST_ID, **options})
