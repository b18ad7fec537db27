"""Password, address, and where one is signed in."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from shop.accounts.passwords import SHORTEST, verify_password
from shop.accounts.shoppers import changing, sessions
from shop.accounts.shoppers.passkeys import list_passkeys
from shop.accounts.shoppers.second_step import count_backup_codes
from shop.accounts.signing_in import may_ask_for_a_letter
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.storefront.account import reading as read
from shop.storefront.account.arriving import REALM, arrive, begin_session, may_try_here, too_many
from shop.storefront.account.blueprint import bp, here, me, page, passkey_site, take_cookie
from shop.workflows import shopper_accounts
from shop.workflows.shopper_letters import write_password_changed


@bp.get("/security")
def security() -> Response:
    return show_security()


@bp.post("/password", endpoint="change_password")
def change_password() -> Response:
    """A new password signs every other browser out, and this one gets a new session."""
    try:
        check_own_password("current")
        password = read.password()
        with transaction() as session:
            shopper = session.merge(me(), load=True)
            changing.set_password(session, shopper, password)
            write_password_changed(session, shopper)
            token = begin_session(session, shopper)
    except InvalidInput as error:
        db.session.rollback()
        return show_security(422, error.fields)
    flash(_("Your password is changed. Every other browser is signed out."), "good")
    return arrive(shopper, token, url_for("account.security"))


@bp.post("/email", endpoint="change_email")
def change_email() -> Response:
    """A letter to each of the two mailboxes; the answer does not tell whether the new address has an account."""
    try:
        email = read.email("new_email")
        if email == me().email:
            raise InvalidInput(fields={"new_email": _("This is your address already.")})
        check_own_password("email_password")
        if not may_ask_for_a_letter(email, request.remote_addr or "", realm=REALM):
            raise InvalidInput(fields={"new_email": too_many()})
    except InvalidInput as error:
        return show_security(422, error.fields)
    with transaction() as session:
        shopper_accounts.ask_for_email_change(session, me(), email)
    flash(_("We have written to both addresses. Confirm the change from each of them."), "good")
    return redirect(url_for("account.security"), 303)


@bp.post("/email/stop", endpoint="stop_email_change")
def stop_email_change() -> Response:
    with transaction() as session:
        changing.stop_email_change(session, me())
    flash(_("Your address stays as it is."), "good")
    return redirect(url_for("account.security"), 303)


@bp.get("/confirm-email/<token>")
def confirm_email(token: str) -> Response:
    found = changing.find_email_change(db.session(), token)
    if found is None:
        raise NotFound(changing.NOT_ANY_MORE)
    row, owner = found
    return page(
        "confirm_email",
        page_title=_("Confirm the change"),
        token=token,
        old_email=owner.email,
        new_email=row.new_email,
    )


@bp.post("/confirm-email/<token>", endpoint="confirm_email_now")
def confirm_email_now(token: str) -> Response:
    """The second mailbox to confirm changes the address; every browser is signed out then."""
    is_done = shopper_accounts.confirm_email_change(token)
    if not is_done:
        return page("confirm_email_half", page_title=_("One to go"))
    response = redirect(url_for("account.sign_in"), 303)
    take_cookie(response)
    flash(_("Your address is changed. Sign in with the new one."), "good")
    return response


@bp.post("/sessions/<int:session_id>/end", endpoint="end_session")
def end_session(session_id: int) -> Response:
    """Sign one browser out; this one too, if that is the one."""
    with transaction() as session:
        ended = sessions.end_session(session, me().id, min(session_id, 2**62))
    if here().id == session_id:
        response = redirect(url_for("account.sign_in"), 303)
        take_cookie(response)
        return response
    flash(_("That browser is signed out.") if ended else _("That browser was signed out already."), "good")
    return redirect(url_for("account.security"), 303)


@bp.post("/sessions/end-others", endpoint="end_other_sessions")
def end_other_sessions() -> Response:
    with transaction() as session:
        sessions.end_sessions(session, me().id, but=here().id)
    flash(_("Every other browser is signed out."), "good")
    return redirect(url_for("account.security"), 303)


def check_own_password(field: str) -> None:
    """The shopper at the keyboard, again. Raises InvalidInput (field `field`)."""
    typed = read.password(field)
    if not may_try_here(me().email):
        raise InvalidInput(fields={field: too_many()})
    if not verify_password(me().password_hash, typed):
        raise InvalidInput(fields={field: _("This is not your current password.")})


def show_security(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    session = db.session()
    return page(
        "security",
        status=status,
        page_title=_("Sign-in and security"),
        errors=errors or {},
        form=read.typed("new_email"),
        sessions=sessions.list_sessions(session, me().id),
        here_id=here().id,
        change=changing.open_email_change(session, me()),
        shortest=SHORTEST,
        passkeys=list_passkeys(session, me().id),
        has_passkeys=passkey_site() is not None,
        is_proven=sessions.is_proven(here()),
        codes_left=count_backup_codes(session, me().id) if me().totp_on_at else 0,
    )
