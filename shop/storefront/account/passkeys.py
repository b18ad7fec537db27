"""Passkeys: sign in with one, add, name and remove one's own. The browser's part is static/js/passkeys.js."""

from __future__ import annotations

import json

from flask import Response as FlaskResponse
from flask import flash, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from shop.accounts.browsers import name_browser
from shop.accounts.shoppers import passkeys
from shop.accounts.shoppers.sessions import is_proven
from shop.accounts.signing_in import may_try_key
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound, ShopError
from shop.storefront.account import reading as read
from shop.storefront.account.arriving import arrive, begin_session, logger, show_sign_in, too_many
from shop.storefront.account.blueprint import bp, here, me, passkey_site
from shop.storefront.account.proving import prove_first
from shop.storefront.account.security import show_security
from shop.words import tell
from shop.workflows.shopper_letters import write_security_changed

MARK = "passkey"  # in the cookie: the challenge this browser asked for last
SIGN_IN = "sign-in"


@bp.post("/sign-in/passkey/question", endpoint="passkey_question")
def passkey_question() -> FlaskResponse:
    """JSON for the browser; the same for everybody."""
    if not may_try_key(request.remote_addr or ""):
        return _said(429, too_many())
    ours = _site()
    with transaction() as session:
        challenge = passkeys.new_challenge(session, SIGN_IN)
    cookie[MARK] = challenge
    return _json(passkeys.question_for_sign_in(ours, challenge))


@bp.post("/sign-in/passkey", endpoint="passkey_answer")
def passkey_answer() -> Response:
    """Signed in, with no second step: a passkey is something one has and something one knows or is."""
    challenge = _take(SIGN_IN)
    found = None
    if challenge is not None:
        with transaction() as session:
            found = passkeys.check_answer(session, _site(), challenge, request.form.get("answer", ""))
            if found is not None:
                token = begin_session(session, found[0], how="passkey", passkey_id=found[1])
    if found is None:
        logger.warning("passkey refused")
        said = _("This passkey does not open an account here. Try again, or sign in with your password.")
        return show_sign_in(401, {"passkey": said})
    return arrive(found[0], token, read.local_path(request.form.get("next")))


@bp.post("/passkeys/question", endpoint="new_passkey_question")
def new_passkey_question() -> FlaskResponse:
    if not is_proven(here()):
        return _said(403, _("You signed in a while ago. Load this page again and enter your password first."))
    with transaction() as session:
        challenge = passkeys.new_challenge(session, f"add:{me().id}")
        try:
            question = passkeys.question_for_new(session, session.merge(me()), _site(), challenge)
        except ShopError as error:
            return _said(error.status, tell(error.user_message))
    cookie[MARK] = challenge
    return _json(question)


@bp.post("/passkeys", endpoint="add_passkey")
def add_passkey() -> Response:
    away = prove_first(url_for("account.security"))
    if away is not None:
        return away
    challenge = _take(f"add:{me().id}")
    try:
        if challenge is None:
            raise InvalidInput(fields={"name": passkeys.NOT_TAKEN})
        name = read.line("name", passkeys.LONGEST_NAME) or name_browser(request.user_agent.string)
        with transaction() as session:
            answer = request.form.get("answer", "")
            name = passkeys.add_passkey(session, me().id, _site(), challenge, answer, name)
            write_security_changed(session, me(), "passkey_added", name)
    except InvalidInput as error:
        return show_security(422, error.fields)
    flash(_("The passkey is added. Next time you can sign in with it."), "good")
    return redirect(url_for("account.security") + "#passkeys", 303)


@bp.post("/passkeys/<int:passkey_id>/name", endpoint="name_passkey")
def name_passkey(passkey_id: int) -> Response:
    try:
        name = read.line("passkey_name", passkeys.LONGEST_NAME, required=_("Please enter a name."))
    except InvalidInput as error:
        return show_security(422, error.fields)
    with transaction() as session:
        passkeys.rename_passkey(session, me().id, min(passkey_id, 2**62), name)
    flash(_("The passkey has a new name."), "good")
    return redirect(url_for("account.security") + "#passkeys", 303)


@bp.post("/passkeys/<int:passkey_id>/remove", endpoint="remove_passkey")
def remove_passkey(passkey_id: int) -> Response:
    """Whoever is signed in by it is signed out; this browser stays."""
    away = prove_first(url_for("account.security"))
    if away is not None:
        return away
    with transaction() as session:
        name = passkeys.remove_passkey(session, me().id, min(passkey_id, 2**62), but=here().id)
        write_security_changed(session, me(), "passkey_removed", name)
    flash(_("The passkey is removed."), "good")
    return redirect(url_for("account.security") + "#passkeys", 303)


def _take(purpose: str) -> bytes | None:
    """The challenge of this browser, used up now, whatever becomes of the answer."""
    with transaction() as session:
        return passkeys.take_challenge(session, cookie.pop(MARK, None), purpose)


def _site() -> passkeys.Site:
    found = passkey_site()
    if found is None:
        raise NotFound
    return found


def _json(text: str) -> FlaskResponse:
    return FlaskResponse(text, mimetype="application/json")


def _said(status: int, text: str) -> FlaskResponse:
    return FlaskResponse(json.dumps({"said": text}), status, mimetype="application/json")
