"""The form of a letter's words: what stands in it, how it is read, and how it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.admin import reading_forms as read
from shop.admin.settings_forms import every
from shop.admin.stale import plain
from shop.core import clock
from shop.email.models import LetterTexts
from shop.email.own_texts import PARTS, check_text
from shop.email.rendering import our_words
from shop.email.samples import sample_facts
from shop.tenancy.profile import touch_settings

LINES = ("intro", "outro")


def ours(letter: str, locale: str) -> dict[str, str]:
    """Our words for it, with placeholders."""
    return our_words(letter, sample_facts(letter, locale), locale)


def find_texts(session: Session, letter: str, locale: str, *, lock: bool = False) -> LetterTexts | None:
    wanted = select(LetterTexts).where(LetterTexts.letter == letter, LetterTexts.locale == locale)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.execute(wanted).scalar_one_or_none()


def shown(row: LetterTexts | None, our: Mapping[str, str]) -> dict[str, str]:
    """What the form shows: the merchant's words, else ours."""
    texts = row.texts if row is not None else {}
    return {part: str(texts.get(part) or our[part]) for part in PARTS}


def read_texts(form: Mapping[str, str], letter: str) -> dict[str, str]:
    """{part: text}. Raises InvalidInput with every wrong part."""

    def one(part: str) -> tuple[str, str]:
        label, most = PARTS[part]
        text = read.text(form, part, label, most, required=False, lines=part in LINES)
        check_text(letter, part, text)
        return part, text

    return dict(every([partial(one, part) for part in PARTS]))


def save_texts(session: Session, letter: str, locale: str, texts: Mapping[str, str], our: Mapping[str, str]) -> bool:
    """Keep the parts that are not ours; none left: ours throughout. False when nothing differs. The caller commits."""
    own = {part: text for part, text in texts.items() if text and plain(text) != plain(our[part])}
    row = find_texts(session, letter, locale, lock=True)
    if own == (row.texts if row is not None else {}):
        return False
    if not own:
        drop_texts(session, letter, locale)
    elif row is None:
        session.add(LetterTexts(letter=letter, locale=locale, texts=own))
    else:
        row.texts, row.changed_at = own, clock.now()
    touch_settings(session)
    return True


def drop_texts(session: Session, letter: str, locale: str) -> bool:
    """Back to our words. False when they were ours already. The caller commits."""
    row = find_texts(session, letter, locale, lock=True)
    if row is None:
        return False
    session.delete(row)
    touch_settings(session)
    return True
