"""The way to a platform's own page of consent, and back."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import in_words
from shop.admin.blueprint import bp
from shop.admin.channels.parts import connection_page, find_connection, tell
from shop.admin.permissions import May, staff_only
from shop.errors import OutsideError, ShopError
from shop.extensions import db
from shop.workflows.authorise_channel import begin, finish
from shop.workflows.connect_channel import connect

MOST_CHARS = 4000  # of one argument of the callback


@bp.get("/channels/<int:connection_id>/consent")
@staff_only(May.SETTINGS)
def leave_for_consent(connection_id: int) -> Response:
    """What the platform will ask, and the button that goes there."""
    found = find_connection(db.session(), connection_id)
    return connection_page("admin/connection_consent.html", found, target="")


@bp.post("/channels/<int:connection_id>/consent")
@staff_only(May.SETTINGS)
def begin_consent(connection_id: int) -> Response:
    """A page that goes on by itself: a form may not lead to another site (Content-Security-Policy, form-action)."""
    target = begin(connection_id, current_user.id)
    found = find_connection(db.session(), connection_id)
    return connection_page("admin/connection_consent.html", found, target=target)


@bp.get("/channels/<int:connection_id>/back")
@staff_only(May.SETTINGS)
def handed_over(connection_id: int) -> BaseResponse:
    """Back from a platform that handed keys over, before (contracts/woocommerce.md §1: success=1 or 0)."""
    find_connection(db.session(), connection_id)
    db.session.rollback()
    back = redirect(url_for("admin.connection", connection_id=connection_id), 303)
    if request.args.get("success") != "1":
        flash("You said no there, so nothing was connected. Try again when you like.", "bad")
        return back
    try:
        tell(connect(connection_id))
    except ShopError as error:
        flash(error.user_message, "bad")
    return back


@bp.get("/channels/authorised")
@staff_only(May.SETTINGS)
def authorised() -> BaseResponse:
    """Back from the platform: state, code and what it signed are in the address."""
    arguments = {name: value[:MOST_CHARS] for name, value in list(request.args.items())[:40]}
    db.session.rollback()
    try:
        connection_id, verdict = finish(arguments, current_user.id)
    except ShopError as error:
        flash(in_words(error) if isinstance(error, OutsideError) else error.user_message, "bad")
        return redirect(url_for("admin.channels"), 303)
    tell(verdict)
    return redirect(url_for("admin.connection", connection_id=connection_id), 303)
