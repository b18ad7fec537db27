"""Letters about a shopper's own account. Each is a row in the caller's transaction; links are sealed."""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.browsers import name_browser
from shop.accounts.shopper_models import Shopper
from shop.core import clock
from shop.core.secrets import new_token
from shop.customers.models import PrivacyRequest
from shop.email.requesting import request_letter
from shop.email.sealing import seal
from shop.workflows.letter_facts import public_url

SIGN_IN, FORGOTTEN, SECURITY = "/account/sign-in", "/account/forgotten", "/account/security"


def who_is(shopper: Shopper) -> str:
    """How the panel and the logs of requests call a shopper who asked for something."""
    return f"customer’s account {shopper.id}"


def write_verification(session: Session, to_email: str, token: str, locale: str) -> None:
    _write(session, "account_verify", to_email, {"verify_url": _link("/account/verify/", token)}, locale)


def write_already_here(session: Session, to_email: str, locale: str) -> None:
    """To somebody who has an account and whose address was typed into a form."""
    facts = {"sign_in_url": public_url(SIGN_IN), "reset_url": public_url(FORGOTTEN)}
    _write(session, "account_exists", to_email, facts, locale)


def write_reset(session: Session, shopper: Shopper, token: str) -> None:
    facts = {"reset_url": _link("/account/new-password/", token)}
    _write(session, "account_reset", shopper.email, facts, shopper.locale)


def write_password_changed(session: Session, shopper: Shopper) -> None:
    facts = {**_when_and_where(), "reset_url": public_url(FORGOTTEN)}
    _write(session, "account_password", shopper.email, facts, shopper.locale)


def write_security_changed(session: Session, shopper: Shopper, change: str, what: str = "") -> None:
    """`change`: two_step_on | two_step_off | two_step_reset | new_codes | passkey_added | passkey_removed | keys_reset.
    `what`: the passkey's name."""
    facts = {"change": change, "what": what, **_when_and_where(), "security_url": public_url(SECURITY)}
    if change.endswith("_reset"):
        facts["where"] = "–"  # it was staff: where they sit is nobody's business
    _write(session, "account_security", shopper.email, facts, shopper.locale)


def _when_and_where() -> dict[str, str]:
    where = "–"
    if has_request_context():
        where = f"{request.remote_addr or '–'}, {name_browser(request.user_agent.string)}"
    return {"at": f"{clock.now():%Y-%m-%d %H:%M} UTC", "where": where}


def write_email_confirmation(session: Session, shopper: Shopper, side: str, new_email: str, token: str) -> None:
    """`side`: "old" goes to the present mailbox, "new" to the other one."""
    facts = {
        "side": side,
        "old_email": shopper.email,
        "new_email": new_email,
        "confirm_url": _link("/account/confirm-email/", token),
    }
    _write(session, "account_email_confirm", new_email if side == "new" else shopper.email, facts, shopper.locale)


def write_email_changed(session: Session, shopper: Shopper, before: str) -> None:
    facts = {"old_email": before, "new_email": shopper.email}
    for address in (before, shopper.email):
        _write(session, "account_email_changed", address, facts, shopper.locale)


def write_deletion(session: Session, shopper: Shopper, token: str) -> None:
    facts = {"confirm_url": _link("/account/delete/", token)}
    _write(session, "account_delete", shopper.email, facts, shopper.locale)


def tell_when_ready(session: Session, request_id: int) -> None:
    """The file is there: a letter, if it was the shopper who asked. The file itself waits behind the sign-in."""
    row = session.get_one(PrivacyRequest, request_id)
    mine = select(Shopper).where(Shopper.customer_id == row.customer_id).order_by(Shopper.id)
    for shopper in session.execute(mine).scalars():
        if row.requested_by == who_is(shopper):
            facts = {"data_url": public_url("/account/data")}
            _write(session, "account_data", shopper.email, facts, shopper.locale, key=f"export:{request_id}")


def _write(
    session: Session, letter: str, to_email: str, facts: dict[str, Any], locale: str, *, key: str | None = None
) -> None:
    request_letter(
        session,
        letter=letter,
        subject_key=key or f"account:{new_token(12)}",
        to_email=to_email,
        facts=facts,
        locale=locale,
    )


def _link(path: str, token: str) -> dict[str, str]:
    return seal(public_url(path + token))
