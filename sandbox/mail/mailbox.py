"""Where every letter ends up, whichever way it came. One mail per envelope, newest kept, in the sandbox's store."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from sandbox.mail.reading import clean, read_mail

KEEP = 2_000  # a load test may send more; the oldest go
CARD = "mail"  # the line in the list
BODY = "mail_body"  # everything else about it, under the same id


def deliver(
    world: Any,
    *,
    provider: str,
    sender: str,
    recipients: list[str],
    raw: bytes,
    reference: str = "",
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Put one mail into the mailbox and return its card.

    `recipients` are the envelope's addresses (so Bcc is seen), `reference` is the provider's own message id.
    """
    read = read_mail(raw)
    at = world.clock.now()
    mail_id = f"{int(at * 1000):x}{secrets.token_hex(4)}"
    card = {
        "id": mail_id,
        "provider": provider,
        "from": clean(read.sender or sender),
        "sender": clean(parseaddr(read.sender)[1] or sender),
        "to": [clean(one) for one in recipients],
        "subject": read.subject,
        "at": at,
        "reference": reference,
        "size": len(raw),
        "snippet": " ".join((read.text or "").split())[:160],
    }
    body = {
        "html": read.html,
        "text": read.text,
        "headers": read.headers,
        "attachments": read.attachments,
        "raw": clean(raw.decode("utf-8", "surrogateescape")) if _is_utf8(raw) else raw.decode("latin-1"),
        "extra": extra or {},
    }
    with world.store.lock:
        world.store.put(BODY, mail_id, body)
        world.store.put(CARD, mail_id, card)
        if world.store.count(CARD) > KEEP:
            world.store.keep_last(CARD, KEEP)
            world.store.keep_last(BODY, KEEP)
    return card


def list_cards(
    world: Any, to: str = "", subject: str = "", since: float = 0.0, query: str = ""
) -> list[dict[str, Any]]:
    """Cards newest first. `to`, `subject`: parts of the text, case ignored; `query` looks in both and the sender."""
    to, subject, query = to.strip().lower(), subject.strip().lower(), query.strip().lower()
    found = []
    for card in reversed(world.store.all(CARD)):
        addresses = " ".join(card["to"]).lower()
        title = card["subject"].lower()
        if to not in addresses or subject not in title or card["at"] < since:
            continue
        if query and not any(query in text for text in (addresses, title, card["from"].lower())):
            continue
        found.append(card)
    return found


def find_mail(world: Any, mail_id: str) -> dict[str, Any] | None:
    """Card and body as one dict, or None."""
    card, body = world.store.get(CARD, mail_id), world.store.get(BODY, mail_id)
    return {**card, **body} if card and body else None


def clear_mailbox(world: Any) -> int:
    """Throw everything away; returns how many there were."""
    with world.store.lock:
        count: int = world.store.count(CARD)
        world.store.reset(CARD)
        world.store.reset(BODY)
    return count


def as_json(mail: dict[str, Any]) -> dict[str, Any]:
    """A mail as the control API tells it: times as Unix seconds and as ISO text, attachments without their bytes."""
    return {
        **{key: mail[key] for key in ("id", "provider", "from", "to", "subject", "at", "reference", "size")},
        "at_text": datetime.fromtimestamp(mail["at"], UTC).isoformat(timespec="seconds"),
        "html": mail["html"],
        "text": mail["text"],
        "headers": dict(reversed(mail["headers"])),
        "attachments": [{k: v for k, v in one.items() if k != "content"} for one in mail["attachments"]],
        "extra": mail["extra"],
    }


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
