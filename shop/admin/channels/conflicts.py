"""What both sides changed, side by side: when we last agreed, here, there. And what could not be read, set aside."""

from __future__ import annotations

from itertools import groupby

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import in_words, press
from shop.admin.blueprint import bp
from shop.admin.channels.parts import connection_page, find_connection
from shop.admin.channels.words_of_sync import ENTITIES, ONE, Namer
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.channels.syncing.models import ParkedRecord, SyncConflict
from shop.channels.syncing.settings import find_setting
from shop.core.paging import Page, page_number
from shop.core.showing import shown_json
from shop.core.transaction import transaction
from shop.errors import Conflict, NotFound, OutsideError
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows.channel_orders import pull_order
from shop.workflows.sync_channel import pull_one, request_sync, settle_conflicts

PER_PAGE = 40
SIDES = ("ours", "theirs")
_SETTING = {"product": "products", "customer": "customers"}


@bp.get("/channels/<int:connection_id>/conflicts")
@staff_only()
def connection_conflicts(connection_id: int) -> Response:
    """Open ones, thing by thing; three statements beside the connection's own."""
    session = db.session()
    found = find_connection(session, connection_id)
    conflicts = _open(session, connection_id, page_number(request.args.get("page")))
    names = Namer(session, [row.field for row in conflicts.items], current_profile().currency)
    things = [list(rows) for _, rows in groupby(conflicts.items, key=lambda row: (row.entity, row.our_id))]
    return connection_page(
        "admin/connection_conflicts.html",
        found,
        found=conflicts,
        things=things,
        names=names,
        one=ONE,
        urls=page_links(
            conflicts,
            lambda n: url_for("admin.connection_conflicts", connection_id=connection_id, page=n if n > 1 else None),
        ),
    )


@bp.post("/channels/<int:connection_id>/conflicts")
@staff_only(May.CATALOG)
def settle_connection_conflicts(connection_id: int) -> BaseResponse:
    """Fields `choice_<id>`: ours | theirs; or `all` with the ids of the page in `shown`. Unknown ones are left out."""
    find_connection(db.session(), connection_id)
    back = url_for("admin.connection_conflicts", connection_id=connection_id)
    choices = _choices(db.session(), connection_id)
    db.session.rollback()
    if not choices:
        flash("Nothing was chosen. Choose a side for at least one field.", "bad")
        return redirect(back, 303)
    try:
        left = settle_conflicts(choices, current_user.email)
    except OutsideError as error:
        flash(f"{in_words(error)} What you chose is kept, and written as soon as it can be.", "bad")
        return redirect(back, 303)
    done = len(choices) - len(left)
    if done:
        flash(f"{done} {'field is' if done == 1 else 'fields are'} settled, and written to the other side.", "good")
    for why in sorted(set(left.values())):
        flash(why, "bad")
    return redirect(back, 303)


@bp.get("/channels/<int:connection_id>/parked")
@staff_only()
def connection_parked(connection_id: int) -> Response:
    session = db.session()
    found = find_connection(session, connection_id)
    where = ParkedRecord.connection_id == connection_id
    total = int(session.execute(select(func.count()).select_from(ParkedRecord).where(where)).scalar_one())
    page = min(page_number(request.args.get("page")), max(1, -(-total // PER_PAGE)))
    query = select(ParkedRecord).where(where).order_by(ParkedRecord.last_at.desc(), ParkedRecord.id)
    rows = list(session.execute(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE)).scalars())
    records = Page(rows, total, page, PER_PAGE)
    return connection_page(
        "admin/connection_parked.html",
        found,
        found=records,
        one=ONE,
        shown_json=lambda raw: shown_json(raw, 6000),
        urls=page_links(
            records,
            lambda n: url_for("admin.connection_parked", connection_id=connection_id, page=n if n > 1 else None),
        ),
    )


@bp.post("/channels/<int:connection_id>/parked/<int:record_id>/retry")
@staff_only(May.CATALOG)
def retry_parked(connection_id: int, record_id: int) -> BaseResponse:
    """Ask the platform for it once more, now."""
    found = find_connection(db.session(), connection_id)
    row = db.session.get(ParkedRecord, record_id)
    if row is None or row.connection_id != connection_id:
        raise NotFound("It is not set aside any more.")
    entity, external_id, is_active = row.entity, row.external_id, found.status == "active"
    db.session.rollback()

    def work() -> str:
        if not is_active:
            raise Conflict("It is not connected at the moment, so nothing can be read there.")
        return _ask_again(connection_id, entity, external_id)

    return press(work, done="", back=url_for("admin.connection_parked", connection_id=connection_id))


def _ask_again(connection_id: int, entity: str, external_id: str) -> str:
    if entity in ("order", "orders"):
        return f"Asked again: {pull_order(connection_id, external_id)}."
    setting_name = _SETTING.get(entity, entity)
    with transaction() as session:
        setting = find_setting(session, connection_id, setting_name)
        is_alone = setting.is_on and setting.options.get("apply") != "review"
        if not is_alone:
            request_sync(session, connection_id, setting_name, cause="button", who=current_user.email, must_review=True)
            return f"{ENTITIES.get(setting_name, setting_name)} are read again, with it; the plan is under Runs."
    said = pull_one(connection_id, setting_name, external_id)
    if _is_parked(connection_id, entity, external_id):
        raise Conflict("It was asked for again, and still cannot be read. The newest answer is below.")
    return f"Asked again: {said}."


def _is_parked(connection_id: int, entity: str, external_id: str) -> bool:
    with transaction() as session:
        query = select(ParkedRecord.id).where(
            ParkedRecord.connection_id == connection_id,
            ParkedRecord.entity == entity,
            ParkedRecord.external_id == external_id,
        )
        return session.execute(query).first() is not None


def _open(session: Session, connection_id: int, page: int) -> Page[SyncConflict]:
    where = (SyncConflict.connection_id == connection_id, SyncConflict.state == "open")
    total = int(session.execute(select(func.count()).select_from(SyncConflict).where(*where)).scalar_one())
    page = min(page, max(1, -(-total // PER_PAGE)))
    query = select(SyncConflict).where(*where).order_by(SyncConflict.entity, SyncConflict.our_id, SyncConflict.field)
    rows = session.execute(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE)).scalars()
    return Page(list(rows), total, page, PER_PAGE)


def _choices(session: Session, connection_id: int) -> dict[int, str]:
    """Of this connection's open conflicts alone, at most a page of them."""
    asked: dict[int, str] = {}
    everything = request.form.get("all", "")
    if everything in SIDES:
        asked = dict.fromkeys(_numbers(request.form.get("shown", "").split(",")), everything)
    else:
        for name, side in request.form.items():
            if name.startswith("choice_") and side in SIDES:
                asked |= dict.fromkeys(_numbers([name.removeprefix("choice_")]), side)
    known = session.execute(
        select(SyncConflict.id).where(SyncConflict.connection_id == connection_id, SyncConflict.id.in_(list(asked)))
    ).scalars()
    return {row_id: asked[row_id] for row_id in known}


def _numbers(raw: list[str]) -> list[int]:
    return [int(text) for text in raw[:PER_PAGE] if text.isascii() and text.isdigit() and len(text) < 19]
