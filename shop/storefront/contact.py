"""Write to the shop."""

from __future__ import annotations

import hashlib

from email_validator import EmailNotValidError, validate_email
from flask import redirect, request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response as BaseResponse

from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.extensions import limiter
from shop.tenancy.profile import current_profile

LENGTHS = {"name": 100, "email": 254, "order_number": 32, "message": 5000}


def contact_form() -> BaseResponse:
    """GET /contact"""
    form = {"order_number": request.args.get("order", "")[:20]}
    return render(
        "storefront/contact.html",
        form=form,
        errors={},
        sent="sent" in request.args,
        page_title=_("Contact"),
        canonical_url=None,
    )


def _writer() -> str:
    """The address that is written from, however many machines ask; the machine while there is none."""
    email = request.form.get("email", "").strip().lower()
    return f"contact:{_digest(email)}" if "@" in email else f"contact:{get_remote_address()}"


@limiter.limit("5 per minute; 20 per hour")
@limiter.limit("10 per hour", key_func=_writer)
def send_message() -> BaseResponse:
    """POST /contact: a letter to the shop, and a receipt to the writer. The same message within a day is one; so is the
    receipt, whatever was written: nobody's mailbox is filled from here."""
    form = {name: _clean(request.form.get(name, ""), lines=name == "message") for name in LENGTHS}
    errors = _check(form)
    if errors:
        return render(
            "storefront/contact.html",
            status=422,
            form=form,
            errors=errors,
            sent=False,
            page_title=_("Contact"),
            canonical_url=None,
        )
    today = f"contact:{clock.now():%Y%m%d}"
    facts = dict(form)
    with transaction() as session:
        new = request_letter(
            session,
            letter="contact",
            subject_key=f"{today}:{_digest(*form.values())}",
            to_email=current_profile().support_email,
            facts={**facts, "reply_to": form["email"]},
        )
        if new:
            request_letter(
                session,
                letter="contact_received",
                subject_key=f"{today}:{_digest(form['email'].lower())}",
                to_email=form["email"],
                facts=facts,
                locale=str(get_locale()),
            )
    return redirect("/contact?sent", 303)


def _check(form: dict[str, str]) -> dict[str, str]:
    errors = {}
    for name, most in LENGTHS.items():
        if len(form[name]) > most:
            errors[name] = _("That is too long (at most %(n)s characters).", n=most)
    if not form["name"]:
        errors["name"] = _("Please tell us your name.")
    try:
        address = validate_email(form["email"], check_deliverability=False, allow_smtputf8=False)
        form["email"] = address.ascii_email or address.normalized
    except EmailNotValidError:
        errors["email"] = _("Please enter an address we can answer to.")
    if len(form["message"]) < 3:
        errors["message"] = _("Please write what it is about.")
    return errors


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _clean(typed: str, *, lines: bool) -> str:
    """Without control characters; line breaks stay in the message alone (a name stands in a header)."""
    kept = "".join(
        sign if sign.isprintable() or (lines and sign in "\n\t") else " " for sign in typed.replace("\r", "")
    )
    return kept.strip() if lines else " ".join(kept.split())
