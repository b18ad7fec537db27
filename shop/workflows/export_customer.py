"""Hand a person everything that is held about them: a ZIP of JSON and of their letters as they read.

Made as a row, kept in the row for KEPT_DAYS, then gone (workflows/clean_up.py).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import LargeBinary, Table, select, update
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.core import clock, durable
from shop.core.durable import Claim, DurableWork
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.secrets import EncryptedText
from shop.core.transaction import transaction
from shop.customers.changing import lock_customer
from shop.customers.models import PrivacyRequest
from shop.email.models import Letter
from shop.email.rendering import render_letter
from shop.tenancy.profile import current_profile
from shop.workflows.personal_data import Person, find_person, read_rows, tables
from shop.workflows.shopper_letters import tell_when_ready

KEPT_DAYS = 7
#: keys to doors, and the machine's own columns: they say nothing about a person
_LEFT_OUT = frozenset(DurableWork.__annotations__) | {
    "token", "session_url", "recovery_url", "content_hash", "password_hash", "session_key", "facts_hash", "key_hash",
    "token_hash", "old_hash", "new_hash", "code_hash", "passkey_handle", "wishlist_token",
}  # fmt: skip
README = """Everything that {shop} holds about {email}, as of {day}.

data.json   every row about you, by table
letters/    the letters that were written to you, as they read

Questions: {contact}
"""


def request_export(session: Session, customer_id: int, *, who: str) -> bool:
    """False when one is being made at this moment. Raises NotFound, Conflict. The caller commits."""
    customer = lock_customer(session, customer_id)
    waiting = select(PrivacyRequest.id).where(
        PrivacyRequest.customer_id == customer.id,
        PrivacyRequest.kind == "export",
        PrivacyRequest.work_state.in_(["due", "working"]),
    )
    if session.execute(waiting).first():
        return False
    session.add(PrivacyRequest(kind="export", customer_id=customer.id, requested_by=who[:80], created_at=clock.now()))
    enqueue_after_commit(session, JobName.DRAIN_PRIVACY)
    return True


def export(held: Claim) -> None:
    """Make the file and keep it in the row. A person who was erased meanwhile has none."""
    with transaction() as session:
        customer_id = session.execute(
            select(PrivacyRequest.customer_id).where(PrivacyRequest.id == held.id)
        ).scalar_one()
        customer = session.get(Customer, customer_id, populate_existing=True)
        is_gone = customer is None or customer.erased_at is not None
        person = find_person(session, customer_id, clock.now())
    body = None if is_gone else make_file(person)
    with transaction() as session:
        lock = select(Customer.erased_at).where(Customer.id == customer_id).with_for_update()
        if session.execute(lock).scalar_one() is not None:
            body = None
        durable.finish(
            session,
            PrivacyRequest,
            held,
            file=body,
            file_bytes=len(body or b""),
            expires_at=clock.now() + timedelta(days=KEPT_DAYS),
        )
        if body is not None:
            tell_when_ready(session, held.id)


def make_file(person: Person) -> bytes:
    """The ZIP."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        profile = current_profile()
        said = {"shop": profile.name, "email": ", ".join(person.emails), "day": f"{clock.now():%d %B %Y}"}
        archive.writestr("README.txt", README.format(**said, contact=profile.merchant_email))
        rows = {table.name: list(_rows(table, person)) for table in tables()}
        archive.writestr("data.json", json.dumps({k: v for k, v in rows.items() if v}, default=_plain, indent=1))
        for name, text in _letters(person):
            archive.writestr(name, text)
    return held.getvalue()


def _rows(table: Table, person: Person) -> Iterator[dict[str, Any]]:
    columns = [
        c for c in table.columns if c.name not in _LEFT_OUT and not isinstance(c.type, EncryptedText | LargeBinary)
    ]
    after = 0
    while True:
        with transaction() as session:
            rows, after = read_rows(session, table, person, columns, after)
        yield from rows
        if not after:
            return


def _letters(person: Person) -> Iterator[tuple[str, str]]:
    with transaction() as session:
        mine = select(Letter).where(Letter.to_email.in_(person.emails)).order_by(Letter.id).limit(1000)
        letters = session.execute(mine).scalars().all()
    for letter in letters:
        name = f"letters/{letter.created_at:%Y-%m-%d}-{letter.id}-{letter.letter}"
        try:
            rendered = render_letter(letter.letter, letter.facts, letter.locale)
        except Exception as error:  # noqa: BLE001  (one letter that no longer renders must not keep the rest back)
            yield f"{name}.txt", f"It cannot be shown as it was ({type(error).__name__}); its facts are in data.json."
            continue
        yield f"{name}.txt", f"{rendered.subject}\n\n{rendered.text}"
        yield f"{name}.html", rendered.html


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else str(value)


def forget_old_files(session: Session) -> None:
    """Files whose days are over; the rows stay and say that there was one. The caller commits."""
    session.execute(
        update(PrivacyRequest)
        .where(PrivacyRequest.file.is_not(None), PrivacyRequest.expires_at < clock.now())
        .values(file=None)
        .execution_options(synchronize_session=False)
    )
