"""The list of addresses for the panel, and many at once: files out and in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.paging import Page
from shop.subscribers.kinds import NEWSLETTER
from shop.subscribers.models import LetterConsent, Subscriber

PER_PAGE = 50
COUNTED_AT_MOST = 10_000
STATES = {"on": "Subscribed", "asked": "Not confirmed yet", "off": "Left", "none": "Never asked"}
TABS = {"all": "All", **STATES, "stopped": "Bounced"}


@dataclass(frozen=True)
class Found:
    page: Page[Subscriber]
    is_more: bool


@dataclass(frozen=True)
class Checked:
    """What a file would do: `new` are written; those who left or bounced stay as they are."""

    new: list[str]
    known: int
    left: int


def search_subscribers(session: Session, tab: str, query: str, page: int) -> Found:
    """The newest first; two statements."""
    matching = _matching(tab, query)
    counted = matching.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED_AT_MOST + 1).subquery()
    total = int(session.execute(select(func.count()).select_from(counted)).scalar_one())
    asked = matching.order_by(Subscriber.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    rows = session.execute(asked).scalars().all()
    return Found(Page(list(rows), min(total, COUNTED_AT_MOST), page, PER_PAGE), total > COUNTED_AT_MOST)


def subscribers_after(session: Session, tab: str, query: str, last_id: int, at_most: int) -> Sequence[Subscriber]:
    """The next that fit, in the order of their ids: for a file that is made piece by piece."""
    asked = _matching(tab, query).where(Subscriber.id > last_id).order_by(Subscriber.id).limit(at_most)
    return session.execute(asked).scalars().all()


def check_import(session: Session, emails: Sequence[str]) -> Checked:
    """Who of these is new. Writes nothing."""
    rows = session.execute(
        select(Subscriber.email, Subscriber.newsletter, Subscriber.stopped).where(Subscriber.email.in_(emails))
    ).all()
    known = {row.email for row in rows if row.newsletter == "on" and not row.stopped}
    left = {row.email for row in rows if row.newsletter == "off" or row.stopped}
    return Checked([e for e in emails if e not in known and e not in left], len(known), len(left))


def import_subscribers(session: Session, emails: Sequence[str], *, locale: str, words: str, who: str) -> int:
    """Subscribe these by what a merchant declared. Whoever left, or cannot be reached, is not brought back. A repeat
    writes nothing. Returns how many are new."""
    if not emails:
        return 0
    now = clock.now()
    added = (
        session.execute(
            insert(Subscriber)
            .values([_imported(email, locale) for email in emails])
            .on_conflict_do_update(
                index_elements=["email"],
                set_={"newsletter": "on", "source": "import", "confirmed_at": now},
                where=Subscriber.newsletter.in_(("none", "asked")) & (Subscriber.stopped == ""),
            )
            .returning(Subscriber.id)
            .execution_options(synchronize_session=False)
        )
        .scalars()
        .all()
    )
    if added:
        proof = {"at": now, "kind": NEWSLETTER, "what": "imported", "source": "import", "words": words[:2000]}
        session.execute(insert(LetterConsent), [{**proof, "subscriber_id": each, "who": who[:80]} for each in added])
    return len(added)


def _imported(email: str, locale: str) -> dict[str, Any]:
    now = clock.now()
    return {
        "email": email, "locale": locale, "newsletter": "on", "source": "import", "confirmed_at": now,
        "created_at": now,
    }  # fmt: skip


def _matching(tab: str, query: str) -> Select[Any]:
    found: Select[Any] = select(Subscriber)
    if tab == "stopped":
        found = found.where(Subscriber.stopped != "")
    elif tab in STATES:
        found = found.where(Subscriber.newsletter == tab)
    return found.where(Subscriber.email.startswith(query.lower(), autoescape=True)) if query else found
