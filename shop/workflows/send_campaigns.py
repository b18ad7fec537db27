"""Send a newsletter: letters for the next addresses, a hundred at a time, until there is nobody left.

A step is one transaction that holds the campaign's row. The next one waits until nearly all its letters are sent, so
that an order's letter never stands behind more than a hundred of these, and memory stays flat however many subscribe.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.catalog.html import plain_text
from shop.catalog.models import Product
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.money import format_minor
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.email.models import Letter, SharedFacts
from shop.email.requesting import request_letter
from shop.subscribers.campaigns import shared_ids, texts_in
from shop.subscribers.choosing import note_bounces
from shop.subscribers.models import Campaign, Subscriber
from shop.tenancy.languages import absolute_url_for, main_language, store_languages
from shop.tenancy.profile import current_profile
from shop.workflows.letter_choices import links_of
from shop.workflows.letter_facts import absolute, public_url

AT_ONCE = 100
WAITING_AT_MOST = 20
A_MOMENT = timedelta(seconds=2)
#: the mail server says for good that there is no such mailbox (contracts/sendgrid.md §8; RFC 5321 §4.2.3)
NO_MAILBOX = r"(^|[^0-9])(550|551|553)([^0-9]|$)"


def send_next(held: Claim) -> None:
    """One step of one campaign. A repeat writes letters to nobody twice."""
    with transaction() as session:
        durable.hold(session, Campaign, held)
        row = session.get_one(Campaign, held.id, populate_existing=True)
        if row.status not in ("scheduled", "sending"):
            durable.finish(session, Campaign, held)
            return
        if row.status == "scheduled":
            _begin(session, row)
        _close_dead_mailboxes(session, row)
        if _waiting(session, row) > WAITING_AT_MOST:
            session.flush()
            durable.step_on(session, Campaign, held, due_at=clock.now() + A_MOMENT)
            return
        people = _next_people(session, row.reached_id)
        if people:
            _write_to(session, row, people)
            row.reached_id = people[-1].id
            row.written += len(people)
            session.flush()
            enqueue_after_commit(session, JobName.DRAIN_EMAIL)
            durable.step_on(session, Campaign, held, due_at=clock.now() + A_MOMENT)
        elif _waiting(session, row):
            session.flush()
            durable.step_on(session, Campaign, held, due_at=clock.now() + A_MOMENT)
        else:
            row.status, row.ended_at = "sent", clock.now()
            session.flush()
            durable.finish(session, Campaign, held)


def send_test(session: Session, row: Campaign, email: str, locale: str) -> None:
    """One letter to a colleague, with links that end nobody's letters."""
    somewhere = public_url("/newsletter")
    facts = {**facts_of(session, row, locale), "stop_url": somewhere, "letters_url": somewhere}
    key = f"campaign:{row.id}:test:{new_token(6)}"
    request_letter(session, letter="newsletter", subject_key=key, to_email=email, facts=facts, locale=locale)


def facts_of(session: Session, row: Campaign, locale: str) -> dict[str, Any]:
    """What every letter in this language says."""
    texts = texts_in(row, locale, main_language())
    words = plain_text(texts["body_html"].replace("</p>", " </p>"))
    return {
        "subject": texts["subject"],
        "preview": words[:120],
        "body_html": texts["body_html"],
        "body_text": _lines(texts["body_html"]),
        "items": _goods(session, row.product_ids, locale),
        "shop_url": absolute_url_for("/", locale),
    }


def _lines(html: str) -> str:
    """Paragraphs as lines of their own."""
    for end in ("</p>", "</li>", "</h2>", "</h3>", "</h4>", "</blockquote>", "<br>", "<br />"):
        html = html.replace(end, end + "\n")
    lines = [plain_text(line) for line in html.split("\n")]
    return "\n\n".join(line for line in lines if line)


def _goods(session: Session, product_ids: Sequence[int], locale: str) -> list[dict[str, Any]]:
    """In the order they were chosen; what is not in the shop any more is left out. Prices in the store's currency."""
    rows = session.execute(select(Product).where(Product.id.in_(product_ids), Product.status == "active")).scalars()
    found = {product.id: product for product in rows}
    currency = current_profile().currency
    items = []
    for product in (found[i] for i in product_ids if i in found):
        image = (product.card or {}).get("image") or {}
        said = (product.translations or {}).get(locale) or {}
        items.append(
            {
                "title": said.get("title") or product.title,
                "variant_title": "",
                "price": format_minor(product.price_min_minor, currency, locale),
                "url": absolute_url_for(f"/products/{product.slug}", locale),
                "image_url": absolute(str(image.get("src") or "")),
            }
        )
    return items


def _begin(session: Session, row: Campaign) -> None:
    """The words are frozen, once for each language."""
    shared = {}
    for locale in store_languages():
        facts = SharedFacts(facts=facts_of(session, row, locale))
        session.add(facts)
        session.flush()
        shared[locale] = facts.id
    row.shared, row.status, row.started_at = shared, "sending", clock.now()
    session.flush()


def _next_people(session: Session, after: int) -> Sequence[Any]:
    return session.execute(
        select(Subscriber.id, Subscriber.email, Subscriber.locale)
        .where(Subscriber.newsletter == "on", Subscriber.stopped == "", Subscriber.id > after)
        .order_by(Subscriber.id)
        .limit(AT_ONCE)
    ).all()


def _write_to(session: Session, row: Campaign, people: Sequence[Any]) -> None:
    main = main_language()
    now = clock.now()
    rows = []
    for person in people:
        locale = person.locale if person.locale in row.shared else main
        rows.append(
            {
                "letter": "newsletter",
                "subject_key": f"campaign:{row.id}:{person.id}",
                "to_email": person.email,
                "locale": locale,
                "facts": links_of(person.id, "newsletter", row.id),
                "shared_id": row.shared[locale],
                "due_at": now,
            }
        )
    session.execute(insert(Letter).values(rows).on_conflict_do_nothing(index_elements=["letter", "subject_key"]))


def _waiting(session: Session, row: Campaign) -> int:
    return int(
        session.execute(
            select(func.count())
            .select_from(Letter)
            .where(Letter.shared_id.in_(shared_ids(row)), Letter.work_state.in_(("due", "working")))
        ).scalar_one()
    )


def _close_dead_mailboxes(session: Session, row: Campaign) -> None:
    """A newsletter that was refused for good is no failure to work on: the address gets nothing more."""
    dead = session.execute(
        update(Letter)
        .where(
            Letter.shared_id.in_(shared_ids(row)),
            Letter.work_state == "parked",
            Letter.error_text.regexp_match(NO_MAILBOX),
        )
        .values(work_state="done", finished_at=clock.now(), fence=Letter.fence + 1)
        .returning(Letter.to_email)
        .execution_options(synchronize_session=False)
    ).scalars()
    note_bounces(session, list(dead))
