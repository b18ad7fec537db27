"""The languages a text may be written in, and the links between them."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from shop.core.languages import LOCALES, NAMES
from shop.tenancy.profile import current_profile


@dataclass(frozen=True)
class Languages:
    """`own` is the store's; `now` the one being written. `is_own` says whether they are the same."""

    own: str
    now: str
    all: tuple[tuple[str, str], ...]

    @property
    def is_own(self) -> bool:
        return self.own == self.now

    @property
    def asked(self) -> str | None:
        """For links: None for the store's own."""
        return None if self.is_own else self.now


def chosen_language() -> Languages:
    """From ?lang= (or the form's field of that name); anything else is the store's own."""
    own = current_profile().locale[:2].lower()
    own = own if own in LOCALES else LOCALES[0]
    asked = request.form.get("lang") or request.args.get("lang", "")
    known = (own, *(code for code in LOCALES if code != own))
    return Languages(own, asked if asked in known else own, tuple((code, NAMES.get(code, code)) for code in known))
