"""Brevo v3 by plain HTTP (contracts/brevo.md). Its idempotencyKey header makes a repeat within 15 minutes safe."""

from __future__ import annotations

from typing import Any

import requests

from shop.email.senders.envelope import Envelope, Sender
from shop.errors import Misunderstood, NeedsReconnect, Refused, Unavailable

TIMEOUT = (5, 15)


class BrevoSender(Sender):
    name = "brevo"
    #: the key is kept for 15 minutes only, less than our back-off may take
    knows_repeats = False

    def __init__(self, api_key: str, base_url: str) -> None:
        self.api_key, self.base_url = api_key, base_url.rstrip("/")

    def send(self, envelope: Envelope) -> str:
        body: dict[str, Any] = {
            "sender": {"email": envelope.from_email, "name": envelope.from_name},
            "to": [{"email": envelope.to}],
            "subject": envelope.subject,
            "textContent": envelope.text,
            "htmlContent": envelope.html,
            "headers": {**envelope.headers, "idempotencyKey": envelope.key},
        }
        if envelope.reply_to:
            body["replyTo"] = {"email": envelope.reply_to}
        try:
            answer = requests.post(
                f"{self.base_url}/smtp/email",
                json=body,
                headers={"api-key": self.api_key},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.ConnectTimeout as error:
            raise Unavailable("Brevo cannot be reached.", service="brevo", detail=str(error)) from error
        except requests.RequestException as error:
            raise Unavailable("Brevo did not answer.", service="brevo", detail=str(error), sent=True) from error
        return _read(answer)


def _read(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = f"{answer.status_code} {body.get('code', '')}: {body.get('message', answer.text[:200])}"
    if answer.status_code in (200, 201, 202):
        return str(body.get("messageId", ""))
    if answer.status_code == 400 and body.get("code") == "duplicate_parameter":
        return ""  # an earlier try with this key was taken
    if answer.status_code in (401, 402, 403):
        raise NeedsReconnect("Brevo refused our key, or the credits are used up.", service="brevo", detail=detail)
    if answer.status_code == 429:
        raise Unavailable("Brevo asks us to slow down.", service="brevo", detail=detail)
    if answer.status_code >= 500:
        raise Unavailable("Brevo has trouble.", service="brevo", detail=detail, sent=True)
    if 400 <= answer.status_code < 500:
        raise Refused("Brevo refused this letter.", service="brevo", detail=detail)
    raise Misunderstood("Brevo answered in a way we do not know.", service="brevo", detail=detail)
