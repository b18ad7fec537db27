"""How the tests of the mail stand-ins speak to them."""

from __future__ import annotations

import smtplib
import threading
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

API = "/control/api/mail"


class Receiver:
    """A small web server that notes what it is sent and answers as told."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append((dict(self.headers), body))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def letter(to: str = "buyer@example.org", subject: str = "Café ☕", html: str | None = "<p>Grüße</p>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Shop <shop@example.com>", to, subject
    message["Message-ID"] = "<own-1@example.com>"
    message.set_content("Thank you, Zoë.")
    if html:
        message.add_alternative(html, subtype="html")
    return message


def client(world: Any) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", world.settings.smtp_port, timeout=10)


def messages(url: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{url}{API}/messages", params=query, timeout=10).json()["messages"]
    return found


def brevo(url: str, body: Any, key: str = "xkeysib-test") -> requests.Response:
    return requests.post(f"{url}/brevo/v3/smtp/email", json=body, headers={"api-key": key}, timeout=10)


def brevo_body(**more: Any) -> dict[str, Any]:
    return {
        "sender": {"email": "shop@example.com", "name": "Shop"},
        "to": [{"email": "buyer@example.org", "name": "Bo"}],
        "subject": "Hello",
        "htmlContent": "<b>hi</b>",
        "textContent": "hi",
        **more,
    }
