"""Twilio SendGrid v3 (contracts/sendgrid.md). It has no idempotency key: a lost answer is an unknown outcome."""

from __future__ import annotations

import socket
from typing import Any
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from shop.email.senders.envelope import Envelope, Sender
from shop.errors import NeedsReconnect, Refused, Unavailable

TIMEOUT_SECONDS = 10


class SendGridSender(Sender):
    name = "sendgrid"

    def __init__(self, api_key: str, base_url: str) -> None:
        self.api = SendGridAPIClient(api_key, host=base_url.rstrip("/"))
        self.api.client.timeout = TIMEOUT_SECONDS  # none by default

    def send(self, envelope: Envelope) -> str:
        body: dict[str, Any] = {
            "from": {"email": envelope.from_email, "name": envelope.from_name},
            "personalizations": [{"to": [{"email": envelope.to}], "custom_args": {"imprint_key": envelope.key}}],
            "subject": envelope.subject,
            "content": [
                {"type": "text/plain", "value": envelope.text},
                {"type": "text/html", "value": envelope.html},
            ],
            "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
        }
        if envelope.headers:
            body["headers"] = envelope.headers
        if envelope.reply_to:
            body["reply_to"] = {"email": envelope.reply_to}
        try:
            answer = self.api.client.mail.send.post(request_body=body)
        except HTTPError as error:
            raise _told(error.status_code, str(error.body)[:500]) from error
        except URLError as error:
            not_sent = isinstance(error.reason, ConnectionRefusedError | socket.gaierror)
            raise Unavailable(
                "SendGrid cannot be reached.", service="sendgrid", detail=str(error), sent=not not_sent
            ) from error
        except OSError as error:  # includes time-outs: the letter may be on its way
            raise Unavailable("SendGrid did not answer.", service="sendgrid", detail=str(error), sent=True) from error
        return str(answer.headers.get("X-Message-Id", ""))


def _told(status: int, detail: str) -> Refused | Unavailable | NeedsReconnect:
    if status in (401, 403):
        return NeedsReconnect(
            "SendGrid refused our key or sender, or its quota is used up.", service="sendgrid", detail=detail
        )
    if status == 429:
        return Unavailable("SendGrid asks us to slow down.", service="sendgrid", detail=detail)
    if status >= 500:
        return Unavailable("SendGrid has trouble.", service="sendgrid", detail=detail, sent=True)
    return Refused("SendGrid refused this letter.", service="sendgrid", detail=detail)
