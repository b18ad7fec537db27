"""A forgotten password: ask for a link, choose a new password with it."""

from __future__ import annotations

import time

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import act_as
from shop.accounts.passwords import SHORTEST
from shop.accounts.resetting import NOT_ANY_MORE, find_reset, reset_password
from shop.accounts.signing_in import may_ask_for_a_letter
from shop.admin import reading_forms as read
from shop.admin.blueprint import bp
from shop.core import log
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.workflows.tell_staff import send_password_link, tell_of_change

logger = log.get_logger("admin")
#: every answer takes at least so long, so that its time does not tell whether a letter was written
AT_LEAST_SECONDS = 0.25
SENT = "If this address belongs to somebody on the staff, a letter with a link is on its way. It works for an hour."


@bp.get("/forgotten")
def forgotten() -> Response:
    return _ask()


@bp.post("/forgotten", endpoint="forgotten_now")
def forgotten_now() -> Response | BaseResponse:
    """The same answer, after the same time, for any address."""
    started = time.monotonic()
    try:
        email = read.email(request.form, "email", "This")
    except InvalidInput as error:
        return _ask(422, error.fields, request.form.get("email", "")[:254])
    if not may_ask_for_a_letter(email, request.remote_addr or ""):
        logger.warning("password letters throttled")
        return _ask(429, {"email": "Too many tries. Wait an hour, then try again."}, email)
    if send_password_link(email):
        logger.info("password link requested")
    time.sleep(max(0.0, AT_LEAST_SECONDS - (time.monotonic() - started)))
    flash(SENT, "good")
    return redirect(url_for("admin.sign_in"), 303)


@bp.get("/new-password/<token>")
def new_password(token: str) -> Response:
    member = find_reset(db.session(), token)
    if member is None:
        raise NotFound(NOT_ANY_MORE)
    return _choose(token, member.email)


@bp.post("/new-password/<token>", endpoint="new_password_now")
def new_password_now(token: str) -> Response | BaseResponse:
    """Set it and sign out everywhere; a second step is still asked for at the next sign-in."""
    member = find_reset(db.session(), token)
    if member is None:
        raise NotFound(NOT_ANY_MORE)
    password = request.form.get("password", "")[:1000]
    try:
        if password != request.form.get("again", ""):
            raise InvalidInput(fields={"again": "The two passwords differ."})
        with act_as(member.email, staff_id=member.id), transaction() as session:
            reset_password(session, token, password)
            tell_of_change(session, member, "password")
    except InvalidInput as error:
        return _choose(token, member.email, 422, error.fields)
    flash("Your new password is set. Sign in with it.", "good")
    return redirect(url_for("admin.sign_in"), 303)


def _ask(status: int = 200, errors: dict[str, str] | None = None, email: str = "") -> Response:
    return render(
        "admin/forgotten.html", status=status, page_title="Forgotten password", errors=errors or {}, email=email
    )


def _choose(token: str, email: str, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return render(
        "admin/new_password.html",
        status=status,
        page_title="Choose a new password",
        token=token,
        email=email,
        errors=errors or {},
        shortest=SHORTEST,
    )
