"""The panel's navigation: few words, and a count where somebody is waited for."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for

from shop.admin.permissions import May, allowed
from shop.admin.reviews.searching import waiting_reviews
from shop.channels.ordering.waiting import needing_you
from shop.extensions import db
from shop.returns.waiting import waiting_returns
from shop.workflows.list_failures import count_parked

#: (endpoint, title, icon, permission to see it)
ITEMS = (
    ("admin.dashboard", "Home", "home", May.LOOK),
    ("admin.orders", "Orders", "receipt", May.LOOK),
    ("admin.channel_orders", "From channels", "receipt", May.LOOK),
    ("admin.drafts", "Drafts", "edit", May.LOOK),
    ("admin.returns", "Returns", "return", May.LOOK),
    ("admin.disputes", "Disputes", "scale", May.LOOK),
    ("admin.catalog", "Catalogue", "tag", May.LOOK),
    ("admin.collections", "Collections", "box", May.LOOK),
    ("admin.channels", "Channels", "plug", May.LOOK),
    ("admin.discounts", "Discounts", "tag", May.LOOK),
    ("admin.gift_cards", "Gift cards", "gift", May.LOOK),
    ("admin.vat", "VAT in the EU", "receipt", May.LOOK),
    ("admin.customers", "Customers", "user", May.LOOK),
    ("admin.reviews", "Reviews", "star", May.LOOK),
    ("admin.newsletters", "Newsletters", "mail", May.LOOK),
    ("admin.subscribers", "Subscribers", "user", May.LOOK),
    ("admin.content", "Content", "page", May.LOOK),
    ("admin.languages_page", "Languages", "globe", May.LOOK),
    ("admin.letters", "Letters", "mail", May.LOOK),
    ("admin.failures", "Failures", "alert", May.LOOK),
    ("admin.jobs", "Jobs", "clock", May.DEVELOP),
    ("admin.automations", "Automations", "plug", May.DEVELOP),
    ("admin.developers", "Developers", "code", May.DEVELOP),
    ("admin.staff", "Staff", "lock", May.STAFF),
    ("admin.settings", "Settings", "gear", May.LOOK),
)


def nav_items() -> list[dict[str, Any]]:
    """[{title, url, icon, current, count}] for the layout: what the member who is signed in may see."""
    here = request.path
    waiting = {
        "admin.reviews": waiting_reviews(),
        "admin.returns": waiting_returns(),
        "admin.channel_orders": needing_you(),
    }
    found = count_parked(db.session(), **waiting)
    counts = {endpoint: found.pop(endpoint) for endpoint in waiting}
    counts["admin.failures"] = sum(found.values())
    items = []
    for endpoint, title, icon, permission in ITEMS:
        if endpoint not in current_app.view_functions or not allowed(permission):
            continue
        url = url_for(endpoint)
        current = here == url if endpoint == "admin.dashboard" else here == url or here.startswith(url + "/")
        number = counts.get(endpoint, 0)
        count = "99+" if number > 99 else number
        items.append({"title": title, "url": url, "icon": icon, "current": current, "count": count})
    return items
