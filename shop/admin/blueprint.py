"""The panel: its blueprint, what every page of it knows, and what stands before every request."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, redirect, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import act_for_this_request
from shop.accounts.sessions import is_due_to_note, note_seen
from shop.accounts.signing_in import session_here
from shop.admin import words
from shop.admin.navigation import nav_items
from shop.admin.permissions import allowed
from shop.core.pages import render
from shop.core.settings import current_settings
from shop.core.transaction import transaction
from shop.errors import ShopError
from shop.extensions import csrf
from shop.guards import UNSAFE
from shop.tenancy.profile import current_profile

bp = Blueprint("admin", __name__, url_prefix="/admin")
PANEL_LOCALE = "en"
BEFORE_THE_SECOND_STEP = frozenset(
    {"admin.two_step", "admin.begin_two_step", "admin.confirm_two_step", "admin.sign_out", "admin.sign_in"}
)


@bp.before_request
def speak_one_language() -> None:
    """The panel's words are English, whatever the shop speaks."""
    g.locale = PANEL_LOCALE


@bp.before_request
def ask_for_the_token() -> None:
    """Every unsafe request carries the form's token (field `csrf_token`, or the header htmx sends)."""
    if request.method in UNSAFE:
        csrf.protect()


@bp.before_request
def say_who_acts() -> None:
    """Whatever this request changes is written down as this member's (accounts/auditing.py)."""
    if current_user.is_authenticated:
        act_for_this_request(current_user.email, staff_id=current_user.id)


@bp.before_request
def remember_who_was_here() -> None:
    here = session_here() if current_user.is_authenticated else None
    if request.method == "GET" and here is not None and is_due_to_note(here):
        with transaction() as session:
            note_seen(session, here, request.remote_addr or "")


@bp.before_request
def lead_to_the_second_step() -> BaseResponse | None:
    """Where the owner wants two-step sign-in from everybody, whoever lacks it can do nothing else before."""
    if not current_user.is_authenticated or current_user.totp_on_at is not None:
        return None
    if not current_profile().staff_totp_required or request.endpoint in BEFORE_THE_SECOND_STEP:
        return None
    target = url_for("admin.two_step")
    if "HX-Request" in request.headers:
        return Response("", 401, {"HX-Redirect": target})
    flash("The shop’s owner asks everybody for two-step sign-in. Set it up to go on.", "bad")
    return redirect(target, 303)


@bp.after_request
def keep_private(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Robots-Tag"] = "noindex"
    response.vary.add("Cookie")
    return response


@bp.context_processor
def every_page() -> dict[str, Any]:
    """What the layouts and the pages of the panel use."""
    config = current_settings()
    return {
        "lang": PANEL_LOCALE,
        "admin_nav": nav_items() if current_user.is_authenticated else [],
        "may": allowed,
        "is_test_mode": words.is_test_mode(config),
        "money": words.money,
        "when": words.when,
        "day": words.day,
        "ago": words.ago,
        "span": words.span,
        "say": words.say,
        "tone": words.tone,
    }


@bp.errorhandler(CSRFError)
def token_is_missing(error: CSRFError) -> BaseResponse:
    """The page was open too long, or the request did not come from it. Nothing was changed."""
    if request.endpoint == "admin.sign_in_now":
        flash("That page was open for too long. Please sign in again.", "bad")
        return redirect(url_for("admin.sign_in", next=request.args.get("next")), 303)
    return _problem(400, "Please try that again", "The page was open for too long, so nothing was changed.")


@bp.errorhandler(ShopError)
def tell(error: ShopError) -> BaseResponse:
    return _problem(error.status, error.title, error.user_message)


def _problem(status: int, title: str, text: str) -> BaseResponse:
    layout = "layouts/admin.html" if current_user.is_authenticated else "layouts/admin_plain.html"
    reference = g.get("request_id", "")
    return render("admin/problem.html", status=status, page_title=title, text=text, layout=layout, reference=reference)
