"""Where the other pages of a list are, as the pagination macro wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shop.core.paging import Page


def page_links(page: Page[Any], url_of: Callable[[int], str]) -> dict[str, Any]:
    """{prev, next, numbers: [{n, url, current}]}; n None is a gap."""
    numbers: list[dict[str, Any]] = []
    before = 0
    for n in page.numbers():
        if n > before + 1:
            numbers.append({"n": None})
        numbers.append({"n": n, "url": url_of(n), "current": n == page.page})
        before = n
    return {
        "prev": url_of(page.page - 1) if page.page > 1 else None,
        "next": url_of(page.page + 1) if page.page < page.pages else None,
        "numbers": numbers,
    }
