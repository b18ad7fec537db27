"""What is not published yet, as visitors will see it: for signed-in staff with a link from the panel, never kept."""

from __future__ import annotations

from flask import Response, request
from flask_login import current_user
from sqlalchemy import inspect

from shop.content.home import draft_of, find_home
from shop.content.pages import get_page
from shop.content.showing import page_in
from shop.core.signing import read_signed
from shop.errors import NotFound
from shop.extensions import db
from shop.storefront.context import page_locale
from shop.storefront.home import show_home
from shop.storefront.pages import show_page

LIVES_SECONDS = 3600


def preview_home() -> Response:
    """GET /preview/home?key=…"""
    _check("home")
    return _private(show_home(draft_of(find_home(db.session()))))


def preview_page(page_id: int) -> Response:
    """GET /preview/pages/<id>?key=…: the page as it is saved, published or not."""
    _check(f"page {page_id}")
    page = get_page(db.session(), page_id)
    row = {column.key: getattr(page, column.key) for column in inspect(page).mapper.column_attrs}
    return _private(show_page(page_in(page_locale(), row)))


def _check(what: str) -> None:
    if not current_user.is_authenticated or read_signed("preview", request.args.get("key", ""), LIVES_SECONDS) != what:
        raise NotFound("This preview is no longer there. Open it again from the panel.")


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
