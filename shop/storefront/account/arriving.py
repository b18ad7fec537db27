"""Sign in and out: a session of its own, a cookie that nobody knew before."""

from __future__ import annotations

from contextlib import suppress

from flask import current_app, flash, g, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.accounts.devices import REMEMBERED_SECONDS, device_token, known_device
from shop.accounts.shopper_models import Shopper
from shop.accounts.shoppers.changing import check_sign_in
from shop.accounts.shoppers.sessions import end_token, start_session
from shop.accounts.signing_in import may_try
from shop.cart.changing import count_items
from shop.cart.following import join_carts
from shop.cart.wishing import add_wish
from shop.core import clock, log
from shop.core.secrets import hash_token
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput
from shop.extensions import db
from shop.storefront.account import reading as read
from shop.storefront.account.blueprint import bp, cookie_name, give_cookie, page, passkey_site, take_cookie
from shop.storefront.visitor import cart_token, forget_cart, remember
from shop.storefront.wishlist import WISHES, kept_wishes

logger = log.get_logger("account")
REALM = "shopper"
HALF_WAY = "shopper_half_way"


@bp.get("/sign-in")
def sign_in() -> Response:
    return show_sign_in()


@bp.post("/sign-in", endpoint="sign_in_now")
def sign_in_now() -> Response:
    """Throttled before the check; one answer for an unknown address, a wrong password and an unconfirmed account."""
    try:
        email, password = read.email(), read.password()
    except InvalidInput as error:
        return show_sign_in(422, error.fields)
    if not may_try_here(email):
        logger.warning("sign-in throttled")
        return show_sign_in(429, {"email": too_many()})
    with transaction() as session:
        shopper = check_sign_in(session, email, password)
        asks_more = shopper is not None and shopper.totp_on_at is not None
        token = begin_session(session, shopper) if shopper is not None and not asks_more else ""
    if shopper is None:
        logger.warning("sign-in refused")
        said = _("The address or the password is not right, or the address is not confirmed yet.")
        return show_sign_in(401, {"email": said})
    target = read.local_path(request.form.get("next"))
    return ask_for_code(shopper, target) if asks_more else arrive(shopper, token, target)


def ask_for_code(shopper: Shopper, target: str) -> Response:
    """The password was right; the cookie says so for ten minutes (account/codes.py)."""
    now = int(clock.now().timestamp())
    cookie[HALF_WAY] = {"id": shopper.id, "at": now, "mark": half_way_mark(shopper), "next": target}
    return redirect(url_for("account.sign_in_code"), 303)


def half_way_mark(shopper: Shopper) -> str:
    """Changes with the password and with the second step."""
    return hash_token(f"{shopper.password_hash}:{shopper.totp_on_at}")[:16]


@bp.post("/sign-out", endpoint="sign_out")
def sign_out() -> Response:
    with transaction() as session:
        end_token(session, request.cookies.get(cookie_name()))
    response = redirect(url_for("account.sign_in"), 303)
    take_cookie(response)
    forget_cart(response)
    cookie.pop(WISHES, None)
    flash(_("You are signed out."), "good")
    return response


def may_try_here(email: str) -> bool:
    """Count one try at a password; browsers that were here before are counted by themselves."""
    return may_try(email, request.remote_addr or "", device_of(email), realm=REALM)


def too_many() -> str:
    return _("Too many tries. Please wait an hour, then try again.")


def begin_session(session: Session, shopper: Shopper, *, how: str = "password", passkey_id: int | None = None) -> str:
    """A new row; the one this browser came with, whoever it is of, ends. The caller commits."""
    end_token(session, request.cookies.get(cookie_name()))
    g.cart_here = join_carts(session, shopper.id, cart_token())
    _add_wishes(session, shopper.id)
    address, browser = request.remote_addr or "", request.user_agent.string
    return start_session(session, shopper, address, browser, how=how, passkey_id=passkey_id)


def arrive(shopper: Shopper, token: str, target: str) -> Response:
    """The cookies, once the session's row is committed."""
    cookie.pop("csrf_token", None)
    cookie.pop(HALF_WAY, None)
    response = redirect(target, 303)
    give_cookie(response, token)
    response.set_cookie(
        _device_cookie(),
        device_token(f"{REALM}:{shopper.email}"),
        max_age=REMEMBERED_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
    logger.info("signed in", shopper_id=shopper.id)
    cart = g.pop("cart_here", None)
    return remember(response, cart.token, count_items(db.session(), cart.id)) if cart is not None else response


def _add_wishes(session: Session, shopper_id: int) -> None:
    """What was wished for in this browser before signing in (storefront/wishlist.py)."""
    for variant_id, is_chosen in kept_wishes():
        with suppress(Conflict):
            add_wish(session, shopper_id, variant_id, is_chosen)
    cookie.pop(WISHES, None)


def device_of(email: str) -> str | None:
    return known_device(request.cookies.get(_device_cookie()), f"{REALM}:{email}")


def _device_cookie() -> str:
    return "__Host-shopper_device" if current_app.config["SESSION_COOKIE_SECURE"] else "shopper_device"


def show_sign_in(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return page(
        "sign_in",
        status=status,
        page_title=_("Sign in"),
        errors=errors or {},
        form=read.typed("email"),
        next=request.values.get("next", "")[:300],
        has_passkeys=passkey_site() is not None,
    )
