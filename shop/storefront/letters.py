"""Letters a visitor asks for or wants no more: newsletter, confirming by a link, one press to leave, and every kind on
one page. No session and no token in these forms: they stand on pages that are kept for everybody (guards.py)."""

from __future__ import annotations

from typing import Any

from flask import Response, g, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.signing_in import may_ask_for_a_letter
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db, limiter
from shop.storefront.account import reading as read
from shop.subscribers.kinds import KINDS, NEWSLETTER
from shop.subscribers.links import Followed, read_confirm_token, read_stop_token
from shop.subscribers.models import ProductWatch, Subscriber
from shop.tenancy.languages import store_languages
from shop.workflows import letter_choices, watch_products

REALM = "letters"


def newsletter() -> BaseResponse:
    """GET /newsletter"""
    return _newsletter_page()


@limiter.limit("10 per minute; 60 per hour")
def ask_for_newsletter() -> BaseResponse:
    """POST /newsletter: email. A letter with a link; the same answer for every address."""
    try:
        email = read.email()
    except InvalidInput as error:
        return _newsletter_page(422, error.fields)
    locale = str(get_locale())
    if may_ask_for_a_letter(email, request.remote_addr or "", realm=REALM):
        with transaction() as session:
            letter_choices.ask_for_newsletter(session, email, locale, source="page", words=consent_words())
    return redirect(url_for("storefront.newsletter", sent=1), 303)


def consent_words() -> str:
    """What stands beside the field, kept as the proof of what was agreed to."""
    return _("Yes, write to me about new things and offers, now and then. One click in any letter ends it.")


def confirm(token: str) -> BaseResponse:
    """GET /letters/confirm/<token>: a button. Mail scanners open links; they press nothing."""
    what, row = _asked(token)
    return _private(
        "confirm", what=what, kind=getattr(row, "kind", ""), email=row.email, page_title=_("Confirm your address")
    )


def confirm_now(token: str) -> BaseResponse:
    """POST: it is confirmed. A repeat changes nothing."""
    what, row = _asked(token)
    row_id, kind = row.id, getattr(row, "kind", "")
    db.session.rollback()
    with transaction() as session:
        if what == "newsletter":
            done: object = letter_choices.confirm(session, row_id, words=consent_words())
        else:
            done = watch_products.confirm(session, row_id)
    if not done:
        raise NotFound(_gone())
    return _private("confirmed", what=what, kind=kind, page_title=_("Thank you"))


def unsubscribe(token: str) -> BaseResponse:
    """GET /letters/unsubscribe/<token>: a page with a button."""
    followed, row = _followed(db.session(), token)
    title = _("No more letters of this kind?")
    return _private("unsubscribe", kind=KINDS[followed.kind], email=row.email, token=token, page_title=title)


def unsubscribe_now(token: str) -> BaseResponse:
    """POST: from the button, or from the mail reader (RFC 8058: without cookies, any body). A repeat says the same."""
    followed, _row = _followed(db.session(), token)
    db.session.rollback()
    with transaction() as session:
        letter_choices.leave(session, followed)
    return _private("left", kind=KINDS[followed.kind], token=token, page_title=_("Done"))


def preferences(token: str) -> BaseResponse:
    """GET /letters/preferences/<token>: every kind, on or off."""
    _followed_by, row = _followed(db.session(), token)
    return _private(
        "preferences",
        kinds=kinds_shown(row),
        email=row.email,
        token=token,
        saved="saved" in request.args,
        page_title=_("What we write"),
    )


def save_preferences(token: str) -> BaseResponse:
    """POST: one box for each kind; `nothing` switches all of them off."""
    followed, _row = _followed(db.session(), token)
    db.session.rollback()
    with transaction() as session:
        row = letter_choices.lock_subscriber(session, followed.subscriber_id)
        if row is not None and request.form.get("nothing"):
            letter_choices.leave_all(session, row.id, source="page")
        elif row is not None:
            wanted = {kind: request.form.get(kind) == "1" for kind in KINDS}
            letter_choices.choose(session, row, wanted, source="page", words=letter_choices.words_of(NEWSLETTER))
    return redirect(url_for("storefront.letter_preferences", token=token, saved=1), 303)


def kinds_shown(row: Subscriber | None) -> list[dict[str, Any]]:
    """[{key, name, means, on}] for the boxes."""
    refused = row.refused if row else []
    newsletter_on = row is not None and row.newsletter == "on" and not row.stopped
    return [
        {
            "key": key,
            "name": kind.name,
            "means": kind.means,
            "on": newsletter_on if key == NEWSLETTER else key not in refused,
        }
        for key, kind in KINDS.items()
    ]


def _gone() -> str:
    return _("This link is too old, or you have changed your mind since. You can simply ask again.")


def _asked(token: str) -> tuple[str, Subscriber | ProductWatch]:
    """What is to be confirmed. Raises NotFound for what is not ours, too old, or over."""
    found = read_confirm_token(token)
    row: Subscriber | ProductWatch | None = None
    if found is not None:
        session = db.session()
        row = session.get(Subscriber, found[1]) if found[0] == "newsletter" else session.get(ProductWatch, found[1])
    if found is None or row is None:
        raise NotFound(_gone())
    is_over = row.newsletter not in ("asked", "on") if isinstance(row, Subscriber) else row.status == "ended"
    _speak(row.locale)
    if is_over:
        raise NotFound(_gone())
    return found[0], row


def _followed(session: Session, token: str) -> tuple[Followed, Subscriber]:
    found = read_stop_token(token)
    row = session.get(Subscriber, found.subscriber_id) if found else None
    if found is None or row is None:
        raise NotFound(_("We do not know this link. Nothing is kept about an address that we have forgotten."))
    _speak(row.locale)
    return found, row


def _speak(locale: str) -> None:
    """The letter's language, wherever the link led. Links in letters have no language: it may not be offered for
    ever, and they have to work for years."""
    offered = store_languages()
    if locale in offered:
        g.locale = locale
        g.prefix = locale if locale != offered[0] else None


def _newsletter_page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    return render(
        "storefront/letters/newsletter.html",
        status=status,
        page_title=_("Newsletter"),
        canonical_url=None,
        typed=read.typed("email")["email"],
        errors=errors or {},
        sent="sent" in request.args,
        words=consent_words(),
    )


def _private(name: str, **values: Any) -> Response:
    """A page whose address is a key: kept nowhere and told to nobody."""
    answer = render(f"storefront/letters/{name}.html", canonical_url=None, **values)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer
