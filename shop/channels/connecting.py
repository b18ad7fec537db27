"""What a merchant types of a store, and what is wrong with it in their words."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from shop.channels.calling import own_origins
from shop.errors import InvalidInput, Misunderstood, NeedsReconnect, OutsideError, RateLimited, Refused
from shop.outbound.addresses import check_address, origin_of

LONGEST_ADDRESS = 300
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
#: what people copy along from the address bar
_PANEL = re.compile(r"/(wp-admin|wp-login\.php|admin[\w-]*|index\.php)(/.*)?$", re.IGNORECASE)


def read_address(raw: str, platform: str) -> str:
    """The store's address as it is kept: "https://shop.example/path", without a slash at its end.

    Asks the name servers: outside of transactions. Raises InvalidInput (field "store_url").
    """
    text = raw.strip()
    if not _SCHEME.match(text):
        text = f"https://{text}"
    origin = origin_of(text)
    if not origin or len(text) > LONGEST_ADDRESS or not text.isprintable() or " " in text:
        raise _bad(f"Write the address of the {platform} store, like https://shop.example.com.")
    parts = urlsplit(text)
    path = _PANEL.sub("", parts.path).rstrip("/")
    address = f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}"
    if origin in own_origins():
        return address
    if parts.scheme.lower() != "https":
        raise _bad("The address must begin with https://: keys are not sent in clear.")
    try:
        check_address(address)
    except Refused as error:
        why = (error.detail or error.user_message).rpartition(": ")[2]
        raise _bad(f"This address cannot be used: {why}. It must be open to the internet.") from error
    return address


def problem_of(error: OutsideError, platform: str, store_url: str) -> str:
    """Why a platform could not be asked who we are: what is wrong, and what to do."""
    status, where = error.facts.get("status"), store_url or platform
    if isinstance(error, RateLimited):
        return f"{platform} asks us to slow down. Try again in a minute."
    if isinstance(error, NeedsReconnect):
        if status == 403:
            return _with(
                f"{platform} knows the key, but does not allow this. Give the key the rights listed below.", error
            )
        return _with(
            f"{platform} does not accept the key. Copy it again, whole, and check that it belongs to this store.", error
        )
    if isinstance(error, Refused):
        return _refusal(error, status, platform, where)
    if isinstance(error, Misunderstood):
        if isinstance(status, int) and 300 <= status < 400:
            return f"{where} leads elsewhere. Write the address it leads to, as the browser shows it."
        return _with(
            f"{where} answered, but not as {platform} does. Check the address, and that its version is supported.",
            error,
        )
    if status == 503:
        return f"{where} is closed at the moment: it answers that it is under maintenance. Try again when it is open."
    return _with(f"Nothing answers at {where}. Check the address, and that the store is open to the internet.", error)


def _refusal(error: Refused, status: object, platform: str, where: str) -> str:
    if error.service == "fetch":
        return f"{where} cannot be used: it does not lead to a public address."
    if status == 404:
        return f"There is no {platform} at {where}. Check the address; it may need the folder the shop is in."
    if status in (402, 423):
        return f"The shop is closed: {platform} answers that its plan is frozen or the shop is locked."
    if status in (406, 410, 426):
        return _with(f"{platform} at {where} speaks another version than we do. Update it, then test again.", error)
    return _with(f"{platform} refused the question.", error)


def _with(text: str, error: OutsideError) -> str:
    told = error.user_message if error.user_message != error.title else error.detail
    return f"{text} ({told[:200]})" if told else text


def _bad(text: str) -> InvalidInput:
    return InvalidInput(fields={"store_url": text})
