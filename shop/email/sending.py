"""Send one letter row. At most once: whether a lost answer meant "sent" cannot be asked, so such a row is shown to a
person instead of being sent again (contracts/sendgrid.md §3); Brevo takes a key and may be asked again.
"""

from __future__ import annotations

import re
import time
from typing import Any

from shop.core import durable, log
from shop.core.durable import Claim
from shop.core.settings import current_settings
from shop.core.transaction import release_connection, transaction
from shop.email.models import Letter
from shop.email.rendering import all_facts, render_letter
from shop.email.sealing import open_sealed
from shop.email.senders import Envelope, sender_for
from shop.errors import Misunderstood, OutsideError, Refused, Unavailable
from shop.extensions import db
from shop.outbound import ledger
from shop.tenancy.profile import current_profile

logger = log.get_logger("email")


class MaybeSent(Refused):
    """The mail server may have taken the letter before the answer was lost."""

    sent = True


def send_letter(held: Claim) -> None:
    """Render, mark the call, send, finish. Raises OutsideError kinds for the drain loop."""
    sender = sender_for(current_settings())
    letter = db.session.get(Letter, held.id)
    if letter is None:
        return
    if held.unknown_outcome and not sender.knows_repeats:
        raise MaybeSent(
            "This letter may have been sent before the answer was lost. Send it again only if it did not arrive.",
            service=sender.name,
        )
    envelope = _envelope(letter)
    with transaction() as session:
        durable.begin_call(session, Letter, held)
    release_connection()
    began = time.monotonic()
    try:
        message_id = sender.send(envelope)
    except OutsideError as error:
        _write_down(sender.name, held, letter.letter, error.detail or error.user_message, began)
        if not isinstance(error, Unavailable):
            raise
        if error.sent and not sender.knows_repeats:
            raise MaybeSent("The mail server did not say whether it took the letter.", service=sender.name) from error
        raise
    _write_down(sender.name, held, letter.letter, f"Accepted as {message_id}", began)
    with transaction() as session:
        durable.finish(
            session,
            Letter,
            held,
            provider=sender.name,
            provider_message_id=message_id[:255],
            subject_line=envelope.subject[:300],
        )
    logger.info("letter sent", letter=letter.letter, subject_key=letter.subject_key)


def _write_down(sender: str, held: Claim, letter: str, answer: str, began: float) -> None:
    """For the story of the letter, should it stop; a status at the answer's beginning is theirs ("550 no such …")."""
    status = re.match(r"(\d{3})\b", answer)
    took = int((time.monotonic() - began) * 1000)
    ledger.write_down(sender, f"letter:{held.id}", f"SEND {letter}", int(status[1]) if status else None, answer, took)


def _envelope(letter: Letter) -> Envelope:
    profile = current_profile()
    facts = open_sealed(all_facts(letter))
    try:
        rendered = render_letter(letter.letter, facts, letter.locale)
    except Exception as error:
        raise Misunderstood(
            f"The letter {letter.letter} cannot be written", service="letters", detail=str(error)
        ) from error
    return Envelope(
        to=letter.to_email,
        from_email=current_settings().email_from,
        from_name=profile.name,
        reply_to=str(letter.facts.get("reply_to") or profile.support_email),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        key=f"letter-{letter.id}",
        headers=_headers(facts),
    )


def _headers(facts: dict[str, Any]) -> dict[str, str]:
    """One press in the mail reader stops letters that may be stopped (RFC 8058)."""
    stop = facts.get("stop_url")
    if not isinstance(stop, str) or not stop.startswith("http"):
        return {}
    return {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
