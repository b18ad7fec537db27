"""Returns, for whoever has the order's link: ask for one, follow it, answer, keep it after all."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import undefer
from werkzeug.wrappers import Response as BaseResponse

from shop.core.transaction import release_connection
from shop.core.words import N_
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db, limiter
from shop.orders.models import Order
from shop.returns.counting import left_to_return, lines_of
from shop.returns.models import Return, ReturnEntry, ReturnPicture
from shop.returns.pictures import LARGEST_BYTES, draw_all
from shop.returns.rules import CHOOSABLE, LONGEST_WORDS, MOST_PICTURES, OPEN
from shop.storefront.order_links import order_by_token, private_page
from shop.storefront.typed import clean, whole
from shop.words import mark
from shop.workflows.request_return import Asked, reply, request_return, take_back_request, why_not_returnable
from shop.workflows.return_facts import reason_words, rules_now, wish_words

LARGEST_REQUEST = (LARGEST_BYTES + 1) * MOST_PICTURES
_STATES = {
    "requested": (N_("We have your request"), N_("We look at it and write to you."), "waiting"),
    "approved": (N_("Approved"), N_("We settle it as soon as everything is here."), "working"),
    "declined": (N_("Declined"), N_("We wrote to you why."), "failed"),
    "withdrawn": (N_("You kept it"), N_("You took this request back."), "done"),
    "refunded": (N_("Your money is on its way back"), N_("It goes back the way it was paid."), "done"),
    "replaced": (N_("A new one is being made for you"), N_("We write to you when it leaves."), "done"),
    "credit": (N_("Settled"), N_("We wrote to you how."), "done"),
}
_ENTRIES = {
    "requested": N_("You asked for it"),
    "approved": N_("Approved"),
    "declined": N_("Declined"),
    "settled": N_("Settled"),
    "withdrawn": N_("You took it back"),
    "asked": N_("We asked you something"),
    "answered": N_("You answered"),
    "goods_back": N_("The goods are back with us"),
}


def returns_of(order_id: int) -> list[dict[str, Any]]:
    """For the order's page; one statement."""
    rows = db.session.execute(select(Return).where(Return.order_id == order_id).order_by(Return.id)).scalars()
    return [{"id": row.id, "number": row.number, "asked": bool(row.asked), **_state(row)} for row in rows]


def returns_part(order: Order) -> dict[str, Any]:
    """What the order's page says of returns: [{…}] and whether one may be asked for."""
    return {
        "returns": returns_of(order.id),
        "may_return": not why_not_returnable(db.session(), order),
        "may_withdraw": order.status != "cancelled",
        "token": order.token,
    }


@limiter.limit("60 per minute")
def return_form(token: str) -> Response:
    """GET /orders/<token>/return"""
    order = order_by_token(token)
    return _form(order)


@limiter.limit("10 per minute; 40 per hour", methods=["POST"])
def ask_for_return(token: str) -> BaseResponse:
    """POST /orders/<token>/return: the same form again is the same return."""
    order = order_by_token(token)
    request.max_content_length = LARGEST_REQUEST
    try:
        asked = _read(order)
        order_id = order.id
        release_connection()
        return_id = request_return(order_id, asked, form_key=clean(request.form.get("key", ""))[:40] or "none")
    except InvalidInput as error:
        db.session.rollback()
        return _form(order_by_token(token), error.fields, 422)
    except Conflict as error:
        db.session.rollback()
        return _form(order_by_token(token), {"lines": error.user_message}, 409)
    return redirect(url_for("storefront.return_page", token=token, return_id=return_id), 303)


@limiter.limit("120 per minute")
def return_page(token: str, return_id: int) -> Response:
    """GET /orders/<token>/returns/<id>"""
    order = order_by_token(token)
    return _page(order, _of(order, return_id))


@limiter.limit("120 per minute")
def return_picture(token: str, return_id: int, photo_id: int) -> Response:
    """GET …/pictures/<id>: for the order's owner alone."""
    order = order_by_token(token)
    held = _of(order, return_id)
    return picture_answer(held.id, photo_id)


