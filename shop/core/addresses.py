"""Parts of an address, bounded: a number no row can have is an address that does not exist."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter


class RowId(IntegerConverter):
    """`<int:…>` everywhere in the shop: up to 18 digits, which PostgreSQL's bigint always holds.

    The bound stands in the pattern, not in `max`: the router looks at methods before it converts, so with `max` a
    number too large would be answered 405 where another method has the same address.
    """

    regex = r"\d{1,18}"
