"""What stands before and after every page of an account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.shopper_models import Shopper, ShopperSession
from shop.accounts.shoppers.passkeys import Site
from shop.accounts.shoppers.sessions import IDLE, find_signed_in, is_due_to_note, note_seen
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import NotAllowed, ShopError
from shop.extensions import csrf, db
from shop.guards import UNSAFE
from shop.storefront import context
from shop.storefront.visitor import shopper_cookie
from shop.tenancy.profile import current_profile
from shop.words import tell

bp = Blueprint("account", __name__, url_prefix="/account")
#: pages for people who are not signed in; every other one leads to the sign-in
OPEN = frozenset(
    {
        "account.sign_in", "account.sign_in_now", "account.sign_in_code", "account.sign_in_code_now",
        "account.passkey_question", "account.passkey_answer",
        "account.register", "account.register_now", "account.register_sent",
        "account.register_again", "account.verify", "account.verify_now", "account.forgotten", "account.forgotten_now",
        "account.forgotten_sent", "account.new_password", "account.new_password_now", "account.confirm_email",
        "account.confirm_email_now", "account.delete", "account.delete_now", "account.gone", "account.sign_out",
    }
)  # fmt: skip


@bp.before_request
def speak_the_stores_language() -> None:
    context.page_locale()


@bp.before_request
def look_who_is_here() -> None:
    """By our own cookie alone: who is signed in to the panel is nobody here."""
    found = find_signed_in(db.session(), request.cookies.get(cookie_name()))
    g.shopper, g.shopper_session = found or (None, None)


@bp.before_request
def lead_to_the_sign_in() -> BaseResponse | None:
    if g.shopper is not None or request.endpoint in OPEN:
        return None
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("account.sign_in", next=target), 303)


@bp.before_request
def ask_for_the_token() -> None:
    """Every unsafe request carries the form's token."""
    if request.method in UNSAFE:
        csrf.protect()


@bp.before_request
def remember_who_was_here() -> None:
    here: ShopperSession | None = g.shopper_session
    if request.method == "GET" and here is not None and is_due_to_note(here):
        with transaction() as session:
            note_seen(session, here, request.remote_addr or "")
        g.shopper_cookie_again = True


@bp.after_request
def keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "same-origin"
    response.vary.add("Cookie")
    token = request.cookies.get(cookie_name())
    if g.get("shopper_cookie_again") and token and "Set-Cookie" not in response.headers:
        give_cookie(response, token)  # it lives as long as its row
    return response


@bp.errorhandler(CSRFError)
def token_is_missing(error: CSRFError) -> BaseResponse:
    """The page was open too long, or the request did not come from it. Nothing was changed."""
    return problem(400, _("Please try that again"), _("The page was open for too long, so nothing was changed."))


@bp.errorhandler(ShopError)
def say_what_is_wrong(error: ShopError) -> BaseResponse:
    return problem(error.status, tell(error.title), tell(error.user_message))


def problem(status: int, title: str, text: str) -> Response:
    return page("problem", status=status, page_title=title, text=text, reference=g.get("request_id", ""))


def page(name: str, *, status: int = 200, **values: Any) -> Response:
    values.setdefault("errors", {})
    return render(
        f"storefront/account/{name}.html", status=status, canonical_url=None, shopper=g.get("shopper"), **values
    )


def me() -> Shopper:
    """Who is signed in. Raises NotAllowed where nobody is, which `lead_to_the_sign_in` does not let happen."""
    shopper: Shopper | None = g.get("shopper")
    if shopper is None:
        raise NotAllowed
    return shopper


def here() -> ShopperSession:
    found: ShopperSession | None = g.get("shopper_session")
    if found is None:
        raise NotAllowed
    return found


def passkey_site() -> Site | None:
    """Where passkeys are good for; None where browsers make none (a bare IP address)."""
    return Site.at(current_app.config["IMPRINT"].public_url, current_profile().name)


def cookie_name() -> str:
    return shopper_cookie()


def give_cookie(response: BaseResponse, token: str) -> None:
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(IDLE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=secure,
        path="/",
    )


def take_cookie(response: BaseResponse) -> None:
    """Nobody is signed in here any more; the next form gets a new token."""
    cookie.pop("csrf_token", None)
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.delete_cookie(cookie_name(), path="/", secure=secure, httponly=True, samesite="Lax")
