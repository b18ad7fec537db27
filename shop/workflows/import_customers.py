"""Customers out of a file, known by their address.

Consent is never given by an import: only a column that says so gives it, and then where it came from is noted. What a
file says of "no" takes nothing away, as most files only mean that nobody asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.customers import remember_customer
from shop.accounts.models import Customer
from shop.catalog.html import one_line
from shop.channels.files.outcomes import Given, Outcome
from shop.channels.files.reading import Line
from shop.customers.changing import change_consent, join_tags, lock_customer, read_tags
from shop.errors import InvalidInput
from shop.workflows.letter_choices import follow_consent

ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
YES = frozenset({"yes", "true", "1", "y", "ja", "oui", "si", "sí", "subscribed", "accepted", "x"})


def take_customers(session: Session, lines: Sequence[Line], given: Given, *, write: bool) -> list[Outcome]:
    """One outcome for each line; with `write` they are so. A repeat finds them the same. The caller commits."""
    emails = {line.number: line.cells.get("email", "").strip().lower() for line in lines}
    asked = select(Customer).where(Customer.email.in_([email for email in emails.values() if len(email) <= 254]))
    known = {row.email: row for row in session.execute(asked.execution_options(populate_existing=True)).scalars()}
    found = []
    for line in lines:
        email = emails[line.number]
        try:
            found.append(_take(session, line, email, known.get(email), given, write))
        except InvalidInput as error:
            name, why = next(iter(error.fields.items()), ("", error.user_message))
            found.append(Outcome(line.number, "wrong", name, why, email[:200]))
        if write and email not in known:  # a second line of the same person changes what the first one made
            made = session.execute(asked_for(email)).scalar_one_or_none()
            if made is not None:
                known[email] = made
    return found


def asked_for(email: str) -> Any:
    return select(Customer).where(Customer.email == email).execution_options(populate_existing=True)


def _take(session: Session, line: Line, email: str, row: Customer | None, given: Given, write: bool) -> Outcome:
    if len(email) > 254 or not ADDRESS.fullmatch(email):
        raise InvalidInput(fields={"email": "This is no e-mail address." if email else "There is no e-mail address."})
    if row is not None and (row.merged_into_id or row.erased_at):
        raise InvalidInput(fields={"email": "This person was merged or erased here, and is left alone."})
    name = _name(line.cells)
    phone = _short(line.cells.get("phone", ""), "phone", 40)
    tags = read_tags(line.cells.get("tags", ""))
    agrees = line.cells.get("accepts_marketing", "").strip().casefold() in YES
    if row is None:
        verdict = "same" if email in given.seen else "create"
        given.seen.add(email)
        if not write:
            return Outcome(line.number, verdict, subject=email, why=_told(agrees))
        customer_id = remember_customer(session, email, name, "en", phone)
        if customer_id is None:
            raise InvalidInput(fields={"email": "There is no e-mail address."})
        _write(session, customer_id, "", "", tags, agrees, line, given)
        return Outcome(line.number, "create", subject=email, why=_told(agrees))
    new_tags = join_tags(row.tags, tags)
    changed = [
        label
        for label, differs in (
            ("name", bool(name) and name != row.name), ("phone", bool(phone) and phone != row.phone),
            ("tags", new_tags != list(row.tags)), ("consent", agrees and not row.accepts_marketing),
        )
        if differs
    ]  # fmt: skip
    if changed and write:
        _write(session, row.id, name, phone, tags, agrees, line, given)
    return Outcome(line.number, "change" if changed else "same", subject=email, why=", ".join(changed))


def _write(
    session: Session, customer_id: int, name: str, phone: str, tags: list[str], agrees: bool, line: Line, given: Given
) -> None:
    row = lock_customer(session, customer_id)
    row.name, row.phone = name or row.name, phone or row.phone
    row.tags = join_tags(row.tags, tags)
    session.flush()
    if agrees:
        why = f"Line {line.number} of the file {given.file} says so"
        if change_consent(session, row, True, source="import", who=given.who or "staff", why=why):
            follow_consent(session, row.email, True, row.locale, source="import")


def _name(cells: dict[str, str]) -> str:
    name = cells.get("name", "") or f"{cells.get('first_name', '')} {cells.get('last_name', '')}"
    return _short(name, "name", 200)


def _short(raw: str, field_name: str, most: int) -> str:
    value = one_line(raw, most + 1)
    if len(value) > most:
        raise InvalidInput(fields={field_name: f"It is longer than {most} characters."})
    return value


def _told(agrees: bool) -> str:
    return "with consent to marketing mail" if agrees else ""
