"""Open an account: the form, the letter, the link. Nothing here tells whether an address is known."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask import session as cookie
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from shop.accounts.passwords import SHORTEST
from shop.accounts.shopper_models import ShopperRegistration
from shop.accounts.shoppers.registering import NOT_ANY_MORE, confirm_registration, find_registration
from shop.accounts.signing_in import may_ask_for_a_letter
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.storefront.account import reading as read
from shop.storefront.account.arriving import REALM, arrive, begin_session, may_try_here, too_many
from shop.storefront.account.blueprint import bp, page
from shop.workflows.shopper_accounts import register as register_shopper
from shop.workflows.shopper_accounts import send_again

MARK = "registration"  # in the cookie: [number, address] of the form sent last, the same for every address


@bp.get("/register")
def register() -> Response:
    return _form()


@bp.post("/register", endpoint="register_now")
def register_now() -> Response:
    """The same answer, after the same work, for any address."""
    errors: dict[str, str] = {}
    email = name = password = ""
    try:
        email = read.email()
    except InvalidInput as error:
        errors |= error.fields
    try:
        name = read.line("name", 100)
    except InvalidInput as error:
        errors |= error.fields
    try:
        password = read.password()
    except InvalidInput as error:
        errors |= error.fields
    if errors:
        return _form(422, errors)
    if not may_ask_for_a_letter(email, request.remote_addr or "", realm=REALM):
        return _form(429, {"email": too_many()})
    try:
        row_id = register_shopper(email, password, name, str(get_locale()))
    except InvalidInput as error:
        return _form(422, error.fields)
    cookie[MARK] = [row_id, email]
    return redirect(url_for("account.register_sent"), 303)


@bp.get("/register/sent")
def register_sent() -> Response:
    held = _held()
    return page("register_sent", page_title=_("Look into your mailbox"), email=held[1] if held else "")


@bp.post("/register/again", endpoint="register_again")
def register_again() -> Response:
    """The letter once more, with a new link."""
    held = _held()
    if held is None:
        return redirect(url_for("account.register"), 303)
    if not may_ask_for_a_letter(held[1], request.remote_addr or "", realm=REALM):
        return page(
            "register_sent", status=429, page_title=_("Look into your mailbox"), email=held[1], problem=too_many()
        )
    send_again(held[0])
    return redirect(url_for("account.register_sent"), 303)


@bp.get("/verify/<token>")
def verify(token: str) -> Response:
    return _confirm(_find(token), token)


@bp.post("/verify/<token>", endpoint="verify_now")
def verify_now(token: str) -> Response:
    """The link and the password together are the account; the browser is signed in."""
    row = _find(token)
    try:
        password = read.password()
        if not may_try_here(row.email):
            return _confirm(row, token, 429, {"password": too_many()})
        with transaction() as session:
            shopper = confirm_registration(session, token, password)
            cookie_token = begin_session(session, shopper)
    except InvalidInput as error:
        return _confirm(row, token, 422, error.fields)
    cookie.pop(MARK, None)
    return arrive(shopper, cookie_token, "/account")


def _find(token: str) -> ShopperRegistration:
    row = find_registration(db.session(), token)
    if row is None:
        raise NotFound(NOT_ANY_MORE)
    return row


def _held() -> tuple[int, str] | None:
    held = cookie.get(MARK)
    if isinstance(held, list) and len(held) == 2 and isinstance(held[0], int) and isinstance(held[1], str):
        return held[0], held[1]
    return None


def _form(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return page(
        "register",
        status=status,
        page_title=_("Open an account"),
        errors=errors or {},
        form=read.typed("email", "name"),
        shortest=SHORTEST,
    )


def _confirm(row: ShopperRegistration, token: str, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return page(
        "verify",
        status=status,
        page_title=_("Confirm your address"),
        errors=errors or {},
        token=token,
        email=row.email,
    )
