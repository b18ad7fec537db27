"""Somebody asks for the newsletter, confirms, or wants no more of something: the letters, the proof, and the customer's
own consent, in one transaction.

A customer (somebody who bought or has an account) has a consent of their own; the two follow each other, so that the
panel and the account never say different things.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.core import clock
from shop.customers.changing import change_consent
from shop.email.requesting import request_letter
from shop.email.sealing import seal
from shop.subscribers.choosing import (
    ask_newsletter,
    confirm_newsletter,
    keep_subscriber,
    lock_subscriber,
    stop_all,
    switch,
)
from shop.subscribers.kinds import KINDS, NEWSLETTER
from shop.subscribers.links import Followed, confirm_token, stop_token
from shop.subscribers.models import Subscriber
from shop.workflows.letter_facts import public_url


def ask_for_newsletter(session: Session, email: str, locale: str, *, source: str, words: str) -> None:
    """A letter with a link to confirm; none to who gets the newsletter already. At most one an hour to an address."""
    row = keep_subscriber(session, email, locale)
    row.locale = locale
    if not ask_newsletter(session, row, source=source, words=words):
        return
    request_letter(
        session,
        letter="newsletter_confirm",
        subject_key=f"newsletter:{row.id}:{clock.now():%Y%m%d%H}",
        to_email=row.email,
        locale=locale,
        facts={"confirm_url": seal(public_url(f"/letters/confirm/{confirm_token('newsletter', row.id)}"))},
    )


def confirm(session: Session, subscriber_id: int, *, words: str) -> Subscriber | None:
    """The link of the letter was opened and the button pressed. None when it is over: they have left since, or were
    erased. A repeat changes nothing."""
    row = lock_subscriber(session, subscriber_id)
    if row is None or row.newsletter not in ("asked", "on"):
        return None
    if confirm_newsletter(session, row, source="letter", words=words):
        _tell_the_customer(session, row.email, True, "letter")
    return row


def choose(session: Session, row: Subscriber, wanted: dict[str, bool], *, source: str, words: str = "") -> bool:
    """Switch each kind; `row` is locked and its owner proved. Returns whether anything changed."""
    changed = [kind for kind, on in wanted.items() if switch(session, row, kind, on, source=source, words=words)]
    if NEWSLETTER in changed:
        _tell_the_customer(session, row.email, wanted[NEWSLETTER], source)
    return bool(changed)


def leave(session: Session, followed: Followed, *, source: str = "letter") -> bool:
    """One press on the link of a letter: no more of this kind. A repeat changes nothing; an erased person is gone."""
    row = lock_subscriber(session, followed.subscriber_id)
    if row is None:
        return False
    campaign = followed.campaign_id or None
    if not switch(session, row, followed.kind, False, source=source, campaign_id=campaign):
        return False
    if followed.kind == NEWSLETTER:
        _tell_the_customer(session, row.email, False, source)
    return True


def leave_all(session: Session, subscriber_id: int, *, source: str) -> None:
    row = lock_subscriber(session, subscriber_id)
    if row is not None:
        stop_all(session, row, source=source)
        _tell_the_customer(session, row.email, False, source)


def follow_consent(session: Session, email: str, accepts: bool, locale: str, *, source: str, who: str = "") -> None:
    """The customer's own consent has changed elsewhere (payment page, account, panel): the newsletter follows."""
    row = keep_subscriber(session, email, locale)
    switch(session, row, NEWSLETTER, accepts, source=source, who=who)


def stop_links(session: Session, email: str, locale: str, kind: str, campaign_id: int = 0) -> dict[str, Any]:
    """What each letter of a kind carries: facts `stop_url` (one press, RFC 8058) and `letters_url`, sealed."""
    row = keep_subscriber(session, email, locale)
    return links_of(row.id, kind, campaign_id)


def links_of(subscriber_id: int, kind: str, campaign_id: int = 0) -> dict[str, Any]:
    token = stop_token(subscriber_id, kind, campaign_id)
    return {
        "stop_url": seal(public_url(f"/letters/unsubscribe/{token}")),
        "letters_url": seal(public_url(f"/letters/preferences/{token}")),
    }


def words_of(kind: str) -> str:
    """What a switch of this kind says, in the reader's language: kept as the proof."""
    return f"{KINDS[kind].name}: {KINDS[kind].means}"


def _tell_the_customer(session: Session, email: str, accepts: bool, source: str) -> None:
    customer = session.execute(
        select(Customer)
        .where(Customer.email == email, Customer.merged_into_id.is_(None), Customer.erased_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if customer is not None:
        change_consent(session, customer, accepts, source=source, who="the customer", why="Newsletter")
