"""Addresses of old: whoever comes by one is sent to where the thing is now."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response

from shop.catalog.addresses import where_it_went
from shop.kept_pages import CACHE_CONTROL


def moved(kind: str, slug: str, folder: str) -> Response | None:
    """301 to the address of today, with what was asked for; None when nothing had this address.

    Browsers may not keep it unasked: an address that is given back would lead in circles in them.
    """
    now = where_it_went(kind, slug)
    if now is None or now == slug:
        return None
    query = request.query_string.decode("ascii", "ignore")
    answer = redirect(f"{folder}/{now}" + (f"?{query}" if query else ""), 301)
    answer.headers["Cache-Control"] = CACHE_CONTROL
    return answer
