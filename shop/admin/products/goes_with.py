"""What a product's page recommends: what was counted from orders, what the merchant pins, what they rule out."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.catalog.models import Product
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.recommending.bought_together import choose
from shop.tenancy.profile import touch_catalog

FOUND = 8
DONE = {
    "pin": "“{title}” comes first now.",
    "unpin": "“{title}” is pinned no longer.",
    "exclude": "“{title}” is not shown here any more.",
    "allow": "“{title}” may be shown here again.",
}


@bp.get("/catalog/<int:product_id>/goes-with")
@staff_only()
def goes_with(product_id: int) -> Response:
    session = db.session()
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound("There is no such product.")
    query = re.sub(r"[\x00-\x1f\x7f]", " ", request.args.get("q", ""))[:100].strip()
    named = _named(session, [*product.goes_with, *product.bought_with, *product.goes_not_with])
    out = set(product.goes_not_with)
    return render(
        "admin/product_goes_with.html",
        page_title="Goes well with",
        product=product,
        query=query,
        found=_find(session, query, [product.id, *product.goes_with]) if query else [],
        pinned=[named[i] for i in product.goes_with if i in named],
        counted=[named[i] for i in product.bought_with if i in named and i not in {*product.goes_with, *out}],
        excluded=[named[i] for i in product.goes_not_with if i in named],
    )


@bp.post("/catalog/<int:product_id>/goes-with")
@staff_only(May.CATALOG)
def change_goes_with(product_id: int) -> BaseResponse:
    """`do` with `other`, the id of a product. A repeat changes nothing."""

    def work() -> str:
        what = read.choice(request.form, "do", "What to do", DONE)
        raw = request.form.get("other", "")
        if not (raw.isascii() and raw.isdigit() and len(raw) < 16) or int(raw) == product_id:
            raise InvalidInput("Choose another product.")
        with transaction() as session:
            product = session.get(Product, product_id, with_for_update=True, populate_existing=True)
            title = session.execute(select(Product.title).where(Product.id == int(raw))).scalar()
            if product is None or title is None:
                raise NotFound("There is no such product.")
            choose(product, int(raw), what)
            touch_catalog(session)
        return DONE[what].format(title=title)

    return press(work, done="", back=url_for("admin.goes_with", product_id=product_id))


def _named(session: Session, ids: list[int]) -> dict[int, Any]:
    rows = session.execute(select(Product.id, Product.title, Product.status).where(Product.id.in_(ids)))
    return {row.id: row for row in rows}


def _find(session: Session, query: str, but: list[int]) -> list[Any]:
    fits = select(Product.id, Product.title, Product.status).where(
        Product.title.icontains(query, autoescape=True), Product.status == "active", Product.id.not_in(but)
    )
    return list(session.execute(fits.order_by(Product.title, Product.id).limit(FOUND)))
