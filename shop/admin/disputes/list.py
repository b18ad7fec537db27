"""The list of disputes: what waits for an answer first, by its deadline."""

from __future__ import annotations

from flask import Response, request, url_for

from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import staff_only
from shop.core.pages import render
from shop.core.paging import page_number
from shop.extensions import db
from shop.payments.evidence import reason_of
from shop.workflows.list_disputes import TABS, list_disputes


@bp.get("/disputes")
@staff_only()
def disputes() -> Response:
    tab = request.args.get("tab", "") if request.args.get("tab") in TABS else "open"
    found = list_disputes(db.session(), tab=tab, page=page_number(request.args.get("page")))

    def link(**changes: object) -> str:
        values = {"tab": tab if tab != "open" else "", **changes}
        return url_for("admin.disputes", **{k: v for k, v in values.items() if v})  # type: ignore[arg-type]

    return render(
        "admin/disputes.html",
        page_title="Disputes",
        found=found,
        tab=tab,
        reason_of=reason_of,
        tabs=[(key, name, link(tab=key if key != "open" else "")) for key, name in TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
    )
