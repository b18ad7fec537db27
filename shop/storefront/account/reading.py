"""What the forms of an account send, in the visitor's language. Readers raise InvalidInput with the field's name."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

from flask import request
from flask_babel import gettext as _

from shop.core import reading_forms
from shop.errors import InvalidInput

LONGEST_PASSWORD = 1000  # what is read at all; the rule is in accounts/passwords.py


def email(name: str = "email") -> str:
    """Lower case, as accounts are known."""
    try:
        return reading_forms.email(request.form, name, "This").lower()
    except InvalidInput as error:
        raise InvalidInput(fields={name: _("Please enter an e-mail address we can write to.")}) from error


def line(name: str, at_most: int, *, required: str = "") -> str:
    """One line of text. `required` is what is said when it is missing."""
    try:
        value = reading_forms.text(request.form, name, "", at_most, required=False)
    except InvalidInput as error:
        raise InvalidInput(fields={name: _("That is too long (at most %(n)s characters).", n=at_most)}) from error
    value = " ".join(value.split())
    if required and not value:
        raise InvalidInput(fields={name: required})
    return value


def password(name: str = "password") -> str:
    """As typed. Composed the same way whatever the keyboard does, so that the same word fits again."""
    value = unicodedata.normalize("NFC", request.form.get(name, "")[:LONGEST_PASSWORD])
    if not value:
        raise InvalidInput(fields={name: _("Please enter the password.")})
    return value.encode("utf-8", "replace").decode()


def typed(*names: str) -> dict[str, str]:
    """What goes back into the form; never a password."""
    return {name: request.form.get(name, "").replace("\0", "")[:300] for name in names}


def local_path(target: str | None) -> str:
    """`target` when it is a page of the account, else its first page: nobody is sent elsewhere after signing in."""
    if not target or len(target) > 300 or not target.startswith("/account"):
        return "/account"
    if any(ord(sign) < 33 or ord(sign) > 126 or sign == "\\" for sign in target):
        return "/account"
    parts = urlsplit(target)
    is_ours = not parts.scheme and not parts.netloc and (parts.path == "/account" or parts.path.startswith("/account/"))
    return target if is_ours and ".." not in parts.path else "/account"
