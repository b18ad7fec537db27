"""The connect wizard: what a platform needs, drawn from its `spec`; saved, then tried at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.channels import form
from shop.admin.channels.gallery import abilities
from shop.admin.channels.parts import class_of, connection_page, find_connection, initials, may_consent, tell
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.channels.connector import AuthKind, AuthorisesByOAuth, Connector, HandsOverKeys
from shop.channels.keeping import secrets_of
from shop.channels.models import Connection
from shop.core.pages import render
from shop.errors import InvalidInput
from shop.extensions import db
from shop.workflows.connect_channel import connect, save_connection


@bp.get("/channels/new/<channel>")
@staff_only(May.SETTINGS)
def new_connection(channel: str) -> Response:
    connector = class_of(channel)
    return _form(connector, None, form.fill(connector.spec, None))


@bp.post("/channels/new/<channel>")
@staff_only(May.SETTINGS)
def create_connection(channel: str) -> Response | BaseResponse:
    connector = class_of(channel)
    is_later = request.form.get("how") == "there" and issubclass(connector, HandsOverKeys)
    try:
        connection_id = save_connection(channel, form.read_form(connector.spec, request.form, is_later=is_later))
    except InvalidInput as error:
        return _form(connector, None, form.typed_in(connector.spec, request.form), status=422, errors=error.fields)
    if is_later:
        return redirect(url_for("admin.leave_for_consent", connection_id=connection_id), 303)
    return _after_saving(connector, connection_id)


@bp.get("/channels/<int:connection_id>/account")
@staff_only(May.SETTINGS)
def edit_connection(connection_id: int) -> Response:
    found = find_connection(db.session(), connection_id)
    connector = class_of(found.channel)
    return _form(connector, found, form.fill(connector.spec, found))


@bp.post("/channels/<int:connection_id>/account")
@staff_only(May.SETTINGS)
def save_account(connection_id: int) -> Response | BaseResponse:
    """An empty secret stays as it is. When somebody else saved meanwhile, nothing is written and both are shown."""
    session = db.session()
    found = find_connection(session, connection_id)
    connector, marks = class_of(found.channel), request.form.get("marks", "")
    typed = form.typed_in(connector.spec, request.form)
    met = meet(form.fill(connector.spec, found), typed, marks)
    if met.changed:
        return _form(connector, found, met.values, status=422, changed=met.changed)
    try:
        read = form.read_form(connector.spec, request.form, has_secrets=secrets_of(session, connection_id))
        save_connection(found.channel, read, connection_id)
    except InvalidInput as error:
        again = find_connection(db.session(), connection_id)
        return _form(connector, again, typed, status=422, errors=error.fields, marks=marks)
    return _after_saving(connector, connection_id)


@bp.post("/channels/<int:connection_id>/check")
@staff_only(May.SETTINGS)
def check_connection(connection_id: int) -> BaseResponse:
    """Ask the platform who we are, now."""
    find_connection(db.session(), connection_id)
    db.session.rollback()
    tell(connect(connection_id))
    return redirect(url_for("admin.connection", connection_id=connection_id), 303)


def _after_saving(connector: type[Connector], connection_id: int) -> BaseResponse:
    """Keys are tried at once; where consent is asked for on the platform's page, that comes next."""
    if is_by_consent(connector):
        return redirect(url_for("admin.leave_for_consent", connection_id=connection_id), 303)
    tell(connect(connection_id))
    return redirect(url_for("admin.connection", connection_id=connection_id), 303)


def is_by_consent(connector: type[Connector]) -> bool:
    """Whether an account can be connected only on the platform's own page."""
    return issubclass(connector, AuthorisesByOAuth) and connector.spec.auth == (AuthKind.OAUTH,)


def _form(
    connector: type[Connector],
    found: Connection | None,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    changed: Mapping[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    spec, names = connector.spec, form.labels(connector.spec)
    context: dict[str, Any] = {
        "values": values,
        "errors": errors or {},
        "changed": None if changed is None else {names.get(name, name): value for name, value in changed.items()},
        "marks": marks if marks is not None else marks_of(form.fill(spec, found)),
        "does": abilities(connector),
        "kept": set(secrets_of(db.session(), found.id)) if found else set(),
        "asks_there": is_by_consent(connector),
        "may_consent": may_consent(connector),
        "hands_over": issubclass(connector, HandsOverKeys),
        "status": status,
    }
    if found is not None:
        return connection_page("admin/connection_account.html", found, **context)
    return render(
        "admin/new_connection.html", page_title=f"Connect {spec.name}", spec=spec, initials=initials, **context
    )