def picture_answer(return_id: int, photo_id: int) -> Response:
    found = db.session.execute(
        select(ReturnPicture)
        .where(ReturnPicture.id == photo_id, ReturnPicture.return_id == return_id)
        .options(undefer(ReturnPicture.content))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(mark("There is no such picture."))
    answer = Response(found.content, mimetype="image/webp")
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@limiter.limit("10 per minute; 60 per hour")
def answer_return(token: str, return_id: int) -> BaseResponse:
    """POST …/answer (`do=answer`), or take the request back (`do=keep`)."""
    order = order_by_token(token)
    held = _of(order, return_id)
    order_id, back = order.id, url_for("storefront.return_page", token=token, return_id=return_id)
    words = clean(request.form.get("words", ""), lines=True)
    keeps = request.form.get("do") == "keep"
    if not keeps and not 1 <= len(words) <= LONGEST_WORDS:
        errors = {"words": _("Please write your answer, in at most %(n)s characters.", n=LONGEST_WORDS)}
        return _page(order, held, errors=errors, status=422)
    release_connection()
    try:
        done = take_back_request(order_id, return_id) if keeps else reply(order_id, return_id, words)
    except Conflict:
        flash(_("That is not possible any more."), "error")
    else:
        if done:
            flash(_("You keep it: your request is taken back.") if keeps else _("Thank you. We go on with it."), "good")
    return redirect(back, 303)


def _of(order: Order, return_id: int) -> Return:
    found = db.session.execute(
        select(Return).where(Return.id == return_id, Return.order_id == order.id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(mark("There is no such return."))
    return found


def _read(order: Order) -> Asked:
    """Raises InvalidInput with every field that is wrong."""
    errors: dict[str, str] = {}
    lines: dict[int, int] = {}
    for line in order.lines:
        raw = request.form.get(f"line-{line.id}", "").strip()
        if raw:
            number = whole(raw, line.quantity)
            if number is None:
                errors[f"line-{line.id}"] = _("Choose from 0 to %(n)s.", n=line.quantity)
            else:
                lines[line.id] = number
    foreign = [n for n in request.form if n.startswith("line-") and n not in {f"line-{x.id}" for x in order.lines}]
    if foreign:
        raise NotFound(mark("This order has no such line."))
    words = clean(request.form.get("words", ""), lines=True)
    if len(words) > LONGEST_WORDS:
        errors["words"] = _("That is too long (at most %(n)s characters).", n=LONGEST_WORDS)
    if request.form.get("reason", "") not in CHOOSABLE:
        errors["reason"] = _("Choose a reason.")
    files = [f for f in request.files.getlist("pictures") if f.filename]
    if len(files) > MOST_PICTURES:
        errors["pictures"] = _("At most %(n)s pictures, please.", n=MOST_PICTURES)
    if errors:
        raise InvalidInput(fields=errors)
    drawn = draw_all(f.stream.read(LARGEST_BYTES + 1) for f in files)
    return Asked(lines, request.form["reason"], words, request.form.get("wish", "refund"), drawn)


def _form(order: Order, errors: Mapping[str, str] | None = None, status: int = 200) -> Response:
    left = left_to_return(db.session(), order.id)
    problem = why_not_returnable(db.session(), order)
    return private_page(
        "storefront/returns/ask.html",
        status=status,
        order=order,
        lines=[(line, left.get(line.id, 0)) for line in order.lines],
        problem=problem,
        reasons=[("", _("Please choose")), *((key, reason_words(key)) for key in CHOOSABLE)],
        form=request.form,
        key=clean(request.form.get("key", ""))[:40] or secrets.token_urlsafe(18),
        errors=errors or {},
        most=MOST_PICTURES,
        page_title=_("Return something"),
    )


def _page(order: Order, held: Return, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    session = db.session()
    pictures = session.execute(
        select(ReturnPicture.id, ReturnPicture.width, ReturnPicture.height)
        .where(ReturnPicture.return_id == held.id)
        .order_by(ReturnPicture.position)
    ).all()
    entries = session.execute(
        select(ReturnEntry)
        .where(ReturnEntry.return_id == held.id, ReturnEntry.for_buyer)
        .order_by(ReturnEntry.at.desc(), ReturnEntry.id.desc())
    ).scalars()
    rules = rules_now()
    return private_page(
        "storefront/returns/one.html",
        status=status,
        order=order,
        held=held,
        state=_state(held),
        lines=lines_of(session, held.id),
        pictures=pictures,
        reason=reason_words(held.reason),
        wish=wish_words(held.wish),
        address=rules.address_lines if held.status == "approved" and held.wants_goods_back else [],
        buyer_pays=rules.buyer_pays and held.reason in ("withdrawal", "changed_mind", "wrong_size"),
        may_keep=held.status in OPEN and not held.settling,
        story=[
            {"at": e.at, "title": _(_ENTRIES[e.what]), "text": _said(e), "tone": "done", "current": False}
            for e in entries
            if e.what in _ENTRIES
        ],
        errors=errors or {},
        typed=request.form.get("words", ""),
        page_title=_("Return %(n)s", n=held.number),
    )


def _said(entry: ReturnEntry) -> str:
    """Our own notes are no words of anybody's."""
    return "" if entry.who == "system" or entry.why.startswith("Withdrawal W-") else entry.why


def _state(row: Return) -> dict[str, str]:
    label, text, tone = _STATES.get(row.outcome if row.status == "settled" else row.status, _STATES["requested"])
    return {"label": _(label), "text": _(text), "tone": tone}
