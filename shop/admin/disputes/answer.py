"""One dispute: what the bank says, the draft of the answer, its documents, and the two ways to end it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.admin.roomy import MEGABYTE, takes
from shop.admin.settings_forms import every
from shop.admin.stale import marks_of, meet
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.orders.models import Order
from shop.payments.evidence import MOST_BYTES, TextField, file_fields, reason_of, text_fields
from shop.payments.evidence_files import check_file
from shop.payments.models import Dispute, DisputeAnswer, DisputeFile
from shop.workflows.answer_dispute import (
    ANSWERABLE,
    drop_file,
    keep_draft,
    keep_file,
    lock_answer,
    reopen_draft,
    request_answer,
    room_for,
)
from shop.workflows.list_failures import try_again
from shop.workflows.prefill_evidence import prefill


class Changed(Exception):
    """Somebody saved this draft since the form was filled."""


@bp.get("/disputes/<int:dispute_id>")
@staff_only()
def dispute(dispute_id: int) -> Response:
    session = db.session()
    return _page(session, _get(session, dispute_id))


@takes(megabytes=MOST_BYTES // MEGABYTE + 2)
@bp.post("/disputes/<int:dispute_id>")
@staff_only(May.REFUND)
def save_evidence(dispute_id: int) -> Response | BaseResponse:
    """Keep the draft (`do=save`); with `do=submit` and the box ticked, send it as well."""
    session = db.session()
    found = _get(session, dispute_id)
    typed = request.form.to_dict()
    try:
        _save(found, typed)
    except InvalidInput as error:
        db.session.rollback()
        return _page(session, _get(session, dispute_id), typed=typed, status=422, errors=error.fields)
    except Changed:
        db.session.rollback()
        return _page(session, _get(session, dispute_id), met=typed, status=422)
    except Conflict as error:
        flash(error.user_message, "bad")
        return redirect(url_for("admin.dispute", dispute_id=dispute_id), 303)
    if typed.get("do") != "submit":
        flash("The draft is kept here. The bank has not seen it yet.", "good")
        return redirect(url_for("admin.dispute", dispute_id=dispute_id), 303)
    if typed.get("sure") != "1":
        errors = {"sure": "Tick the box to say that this is your whole answer. The draft is kept."}
        return _page(session, _get(session, dispute_id), status=422, errors=errors)
    return press(
        lambda: None if request_answer(dispute_id, who=who()) else "It is on its way already.",
        done="Your answer is on its way to the bank. It can no longer be changed.",
        back=url_for("admin.dispute", dispute_id=dispute_id),
    )


@bp.post("/disputes/<int:dispute_id>/give-up")
@staff_only(May.REFUND)
def give_up_dispute(dispute_id: int) -> BaseResponse:
    def work() -> str:
        if request.form.get("sure") != "1":
            raise InvalidInput("Tick the box to say that the buyer may keep the money.")
        if request_answer(dispute_id, who=who(), give_up=True):
            return "The dispute is given up: the buyer keeps the money."
        return "It is given up already."

    return press(work, done="", back=url_for("admin.dispute", dispute_id=dispute_id))


@bp.post("/disputes/<int:dispute_id>/again")
@staff_only(May.REFUND)
def answer_again(dispute_id: int) -> BaseResponse:
    """It stopped: try again (`do=retry`), or take it back to put it right (`do=edit`)."""

    def work() -> str:
        if request.form.get("do") == "edit":
            return "It is a draft again." if reopen_draft(dispute_id) else "There is nothing to take back."
        found = db.session.execute(select(DisputeAnswer.id).where(DisputeAnswer.dispute_id == dispute_id)).scalar()
        db.session.rollback()
        if found is None or not try_again("dispute_answers", found, who=who()):
            return "It is on its way already."
        return "It is tried again now."

    return press(work, done="", back=url_for("admin.dispute", dispute_id=dispute_id))


@bp.get("/disputes/<int:dispute_id>/files/<field>")
@staff_only()
def dispute_file(dispute_id: int, field: str) -> BaseResponse:
    """A document as it was given; saved, never shown: it came from outside."""
    row = db.session.execute(
        select(DisputeFile)
        .where(DisputeFile.dispute_id == dispute_id, DisputeFile.field == field[:40].replace("\x00", ""))
        .options(undefer(DisputeFile.content))
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such document.")
    answer = BaseResponse(row.content, mimetype=row.content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{row.name}"'
    return answer


def _get(session: Session, dispute_id: int) -> Dispute:
    found = session.execute(select(Dispute).where(Dispute.id == dispute_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such dispute.")
    return found


def _fields(code: str) -> list[TextField]:
    return [field for _, fields in text_fields(code) for field in fields]


def _stored(session: Session, found: Dispute, answer: DisputeAnswer | None) -> dict[str, str]:
    """What the form is filled with: the draft; before there is one, what the order says."""
    if answer is None or (answer.step == "draft" and not answer.evidence):
        known = prefill(session, found, session.get_one(Order, found.order_id))
    else:
        known = answer.evidence
    return {field.name: str(known.get(field.name) or "") for field in _fields(found.reason)}


def _save(found: Dispute, typed: dict[str, str]) -> None:
    """Texts and files together, or nothing. Raises Changed, InvalidInput, Conflict."""
    code, dispute_id = found.reason, found.id
    uploads = {
        field.name: upload.stream.read(MOST_BYTES + 1)
        for field in file_fields(code)
        if (upload := request.files.get(f"file-{field.name}")) is not None and upload.filename
    }
    db.session.rollback()
    with transaction() as session:
        answer = lock_answer(session, dispute_id)
        stored = _stored(session, _get(session, dispute_id), answer)
        if meet(stored, typed, typed.get("marks", "")).changed:
            raise Changed
        texts = every([_reader(field, typed, stored) for field in _fields(code)])
        names = [field.name for field in _fields(code)]
        keep_draft(session, answer, dict(zip(names, texts, strict=True)))
        for field in file_fields(code):
            if typed.get(f"remove-{field.name}") == "1":
                drop_file(session, answer, field.name)
        for name, raw in uploads.items():
            keep_file(session, answer, name, check_file(name, raw, room=room_for(session, dispute_id, name)))


def _reader(field: TextField, typed: dict[str, str], stored: dict[str, str]) -> Any:
    """A field that the form did not bring stays as it is."""
    form = typed if field.name in typed else stored
    return lambda: read.text(form, field.name, field.label, field.at_most, required=False, lines=field.lines > 1)


def _page(
    session: Session,
    found: Dispute,
    *,
    typed: dict[str, str] | None = None,
    met: dict[str, str] | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    """`typed`: a form that comes back with errors; `met`: one that somebody else was faster than."""
    order = session.execute(select(Order).where(Order.id == found.order_id)).scalar_one()
    answer = session.execute(select(DisputeAnswer).where(DisputeAnswer.dispute_id == found.id)).scalar_one_or_none()
    files = {
        row.field: row
        for row in session.execute(select(DisputeFile).where(DisputeFile.dispute_id == found.id)).scalars()
    }
    values = stored = _stored(session, found, answer)
    changed = None
    if typed is not None:
        values = {**stored, **{k: v for k, v in typed.items() if k in stored}}
    elif met is not None:
        found_both = meet(stored, met, met.get("marks", ""))
        labels = {field.name: field.label for field in _fields(found.reason)}
        values, changed = found_both.values, {labels[k]: v for k, v in found_both.changed.items()}
    step = answer.step if answer else "draft"
    return render(
        "admin/dispute.html",
        status=status,
        page_title=f"Dispute over {order.number}",
        dispute=found,
        order=order,
        answer=answer,
        step=step,
        is_editable=step == "draft" and found.status in ANSWERABLE,
        reason=reason_of(found.reason),
        groups=text_fields(found.reason),
        file_fields=file_fields(found.reason),
        files=files,
        used=sum(row.size for row in files.values()),
        most=MOST_BYTES,
        values=values,
        marks=(typed or {}).get("marks") or marks_of(stored),
        errors=errors or {},
        changed=changed,
    )
