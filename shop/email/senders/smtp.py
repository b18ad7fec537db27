"""SMTP, the default in development (contracts/sendgrid.md §8)."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import lru_cache

from shop.core import clock
from shop.email.senders.envelope import Envelope, Sender
from shop.errors import NeedsReconnect, Refused, Unavailable

TIMEOUT_SECONDS = 15
LONGEST_LINE = 998  # RFC 5322 §2.1.1


class SmtpSender(Sender):
    name = "smtp"

    def __init__(self, host: str, port: int, user: str, password: str, tls: str) -> None:
        self.host, self.port, self.user, self.password, self.tls = host, port, user, password, tls

    def send(self, envelope: Envelope) -> str:
        message = as_message(envelope)
        try:
            server = self._connect()
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
            raise NeedsReconnect("The mail server refused our sign-in.", service="smtp", detail=str(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable("The mail server cannot be reached.", service="smtp", detail=str(error)) from error
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(next(iter(error.recipients.values()))[0], str(error)) from error
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, str(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable("The mail server went away.", service="smtp", detail=str(error), sent=True) from error
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()
        return str(message["Message-ID"])

    def _connect(self) -> smtplib.SMTP:
        if self.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=_trust())
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
            if self.tls == "starttls":
                server.starttls(context=_trust())
        if self.user:
            server.login(self.user, self.password)
        return server


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """The machine's certificate authorities; reading them costs more than a letter."""
    return ssl.create_default_context()


def _refusal(code: int, detail: str) -> Refused | Unavailable:
    if 400 <= code < 500:
        return Unavailable("The mail server asks us to wait.", service="smtp", detail=detail)
    return Refused("The mail server refused this letter.", service="smtp", detail=detail)


def as_message(envelope: Envelope) -> EmailMessage:
    """MIME: plain text first, then HTML."""
    message = EmailMessage()
    message["From"] = Address(envelope.from_name, addr_spec=envelope.from_email)
    message["To"] = Address(addr_spec=envelope.to)
    if envelope.reply_to:
        message["Reply-To"] = Address(addr_spec=envelope.reply_to)
    message["Subject"] = envelope.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(idstring=envelope.key, domain=envelope.from_email.rpartition("@")[2])
    message["X-Entity-Ref-ID"] = envelope.key
    message.set_content(envelope.text)
    message.add_alternative(envelope.html, subtype="html")
    if envelope.headers:
        for name, value in envelope.headers.items():
            message[name] = value
        # a long address would be folded into encoded words, which nobody reads in such a header
        message.policy = message.policy.clone(max_line_length=LONGEST_LINE)
    return message
