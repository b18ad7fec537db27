"""Packing slips of one order or many (`?orders=A,B`), as a page to print and as one PDF."""

from __future__ import annotations

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.invoices.document import pdf_answer
from shop.admin.permissions import staff_only
from shop.core.pages import render
from shop.core.transaction import release_connection
from shop.extensions import db
from shop.invoicing.brand import brand_on_paper
from shop.invoicing.pdf import draw_packing_slips
from shop.tenancy.profile import current_profile
from shop.workflows.packing_slips import read_numbers, slips_for


@bp.get("/packing-slips")
@staff_only()
def packing_slips() -> Response:
    numbers = read_numbers(request.args.get("orders", ""))
    slips = slips_for(db.session(), numbers)
    return render(
        "admin/packing_slips.html",
        page_title="Packing slip" if len(slips) == 1 else f"{len(slips)} packing slips",
        slips=slips,
        pdf_url=url_for("admin.packing_slips_pdf", orders=",".join(numbers)),
        back_url=url_for("admin.order", number=numbers[0]) if len(numbers) == 1 else url_for("admin.orders"),
        logo_url=(current_profile().brand or {}).get("logo_url"),
    )


@bp.get("/packing-slips/pdf")
@staff_only()
def packing_slips_pdf() -> BaseResponse:
    numbers = read_numbers(request.args.get("orders", ""))
    slips = slips_for(db.session(), numbers)
    profile = current_profile()
    release_connection()
    name = f"packing-slip-{numbers[0]}" if len(numbers) == 1 else f"packing-slips-{len(numbers)}"
    return pdf_answer(draw_packing_slips(slips, brand_on_paper(profile)), name)
