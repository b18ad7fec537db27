"""Addresses that staff type: a path of the shop, or a whole web, mail or telephone address."""

from __future__ import annotations

import re

from shop.errors import InvalidInput

MOST_CHARS = 500
_PATH = re.compile(r"/(?![/\\])[^\s\\\"<>]*")
_WEB = re.compile(r"https?://[A-Za-z0-9\[][^\s\\\"<>@]*")
_OTHER = re.compile(r"(mailto:[^\s<>\"@]+@[^\s<>\"@]+|tel:\+?[0-9 ()-]{3,30})")


def check_link(url: str, field: str) -> str:
    """The address, when a visitor may be sent there. Raises InvalidInput."""
    if len(url) > MOST_CHARS:
        raise InvalidInput(fields={field: f"The address is too long: at most {MOST_CHARS} characters."})
    if url.startswith("/admin"):
        raise InvalidInput(fields={field: "Visitors cannot open the panel. Choose a page of the shop."})
    if any(shape.fullmatch(url) for shape in (_PATH, _WEB, _OTHER)):
        return url
    raise InvalidInput(fields={field: "Write a path of the shop, like /contact, or an address that begins with https://."})
