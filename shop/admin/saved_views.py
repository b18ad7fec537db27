"""Saved views of the panel's lists: a name for a search, shown beside the list's own tabs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import current_app, request, url_for
from werkzeug.wrappers import Response

from shop.accounts import saved_views
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db

#: lists that can be saved, by endpoint
LISTS = ("admin.orders", "admin.catalog", "admin.customers", "admin.letters", "admin.drafts", "admin.disputes",
         "admin.reviews", "admin.returns", "admin.withdrawals")  # fmt: skip
_NOT_KEPT = {"page", "after", "before", "csrf_token"}


@bp.post("/views")
@staff_only(May.SUPPORT)
def save_view() -> Response:
    """Keep what a list was asked for under a name. The same name again replaces it."""
    page, query = _page(request.form.get("list", "")), asked_for(request.form.get("query", ""))
    name = request.form.get("name", "").replace("\0", "")

    def work() -> None:
        with transaction() as session:
            try:
                saved_views.save_view(session, page, name, query)
            except InvalidInput as error:
                raise InvalidInput(" ".join(error.fields.values())) from error

    return press(work, done="The view is saved.", back=address_of(page, query))


@bp.post("/views/<int:view_id>/delete")
@staff_only(May.SUPPORT)
def delete_view(view_id: int) -> Response:
    page = _page(request.form.get("list", ""))

    def work() -> None:
        with transaction() as session:
            if not saved_views.delete_view(session, page, view_id):
                raise NotFound("The view was deleted already.")

    return press(work, done="The view is deleted. The list itself is as it was.", back=url_for(page))


@bp.app_template_global()
def views_of(page: str) -> dict[str, Any]:
    """{views: [{id, name, url, current}], query, page}: for `admin/saved_views.html`; one statement."""
    query = asked_for(request.query_string.decode("utf-8", "replace"))
    views = [
        {"id": view.id, "name": view.name, "url": address_of(page, view.query), "current": view.query == query}
        for view in saved_views.list_views(db.session(), page)
    ]
    return {"views": views, "query": query, "page": page, "current": next((v for v in views if v["current"]), None)}


def asked_for(query: str) -> str:
    """The part of an address that says what is searched for, in one order, without pages and tokens."""
    pairs = parse_qsl(query[:4000], errors="replace")[:40]
    return urlencode(sorted((k, v) for k, v in pairs if v and k not in _NOT_KEPT and "\0" not in k + v))


def address_of(page: str, query: str) -> str:
    return f"{url_for(page)}?{query}" if query else str(url_for(page))


def _page(endpoint: str) -> str:
    if endpoint not in LISTS or endpoint not in current_app.view_functions:
        raise NotFound("There is no such list.")
    return endpoint
