"""Two-step sign-in for oneself: set up with a phone, confirmed by a first code; backup codes are shown once."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts import two_step
from shop.accounts.signing_in import may_try_code
from shop.admin.blueprint import bp
from shop.admin.permissions import staff_only
from shop.admin.signing_in import TOO_MANY
from shop.admin.staff.account import check_own_password, me
from shop.admin.staff.letting_in import device_of
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows.tell_staff import tell_of_change


@bp.get("/account/two-step", endpoint="two_step")
@staff_only()
def page() -> Response:
    """On, off, or half set up: then with the QR code."""
    return _page()


def _page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    member = me()
    shop_name = current_profile().name
    is_pending = member.totp_on_at is None and bool(member.totp_secret)
    secret = member.totp_secret or ""
    return render(
        "admin/two_step.html",
        status=status,
        page_title="Two-step sign-in",
        errors=errors or {},
        is_on=member.totp_on_at is not None,
        is_pending=is_pending,
        is_required=current_profile().staff_totp_required,
        qr=two_step.draw_qr(two_step.setup_address(member, shop_name)) if is_pending else "",
        key=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)) if is_pending else "",
        codes_left=two_step.count_backup_codes(db.session(), member) if member.totp_on_at else 0,
    )


@bp.post("/account/two-step/begin")
@staff_only()
def begin_two_step() -> BaseResponse:
    """A secret for the phone; again makes another, as long as none is confirmed."""
    try:
        with transaction() as session:
            two_step.begin(session, me())
    except Conflict as error:
        flash(error.user_message, "bad")
    return redirect(url_for("admin.two_step"), 303)


@bp.post("/account/two-step/confirm")
@staff_only()
def confirm_two_step() -> Response | BaseResponse:
    """The first code turns it on. The backup codes are the answer itself: nothing keeps them."""
    try:
        if not may_try_code(me(), device_of(me().email)):
            raise InvalidInput(fields={"code": TOO_MANY})
        with transaction() as session:
            codes = two_step.confirm(session, me(), request.form.get("code", "")[:100])
            tell_of_change(session, me(), "two_step_on")
    except InvalidInput as error:
        return _page(422, error.fields)
    except Conflict as error:
        flash(error.user_message, "bad")
        return redirect(url_for("admin.two_step"), 303)
    return _codes(codes, "Two-step sign-in is on")


@bp.post("/account/two-step/codes")
@staff_only()
def make_backup_codes() -> Response | BaseResponse:
    """Ten new ones, for the password; those from before are worth nothing."""
    if me().totp_on_at is None:
        flash("Turn two-step sign-in on first.", "bad")
        return redirect(url_for("admin.two_step"), 303)
    try:
        check_own_password(request.form.get("password", ""), "codes_password")
    except InvalidInput as error:
        return _page(422, error.fields)
    with transaction() as session:
        codes = two_step.new_backup_codes(session, me())
    return _codes(codes, "New backup codes")


@bp.post("/account/two-step/off")
@staff_only()
def turn_two_step_off() -> Response | BaseResponse:
    """Asks for the password. Where the owner requires it, it can only be set up anew."""
    try:
        check_own_password(request.form.get("password", ""), "off_password")
    except InvalidInput as error:
        return _page(422, error.fields)
    with transaction() as session:
        if two_step.turn_off(session, me()):
            tell_of_change(session, me(), "two_step_off")
    flash("Two-step sign-in is off.", "good")
    return redirect(url_for("admin.two_step"), 303)


def _codes(codes: list[str], title: str) -> Response:
    return render("admin/backup_codes.html", page_title=title, codes=codes)
