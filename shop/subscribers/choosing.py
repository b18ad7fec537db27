"""What a person wants to be written, and what they said about it. Nothing here commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.email.models import Letter
from shop.subscribers.kinds import KINDS, NEWSLETTER
from shop.subscribers.models import LetterConsent, ProductWatch, Subscriber

#: kind → the letters that are taken back when it is switched off
LETTERS_OF: dict[str, tuple[str, ...]] = {
    "newsletter": ("newsletter",),
    "stock": ("back_in_stock",),
    "price": ("price_drop",),
    "cart": ("abandoned_cart", "abandoned_cart_second", "abandoned_cart_last"),
    "review": ("review_request",),
}


def may_write(session: Session, email: str, kind: str) -> bool:
    """May a letter of this kind go to this address now? Unknown addresses may get what need not be asked for. Raises
    KeyError for a kind that is not in the registry."""
    asked_for = KINDS[kind].asked_for
    row = session.execute(
        select(Subscriber.newsletter, Subscriber.refused, Subscriber.stopped).where(Subscriber.email == email.lower())
    ).first()
    if row is None:
        return not asked_for
    if row.stopped:
        return False
    return row.newsletter == "on" if kind == NEWSLETTER else kind not in row.refused


def find_subscriber(session: Session, email: str) -> Subscriber | None:
    return session.execute(select(Subscriber).where(Subscriber.email == email.lower())).scalar_one_or_none()


def keep_subscriber(session: Session, email: str, locale: str) -> Subscriber:
    """The row of this address, made where there is none, held until the commit."""
    email = email.lower()
    session.execute(
        insert(Subscriber).values(email=email, locale=locale).on_conflict_do_nothing(index_elements=["email"])
    )
    return session.execute(
        select(Subscriber).where(Subscriber.email == email).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def lock_subscriber(session: Session, subscriber_id: int) -> Subscriber | None:
    return session.execute(
        select(Subscriber)
        .where(Subscriber.id == subscriber_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def ask_newsletter(session: Session, row: Subscriber, *, source: str, words: str) -> bool:
    """They typed the address and shall confirm it. False when they get it already: there is nothing to confirm."""
    if row.newsletter == "on" and not row.stopped:
        return False
    if row.newsletter != "on":
        row.newsletter = "asked"
    _note(session, row, NEWSLETTER, "asked", source, words)
    return True


def confirm_newsletter(session: Session, row: Subscriber, *, source: str, words: str, what: str = "confirmed") -> bool:
    """From now on they get it. A repeat is no second consent: False."""
    if row.newsletter == "on" and not row.stopped:
        return False
    row.newsletter, row.stopped, row.source = "on", "", source
    row.confirmed_at, row.ended_at = clock.now(), None
    _note(session, row, NEWSLETTER, what, source, words)
    return True


def switch(
    session: Session,
    row: Subscriber,
    kind: str,
    on: bool,
    *,
    source: str,
    words: str = "",
    who: str = "",
    campaign_id: int | None = None,
) -> bool:
    """Switch one kind on or off; what waits to be sent is taken back. False when it is so already.

    The newsletter is switched on only from pages whose visitor has proved that the mailbox is theirs.
    """
    is_on = row.newsletter == "on" and not row.stopped if kind == NEWSLETTER else kind not in row.refused
    if not on:
        take_back(session, row.email, LETTERS_OF.get(kind, ()))
    if is_on == on and not (kind == NEWSLETTER and not on and row.newsletter == "asked"):
        return False
    if kind == NEWSLETTER and on:
        return confirm_newsletter(session, row, source=source, words=words)
    if kind == NEWSLETTER:
        row.newsletter, row.ended_at = "off", clock.now()
    else:
        row.refused = sorted({*row.refused} - {kind} if on else {*row.refused, kind})
    if kind in ("stock", "price") and not on:
        session.execute(
            update(ProductWatch)
            .where(ProductWatch.email == row.email, ProductWatch.kind == kind)
            .where(ProductWatch.status.in_(("asked", "waiting")))
            .values(status="ended", work_state="done")
            .execution_options(synchronize_session=False)
        )
    _note(session, row, kind, "confirmed" if on else "withdrawn", source, words, who, campaign_id)
    return True


def stop_all(session: Session, row: Subscriber, *, source: str) -> None:
    """Every kind off, by one press."""
    for kind in KINDS:
        switch(session, row, kind, False, source=source)


def note_bounces(session: Session, emails: Collection[str]) -> int:
    """Their mail servers said for good that there is no such mailbox: nothing is written there until somebody confirms
    the address again. Returns how many were not known."""
    changed = session.execute(
        update(Subscriber)
        .where(Subscriber.email.in_(emails), Subscriber.stopped == "")
        .values(stopped="bounced")
        .returning(Subscriber.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(changed)


def forget_address(session: Session, emails: Collection[str], until: datetime) -> None:
    """This person is erased: what they agreed to, waited for and refused until then. Without consent nothing comes."""
    for model in (ProductWatch, Subscriber):
        session.execute(
            delete(model)
            .where(model.email.in_(emails), model.created_at <= until)
            .execution_options(synchronize_session=False)
        )


def take_back(session: Session, email: str, letters: Sequence[str]) -> int:
    """Letters of these kinds to this address that nobody has begun to send are not sent. Returns how many."""
    if not letters:
        return 0
    done = session.execute(
        update(Letter)
        .where(Letter.to_email == email, Letter.letter.in_(letters), Letter.work_state == "due")
        .values(
            work_state="done", finished_at=clock.now(), error_kind=None, error_text="Taken back", facts={},
            fence=Letter.fence + 1,
        )
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    return len(done)


def consents_of(session: Session, subscriber_id: int, at_most: int = 100) -> Sequence[LetterConsent]:
    """The newest first."""
    asked = select(LetterConsent).where(LetterConsent.subscriber_id == subscriber_id)
    return session.execute(asked.order_by(LetterConsent.id.desc()).limit(at_most)).scalars().all()


def _note(
    session: Session,
    row: Subscriber,
    kind: str,
    what: str,
    source: str,
    words: str = "",
    who: str = "",
    campaign_id: int | None = None,
) -> None:
    session.add(
        LetterConsent(
            subscriber_id=row.id, at=clock.now(), kind=kind, what=what, source=source, words=words[:2000],
            who=who[:80], campaign_id=campaign_id,
        )
    )  # fmt: skip
