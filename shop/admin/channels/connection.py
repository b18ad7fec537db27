"""One connection: whose account it is, how it stands, what it can do; pause, resume and disconnect."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.channels.parts import cards_of, connection_page, find_connection, may_consent, title_of
from shop.admin.permissions import May, staff_only
from shop.channels import registry
from shop.core.transaction import transaction
from shop.extensions import db
from shop.workflows.connect_channel import missing_scopes, pause_connection
from shop.workflows.disconnect_channel import disconnect_channel


@bp.get("/channels/<int:connection_id>")
@staff_only()
def connection(connection_id: int) -> Response:
    session = db.session()
    found = find_connection(session, connection_id)
    connector = registry.class_of(found.channel)
    roles = registry.roles_of(found.channel)
    return connection_page(
        "admin/connection.html",
        found,
        does=[registry.WORDS[role] for role in roles],
        lacks=[words for role, words in registry.WORDS.items() if role not in roles],
        missing=missing_scopes(connector, tuple(found.account.get("missing") or ())),
        cards=cards_of(session, found),
        may_consent=may_consent(connector),
    )


@bp.post("/channels/<int:connection_id>/pause")
@staff_only(May.SETTINGS)
def switch_connection(connection_id: int) -> BaseResponse:
    """Form field `to`: pause | resume. A repeat does nothing."""
    to = request.form.get("to", "")
    find_connection(db.session(), connection_id)

    def work() -> str:
        pause_connection(connection_id, is_paused=to != "resume")
        if to == "resume":
            return "It goes on. What waited is caught up with now."
        return "Paused. Nothing is read or written there until you resume."

    return press(work, done="", back=url_for("admin.connection", connection_id=connection_id))


@bp.post("/channels/<int:connection_id>/disconnect")
@staff_only(May.SETTINGS)
def disconnect_connection(connection_id: int) -> BaseResponse:
    found = find_connection(db.session(), connection_id)
    name, back = title_of(found), url_for("admin.connection", connection_id=connection_id)
    if request.form.get("sure") != "1":
        flash("Tick the box to say that you mean it. Nothing was disconnected.", "bad")
        return redirect(back, 303)
    left = disconnect_channel(connection_id)
    with transaction() as session:
        note_change(session, "disconnect", f"connection {connection_id}", {"keys": "kept"}, {"keys": "deleted"})
    flash(f"{name} is disconnected, and its keys are deleted. {left}".strip(), "good")
    return redirect(back, 303)
