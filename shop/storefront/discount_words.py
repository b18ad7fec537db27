"""Discounts in a buyer's words: what was taken off, and what to do about a code that takes nothing off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import ngettext

from shop.promotions.evaluating import Evaluation, RefusedCode


def discount_facts(found: Evaluation, money: Callable[[int], str], locale: str) -> dict[str, Any]:
    """{"discounts": [{label, code, text}], "codes": [{code, reason}]}: `reason` None for a code that holds."""
    rows = found.by_discount()
    return {
        "discounts": [
            {
                "label": row.label,
                "code": row.code,
                "text": "−" + money(minor) if minor else _("Free shipping"),
            }
            for row, minor, _ships in rows
        ],
        "codes": [{"code": row.code, "reason": None} for row, _minor, _ships in rows if row.code]
        + [{"code": row.code, "reason": why_refused(row, money, locale)} for row in found.refused],
    }


def why_refused(row: RefusedCode, money: Callable[[int], str], locale: str) -> str:
    """One sentence that says what to do, where anything can be done."""
    if row.why == "spend_more":
        return _("Spend %(amount)s more to use it.", amount=money(row.minor))
    if row.why == "add_more":
        return ngettext(
            "Add %(num)s more of what it is for.", "Add %(num)s more of what it is for.", row.count
        )
    if row.why == "per_customer":
        return ngettext(
            "You have used it already: it is good for %(num)s order.",
            "You have used it already: it is good for %(num)s orders.",
            row.count,
        )
    if row.why == "not_yet":
        return _("It starts on %(day)s.", day=_day(row.at, locale))
    if row.why == "ended":
        return _("It ended on %(day)s.", day=_day(row.at, locale))
    if row.why == "better":
        return _("%(other)s saves you more, and the two cannot be combined.", other=row.other)
    if row.why == "same":
        return _("%(other)s is for the same discount already.", other=row.other)
    return _plain(row.why)


def _plain(why: str) -> str:
    words = {
        "unknown": _("We do not know this code any more. Please remove it."),
        "used_up": _("It has been used as often as it may be."),
        "first_order": _("It is only for first orders."),
        "nothing_fits": _("It is for other things than those in your cart."),
        "standard_way": _("Choose standard delivery to use it."),
        "shipping_is_free": _("Shipping is free already."),
        "nothing_left": _("There is nothing left to take off."),
    }
    return words.get(why) or _("It cannot be used now.")


def _day(at: datetime | None, locale: str) -> str:
    return format_date(at, "d MMMM", locale=locale) if at is not None else ""
