"""What the form of a review sends: bounded, cleaned, its pictures made anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from shop.core.transaction import release_connection
from shop.errors import InvalidInput
from shop.orders.models import Order
from shop.reviews.models import Review
from shop.reviews.pictures import MOST_BYTES, keep_picture
from shop.reviews.writing import MOST_BODY, MOST_NAME, MOST_PICTURES, MOST_TITLE, Written, keys_of
from shop.storefront.context import page_locale

ROOM = MOST_PICTURES * MOST_BYTES + 256 * 1024  # for the whole request
LIMITS = {"title": MOST_TITLE, "body": MOST_BODY, "name": MOST_NAME}


def filled(review: Review | None, order: Order) -> dict[str, Any]:
    """The form as it is first shown."""
    if review is not None:
        return {"rating": review.rating, "title": review.title, "body": review.body, "name": review.name}
    first, *others = order.customer_name.split() or [""]
    return {"rating": 0, "title": "", "body": "", "name": f"{first} {others[-1][0]}." if others else first}


def typed() -> dict[str, Any]:
    """What was sent, to show it again."""
    rating = request.form.get("rating", "")
    return {
        "rating": int(rating) if rating in ("1", "2", "3", "4", "5") else 0,
        **{name: _clean(request.form.get(name, ""), lines=name == "body") for name in LIMITS},
    }


def read(review: Review | None) -> Written:
    """Raises InvalidInput with every wrong field. Stores the pictures: no transaction may be open."""
    form, errors = typed(), {}
    if not form["rating"]:
        errors["rating"] = _("Please choose one to five stars.")
    for name, most in LIMITS.items():
        if len(form[name]) > most:
            errors[name] = _("That is too long (at most %(n)s characters).", n=most)
    if len(form["body"]) < 3:
        errors["body"] = _("Please write a few words.")
    kept = [p for p in (review.pictures if review else []) if not keys_of([p]) & set(request.form.getlist("remove"))]
    sent = [file for file in request.files.getlist("pictures") if file.filename]
    if len(kept) + len(sent) > MOST_PICTURES:
        errors["pictures"] = ngettext("At most one picture.", "At most %(num)d pictures.", MOST_PICTURES)
    if errors:
        raise InvalidInput(fields=errors)
    release_connection()
    return Written(locale=page_locale(), pictures=[*kept, *_made(sent, kept)], **form)


def _made(sent: Sequence[Any], kept: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same picture twice is one."""
    found: list[dict[str, Any]] = []
    for file in sent:
        try:
            picture = keep_picture(file.stream.read(MOST_BYTES + 1))
        except InvalidInput as error:
            raise InvalidInput(fields={name: _(text) for name, text in error.fields.items()}) from error
        if not keys_of([picture]) & keys_of([*kept, *found]):
            found.append(picture)
    return found


def _clean(raw: str, *, lines: bool) -> str:
    """Without control characters; line breaks stay where there may be several, at most two in a row."""
    kept = "".join(c if c.isprintable() or (lines and c == "\n") else " " for c in raw.replace("\r\n", "\n"))
    if not lines:
        return " ".join(kept.split())
    text = "\n".join(" ".join(line.split()) for line in kept.split("\n")).strip()
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text
