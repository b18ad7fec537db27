"""A product on its way: what is done, what comes next; and publishing or withdrawing one that is there."""

from __future__ import annotations

from flask import Response, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.core.storage import public_url
from shop.designing.models import Design, NewProduct
from shop.errors import NotFound
from shop.extensions import db
from shop.workflows.list_at_printify import offer_product, withdraw_product

STEPS = (
    ("upload", "The design goes to Printify"),
    ("create", "The product is made there"),
    ("read", "Its pictures and costs come back"),
    ("publish", "It is put on sale"),
)


@bp.get("/new-products/<int:row_id>")
@staff_only()
def new_product(row_id: int) -> Response:
    """htmx asks for the steps alone, every two seconds, until it is done or stopped."""
    row = db.session.execute(select(NewProduct).where(NewProduct.id == row_id)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such product on its way.")
    design = db.session.execute(select(Design).where(Design.id == row.design_id)).scalar_one()
    names = [key for key, _ in STEPS]
    reached = names.index(row.step) if row.step in names else len(names)
    steps = [(title, n < reached, n == reached) for n, (key, title) in enumerate(STEPS) if wanted(row, key)]
    return render(
        "admin/new_product.html",
        fragment="steps",
        page_title=row.title,
        row=row,
        steps=steps,
        is_done=row.work_state == "done",
        is_stopped=row.work_state == "parked",
        picture=public_url(design.preview_key) if design.preview_key else "",
    )


def wanted(row: NewProduct, step: str) -> bool:
    return step != "publish" or row.wants_publishing


@bp.post("/catalog/<int:product_id>/offer")
@staff_only(May.CATALOG)
def offer_at_printify(product_id: int) -> BaseResponse:
    """Publish at Printify, and put it on sale here."""
    back = url_for("admin.product", product_id=product_id)
    return press(lambda: offer_product(product_id), done="It is being published; it is on sale in the shop.", back=back)


@bp.post("/catalog/<int:product_id>/withdraw")
@staff_only(May.CATALOG)
def withdraw_from_printify(product_id: int) -> BaseResponse:
    """Off sale here, and unlisted at Printify. Orders that are placed go on."""
    back = url_for("admin.product", product_id=product_id)
    return press(
        lambda: withdraw_product(product_id),
        done="It is off sale, and Printify knows. Orders that are placed go on.",
        back=back,
    )
