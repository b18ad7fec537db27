"""Invoices and credit notes: the list, one of them as a page, and as PDF."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import Select, func, literal, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.order import get_order
from shop.admin.order_moves import who
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import release_connection
from shop.errors import NotFound
from shop.extensions import db
from shop.invoicing.brand import brand_on_paper
from shop.invoicing.models import Invoice
from shop.invoicing.pdf import draw_document
from shop.invoicing.sheet import sheet_of
from shop.orders.models import Order
from shop.orders.numbers import read_number
from shop.tenancy.profile import current_profile
from shop.workflows.issue_invoice import issue_invoice

PER_PAGE = 50
COUNTED_AT_MOST = 5_000
TABS = {"all": "All", "invoice": "Invoices", "credit_note": "Credit notes"}
NAMES = {"invoice": "Invoice", "credit_note": "Credit note"}


@bp.get("/invoices")
@staff_only()
def invoices() -> Response:
    """Newest first; found by their own number or the order's."""
    args = request.args
    tab = args.get("tab", "") if args.get("tab") in TABS else "all"
    query = re.sub(r"[\x00-\x1f\x7f]", " ", args.get("q", ""))[:60].strip()
    found, is_more = _search(db.session(), tab, query, min(page_number(args.get("page")), COUNTED_AT_MOST // PER_PAGE))

    def link(**changes: object) -> str:
        values: dict[str, Any] = {"tab": tab if tab != "all" else "", "q": query, **changes}
        return url_for("admin.invoices", **{k: v for k, v in values.items() if v})

    return render(
        "admin/invoices.html",
        fragment="results",
        page_title="Invoices",
        found=found,
        is_more=is_more,
        tab=tab,
        query=query,
        names=NAMES,
        tabs=[(key, name, link(tab=key if key != "all" else "")) for key, name in TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
    )


@bp.get("/invoices/<int:invoice_id>")
@staff_only()
def invoice(invoice_id: int) -> Response:
    document = _get(db.session(), invoice_id)
    return render(
        "admin/invoice.html",
        page_title=f"{NAMES[document.kind]} {document.name}",
        document=document,
        number=document.facts["order"]["number"],
        sheet=sheet_of(document),
        logo_url=(current_profile().brand or {}).get("logo_url"),
    )


@bp.get("/invoices/<int:invoice_id>/pdf")
@staff_only()
def invoice_pdf(invoice_id: int) -> BaseResponse:
    document = _get(db.session(), invoice_id)
    sheet, name = sheet_of(document), document.name
    profile = current_profile()
    release_connection()
    return pdf_answer(draw_document(sheet, brand_on_paper(profile)), name)


@bp.post("/orders/<number>/invoice")
@staff_only(May.SUPPORT)
def issue_order_invoice(number: str) -> BaseResponse:
    """Issue the order's invoice. A second press finds the first one."""

    def work() -> str:
        order = get_order(db.session(), number)
        order_id = order.id
        db.session.rollback()
        return f"{issue_invoice(order_id, who=who()).name} is issued."

    return press(work, done="", back=url_for("admin.order", number=number) + "#papers")


def pdf_answer(body: bytes, name: str) -> BaseResponse:
    """Shown in the browser, kept under a name that says what it is."""
    safe = re.sub(r"[^0-9A-Za-z_-]+", "-", name).strip("-") or "document"
    answer = BaseResponse(body, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{safe}.pdf"'
    return answer


def _get(session: Session, invoice_id: int) -> Invoice:
    found = session.execute(select(Invoice).where(Invoice.id == invoice_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such invoice.")
    return found


def _search(session: Session, tab: str, query: str, page: int) -> tuple[Page[Any], bool]:
    matching: Select[Any] = select(Invoice).join(Order, Order.id == Invoice.order_id)
    if tab != "all":
        matching = matching.where(Invoice.kind == tab)
    if query:
        named = Invoice.name == query.upper()
        number = read_number(query)
        matching = matching.where(or_(named, Order.number == number) if number else named)
    counted = matching.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED_AT_MOST + 1).subquery()
    total = int(session.execute(select(func.count()).select_from(counted)).scalar_one())
    rows = session.execute(
        matching.with_only_columns(
            Invoice.id, Invoice.kind, Invoice.name, Invoice.total_minor, Invoice.tax_minor, Invoice.currency,
            Invoice.issued_at, Order.number, Order.customer_name, Order.email,
        )
        .order_by(Invoice.issued_at.desc(), Invoice.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    return Page(rows, min(total, COUNTED_AT_MOST), page, PER_PAGE), total > COUNTED_AT_MOST
