"""Two-step sign-in for oneself: set up with a phone, confirmed by a first code; backup codes are shown once."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from shop.accounts import two_step as codes_of
from shop.accounts.passwords import verify_password
from shop.accounts.shoppers import second_step
from shop.accounts.signing_in import may_try_code
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput
from shop.extensions import db
from shop.storefront.account import reading as read
from shop.storefront.account.arriving import REALM, device_of, may_try_here, too_many
from shop.storefront.account.blueprint import bp, me, page
from shop.storefront.account.proving import prove_first
from shop.tenancy.profile import current_profile
from shop.words import mark
from shop.workflows.shopper_letters import write_security_changed


@bp.get("/two-step", endpoint="two_step")
def two_step() -> Response:
    """On, off, or half set up: then with the QR code, for somebody who was asked lately."""
    if me().totp_on_at is None:
        away = prove_first(url_for("account.two_step"))
        if away is not None:
            return away
    return _page()


@bp.post("/two-step/begin", endpoint="begin_two_step")
def begin_two_step() -> Response:
    """A secret for the phone; again makes another, as long as none is confirmed."""
    away = prove_first(url_for("account.two_step"))
    if away is not None:
        return away
    with transaction() as session:
        second_step.begin(session, me().id)
    return redirect(url_for("account.two_step"), 303)


@bp.post("/two-step/confirm", endpoint="confirm_two_step")
def confirm_two_step() -> Response:
    """The first code switches it on. The backup codes are the answer itself: nothing keeps them."""
    away = prove_first(url_for("account.two_step"))
    if away is not None:
        return away
    try:
        _count_a_try("code")
        with transaction() as session:
            codes = second_step.confirm(session, me().id, request.form.get("code", "")[:100])
            write_security_changed(session, me(), "two_step_on")
    except InvalidInput as error:
        return _page(422, error.fields)
    return _codes(codes, _("Two-step sign-in is on"))


@bp.post("/two-step/codes", endpoint="new_backup_codes")
def new_backup_codes() -> Response:
    """Ten new ones, for the password or a code; those from before are worth nothing."""
    try:
        with transaction() as session:
            _is_it_them("codes_proof")
            codes = second_step.new_backup_codes(session, me().id)
            write_security_changed(session, me(), "new_codes")
    except InvalidInput as error:
        db.session.rollback()
        return _page(422, error.fields)
    return _codes(codes, _("New backup codes"))


@bp.post("/two-step/off", endpoint="two_step_off")
def two_step_off() -> Response:
    """For the password or a code."""
    try:
        with transaction() as session:
            _is_it_them("off_proof")
            second_step.turn_off(session, me().id)
            write_security_changed(session, me(), "two_step_off")
    except InvalidInput as error:
        db.session.rollback()
        return _page(422, error.fields)
    flash(_("Two-step sign-in is off."), "good")
    return redirect(url_for("account.security"), 303)


def _is_it_them(field: str) -> None:
    """The password, or a code that is used up. Raises InvalidInput (field `field`), Conflict when it is off."""
    if me().totp_on_at is None:
        raise Conflict(mark("Two-step sign-in is off already."))
    typed = read.password(field)
    _count_a_try(field)
    if second_step.use_code(db.session(), me().id, typed[:100]) is not None:
        return
    if not may_try_here(me().email):
        raise InvalidInput(fields={field: too_many()})
    if not verify_password(me().password_hash, typed):
        raise InvalidInput(fields={field: _("This is neither your password nor a code that works.")})


def _count_a_try(field: str) -> None:
    if not may_try_code(me(), device_of(me().email), realm=REALM):
        raise InvalidInput(fields={field: too_many()})


def _codes(codes: list[str], title: str) -> Response:
    return page("backup_codes", page_title=title, codes=codes)


def _page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    shopper = me()
    is_on = shopper.totp_on_at is not None
    secret = "" if is_on else shopper.totp_secret or ""
    address = codes_of.phone_address(secret, shopper.email, current_profile().name) if secret else ""
    return page(
        "two_step",
        status=status,
        page_title=_("Two-step sign-in"),
        errors=errors or {},
        is_on=is_on,
        qr=codes_of.draw_qr(address) if address else "",
        key=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        codes_left=second_step.count_backup_codes(db.session(), shopper.id) if is_on else 0,
    )
