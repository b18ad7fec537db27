"""What the law lets a person ask for: everything that is held about them, and to be forgotten."""

from __future__ import annotations

from flask import Response, request, url_for
from sqlalchemy import select, update
from sqlalchemy.orm import undefer
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.customers.moves import who
from shop.admin.customers.page import get_customer, named
from shop.admin.permissions import May, staff_only
from shop.core import clock
from shop.core.transaction import transaction
from shop.customers.models import PrivacyRequest
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.workflows.erase_customer import request_erasure
from shop.workflows.export_customer import KEPT_DAYS, request_export


@bp.post("/customers/<int:customer_id>/export")
@staff_only(May.PRIVACY)
def export_customer(customer_id: int) -> BaseResponse:
    """Ask for the file; it is made in the background. Pressed twice at once, one is made."""

    def work() -> str:
        with transaction() as session:
            is_new = request_export(session, customer_id, who=who())
        made = f"The file is being made. It can be downloaded here for {KEPT_DAYS} days."
        return made if is_new else "The file is being made already."

    return press(work, done="", back=url_for("admin.customer", customer_id=customer_id) + "#privacy")


@bp.get("/customers/<int:customer_id>/export/<int:request_id>")
@staff_only(May.PRIVACY)
def download_export(customer_id: int, request_id: int) -> Response:
    found = db.session.execute(
        select(PrivacyRequest)
        .where(
            PrivacyRequest.id == request_id,
            PrivacyRequest.customer_id == customer_id,
            PrivacyRequest.kind == "export",
            PrivacyRequest.expires_at > clock.now(),
        )
        .options(undefer(PrivacyRequest.file))
    ).scalar_one_or_none()
    if found is None or found.file is None:
        raise NotFound("This file is gone. Make a new one on the customer’s page.")
    answer = Response(found.file, mimetype="application/zip")
    name = f"customer-{customer_id}-{found.created_at:%Y-%m-%d}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    db.session.rollback()
    with transaction() as session:
        session.execute(
            update(PrivacyRequest)
            .where(PrivacyRequest.id == request_id)
            .values(handed_out=PrivacyRequest.handed_out + 1)
            .execution_options(synchronize_session=False)
        )
        note_change(session, "download everything held", f"customer {customer_id}", {}, {"request_id": request_id})
    return answer


@bp.post("/customers/<int:customer_id>/erase")
@staff_only(May.PRIVACY)
def erase_customer(customer_id: int) -> BaseResponse:
    """Asks once: the box must be ticked, and the page names the person."""

    def work() -> str:
        person = named(get_customer(db.session(), customer_id))
        db.session.rollback()
        if request.form.get("sure") != "1":
            raise InvalidInput(fields={"sure": f"Tick the box to say that {person} is to be erased."})
        with transaction() as session:
            is_new = request_erasure(session, customer_id, who=who())
        if not is_new:
            return "This person was erased already."
        return f"{person} is being erased: the profile is anonymous now, the rest follows within minutes."

    return press(work, done="", back=url_for("admin.customer", customer_id=customer_id) + "#privacy")
