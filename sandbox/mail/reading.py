"""Raw mail in, readable parts out. Whatever the bytes are, reading never fails and never grows beyond its bounds."""

from __future__ import annotations

import base64
import email
import email.policy
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import EmailMessage, Message
from typing import Any

MAX_PARTS = 100  # a hostile message may nest thousands
MAX_TEXT = 2_000_000  # characters of one text or HTML body
MAX_HEADERS = 200
MAX_HEADER_LENGTH = 4_000
MAX_ATTACHMENT = 10_000_000  # bytes kept of one attachment


@dataclass(slots=True)
class ReadMail:
    """What a message says: decoded headers in order, the first text and HTML bodies, and the other parts."""

    subject: str = ""
    sender: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    text: str | None = None
    html: str | None = None
    attachments: list[dict[str, Any]] = field(default_factory=list)


def read_mail(raw: bytes) -> ReadMail:
    """Decode one RFC 5322 message."""
    # compat32 keeps broken headers as they are, where the modern policy raises on some of them.
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    read = ReadMail()
    for name, value in list(message.items())[:MAX_HEADERS]:
        read.headers.append((clean(name), decode_words(str(value))[:MAX_HEADER_LENGTH]))
    read.subject = _first(read, "subject")
    read.sender = _first(read, "from")
    for index, part in enumerate(message.walk()):
        if index >= MAX_PARTS:
            break
        if not part.is_multipart():
            _take_part(read, part)
    return read


def decode_words(value: str) -> str:
    """`=?utf-8?q?Caf=C3=A9?=` → `Café`; a folded header becomes one line."""
    try:
        pieces = decode_header(value)
    except (ValueError, LookupError, HeaderParseError):
        return clean(" ".join(value.split()))
    text = "".join(decode_bytes(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces)
    return clean(" ".join(text.split()))


def decode_bytes(data: bytes, charset: str | None) -> str:
    """Text in the named charset; in UTF-8, then Latin-1, when that name is wrong or unknown."""
    for name in (charset, "utf-8"):
        try:
            return data.decode(name) if name else data.decode("ascii")
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("latin-1")


def clean(text: str) -> str:
    """Without lone surrogates and NULs, which neither JSON nor a page may carry."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def compose_raw(
    sender: str,
    to: list[str],
    subject: str,
    text: str | None,
    html: str | None,
    headers: dict[str, str],
    attachments: list[dict[str, Any]],
) -> bytes:
    """The source a provider would have put on the wire for an API call; attachments carry base64 `content`."""
    message = EmailMessage(policy=email.policy.SMTPUTF8)
    _set_header(message, "From", sender)
    _set_header(message, "To", ", ".join(to))
    _set_header(message, "Subject", subject)
    for name, value in headers.items():
        _set_header(message, name, value)
    message.set_content(clean(text or ""))
    if html is not None:
        message.add_alternative(clean(html), subtype="html")
    for item in attachments:
        maintype, _, subtype = str(item.get("type") or "application/octet-stream").partition("/")
        cid = item.get("content_id")
        message.add_attachment(
            decode_base64(str(item.get("content") or "")),
            maintype=maintype if maintype.isalnum() and maintype not in ("multipart", "message") else "application",
            subtype=subtype or "octet-stream",
            filename=_one_line(str(item.get("filename") or "file")),
            disposition="inline" if item.get("disposition") == "inline" else "attachment",
            cid=f"<{_one_line(str(cid))}>" if cid else None,
        )
    return message.as_bytes()


def decode_base64(text: str) -> bytes:
    """The bytes, or nothing when the text is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _take_part(read: ReadMail, part: Message) -> None:
    kind = part.get_content_type()
    filename = part.get_filename()
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else str(payload or "").encode("utf-8", "replace")
    attached = filename is not None or part.get_content_disposition() == "attachment"
    if not attached and kind == "text/plain" and read.text is None:
        read.text = clean(decode_bytes(data, part.get_content_charset())[:MAX_TEXT])
    elif not attached and kind == "text/html" and read.html is None:
        read.html = clean(decode_bytes(data, part.get_content_charset())[:MAX_TEXT])
    else:
        kept = data[:MAX_ATTACHMENT]
        read.attachments.append(
            {
                "filename": decode_words(str(filename or "part"))[:200],
                "type": clean(kind)[:100],
                "content_id": clean(str(part.get("Content-ID") or "")).strip().strip("<>")[:200],
                "size": len(data),
                "content": base64.b64encode(kept).decode("ascii"),
            }
        )


def _first(read: ReadMail, name: str) -> str:
    return next((value for key, value in read.headers if key.lower() == name), "")


def _one_line(value: str) -> str:
    return " ".join(clean(value).split())


def _set_header(message: EmailMessage, name: str, value: str) -> None:
    name = "".join(letter for letter in name if letter.isalnum() or letter == "-")
    # The structured headers are the composer's; a second Content-Type would make the message unreadable.
    if not name or name.lower().startswith("content-") or name.lower() in ("mime-version",):
        return
    if name.lower() in {key.lower() for key in message}:
        return
    try:
        message[name] = _one_line(value)
    except (ValueError, TypeError, IndexError):
        message[name + "-Unreadable"] = "x"
