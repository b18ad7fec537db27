"""Find anything: orders, products, customers and pages of the panel. Ctrl-K opens it over every page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, request, url_for
from sqlalchemy.orm import Session

from shop.admin.blueprint import bp
from shop.admin.catalog import search_products
from shop.admin.navigation import ITEMS
from shop.admin.order_search import read_asked, search_orders
from shop.admin.permissions import allowed, staff_only
from shop.admin.words import money
from shop.core.pages import render
from shop.customers.searching import find_customers
from shop.extensions import db

MOST = 5  # of each kind
#: (words, title, endpoint, its values): places that the navigation does not name
PLACES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("general name address legal", "Settings: General", "admin.settings", {"section": "general"}),
    ("brand logo colour color", "Settings: Brand", "admin.settings", {"section": "brand"}),
    ("shipping rates zones countries", "Settings: Shipping", "admin.settings", {"section": "shipping"}),
    ("taxes vat", "Settings: Taxes", "admin.settings", {"section": "taxes"}),
    ("production printify submit", "Settings: Production", "admin.settings", {"section": "production"}),
    ("my account password sessions two-factor", "Your account", "admin.account", {}),
    ("new collection", "New collection", "admin.new_collection", {}),
    ("letter kinds texts preview", "Kinds of letters", "admin.letter_kinds", {}),
    ("audit log who changed", "Audit log", "admin.audit", {}),
    ("webhook log events", "Webhook log", "admin.webhook_log", {}),
)


@dataclass(frozen=True)
class Hit:
    kind: str  # Page | Order | Product | Customer
    title: str
    text: str
    url: str
    icon: str


@bp.get("/find")
@staff_only()
def find() -> Response:
    """?q=…; at most MOST of each kind, in a constant number of statements."""
    query = re.sub(r"[\x00-\x1f\x7f]", " ", request.args.get("q", ""))[:100].strip()
    hits = [*_pages(query), *_things(db.session(), query)] if query else _pages("")
    return render("admin/find.html", fragment="results", page_title="Find", query=query, hits=hits)


def _things(session: Session, query: str) -> list[Hit]:
    return [*_orders(session, query), *_products(session, query), *_customers(session, query)]


def _pages(query: str) -> list[Hit]:
    """Pages whose words all begin as what was typed; without a word, the navigation."""
    wanted = query.lower().split()
    places: list[tuple[str, str, str, dict[str, Any], str]] = [
        (title, title, endpoint, {}, icon) for endpoint, title, icon, may in ITEMS if allowed(may)
    ]
    if wanted:
        places += [(f"{title} {words}", title, endpoint, values, "right") for words, title, endpoint, values in PLACES]
    found = []
    for words, title, endpoint, values, icon in places:
        known = words.lower().replace(":", "").split()
        if endpoint in current_app.view_functions and all(any(w.startswith(t) for w in known) for t in wanted):
            found.append(Hit("Page", title, "", url_for(endpoint, **values), icon))
    return found if not wanted else found[:MOST]


def _orders(session: Session, query: str) -> list[Hit]:
    rows = search_orders(session, read_asked({"q": query})).page.items[:MOST]
    return [
        Hit(
            "Order",
            row.number,
            f"{row.customer or row.email} · {money(row.total_minor, row.currency)}",
            url_for("admin.order", number=row.number),
            "receipt",
        )
        for row in rows
    ]


def _products(session: Session, query: str) -> list[Hit]:
    rows = search_products(session, "all", query, 1).items[:MOST]
    return [
        Hit("Product", row.title, row.product_type, url_for("admin.product", product_id=row.id), "tag") for row in rows
    ]


def _customers(session: Session, query: str) -> list[Hit]:
    if "admin.customer" not in current_app.view_functions:
        return []
    return [
        Hit("Customer", row.name or row.email, row.email, url_for("admin.customer", customer_id=row.id), "user")
        for row in find_customers(session, query, MOST)
    ]
