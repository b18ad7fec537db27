"""The panel's navigation: few words, and a count where somebody is waited for."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from shop.extensions import db
from shop.workflows.list_failures import count_parked

#: (endpoint, title, icon, prefix of the endpoints below it)
ITEMS = (
    ("admin.dashboard", "Home", "home"),
    ("admin.orders", "Orders", "receipt"),
    ("admin.catalog", "Catalogue", "tag"),
    ("admin.collections", "Collections", "box"),
    ("admin.letters", "Letters", "mail"),
    ("admin.failures", "Failures", "alert"),
    ("admin.settings", "Settings", "gear"),
)


def nav_items() -> list[dict[str, Any]]:
    """[{title, url, icon, current, count}] for the layout."""
    here = request.path
    failures = sum(count_parked(db.session()).values())
    items = []
    for endpoint, title, icon in ITEMS:
        url = url_for(endpoint)
        current = here == url if endpoint == "admin.dashboard" else here == url or here.startswith(url + "/")
        count = ("99+" if failures > 99 else failures) if endpoint == "admin.failures" else 0
        items.append({"title": title, "url": url, "icon": icon, "current": current, "count": count})
    return items
