"""Asked again: whoever changes how one signs in has shown who they are within the last quarter of an hour."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from shop.accounts.shoppers.sessions import is_proven, note_proven
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.storefront.account import reading as read
from shop.storefront.account.blueprint import bp, here, page
from shop.storefront.account.security import check_own_password


def prove_first(target: str) -> Response | None:
    """Where to send somebody who signed in a while ago: the password, then back to `target`. None: go on."""
    return None if is_proven(here()) else redirect(url_for("account.prove", next=target), 303)


@bp.get("/prove")
def prove() -> Response:
    return _form()


@bp.post("/prove", endpoint="prove_now")
def prove_now() -> Response:
    try:
        check_own_password("password")
    except InvalidInput as error:
        return _form(422, error.fields)
    with transaction() as session:
        note_proven(session, here())
    return redirect(read.local_path(request.form.get("next")), 303)


def _form(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    target = request.values.get("next", "")[:300]
    return page("prove", status=status, page_title=_("Is it you?"), errors=errors or {}, next=target)
