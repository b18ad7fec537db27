"""The order behind its unguessable link, and what its pages have in common."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import select

from shop.core.pages import render
from shop.errors import NotFound
from shop.extensions import db
from shop.orders.models import Order
from shop.words import mark


def order_by_token(token: str) -> Order:
    """Raises NotFound."""
    known = token.isascii() and token.isprintable() and len(token) <= 64
    found = db.session.execute(select(Order).where(Order.token == token)).scalar_one_or_none() if known else None
    if found is None:
        raise NotFound(mark("This order link is not known. It may be incomplete."))
    return found


def private_page(template: str, *, status: int = 200, **values: Any) -> Response:
    """A page for whoever has the link: kept nowhere, found by no search engine, its address told to nobody."""
    return private(render(template, status=status, canonical_url=None, **values))


def private(page: Response) -> Response:
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
