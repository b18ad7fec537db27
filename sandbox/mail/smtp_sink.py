"""A real SMTP server that keeps what it is given (contracts/sendgrid.md §8)."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import replace
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sandbox.mail.mailbox import deliver
from sandbox.mail.smtp_faults import take_smtp_fault

MAX_MESSAGE = 30_000_000  # bytes, as the providers allow
MAX_RECIPIENTS = 1_000

_TEXTS = {4: "try again later (sandbox)", 5: "refused (sandbox)"}


class Sink:
    """aiosmtpd's handler: every accepted message goes to the mailbox of `world`."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Any user and password will do, until a knob says otherwise."""
        if take_smtp_fault(self.world.store, ("refuse_auth",), []):
            # handled=False makes aiosmtpd answer 535; with the default the client only sees a dropped line.
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = take_smtp_fault(self.world.store, ("refuse",), [address])
        if fault:
            return _refusal(fault)
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        store = self.world.store
        recipients = [str(one) for one in envelope.rcpt_tos]
        slow = take_smtp_fault(store, ("slow",), recipients)
        if slow:
            await asyncio.sleep(slow["seconds"])
        fault = take_smtp_fault(store, ("refuse_data", "drop_before", "drop_after"), recipients)
        if fault and fault["action"] == "refuse_data":
            return _refusal(fault)
        if fault and fault["action"] == "drop_before":
            return _hang_up(server)
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
        # Parsing a large message would stall the loop for every other connection.
        card = await asyncio.to_thread(
            deliver,
            self.world,
            provider="smtp",
            sender=str(envelope.mail_from or ""),
            recipients=recipients,
            raw=raw,
        )
        if fault:
            return _hang_up(server)
        return f"250 2.0.0 OK: queued as {card['id']}"


def start_smtp(world: Any) -> Controller:
    """Listen on `world.settings.smtp_port` (0 takes a free one, then told in `world.settings`).

    The caller stops the returned controller with `.stop()`. OSError when the port is taken.
    """
    if not world.settings.smtp_port:
        # The controller probes its own port and cannot do that with 0.
        world.settings = replace(world.settings, smtp_port=_free_port(world.settings.host))
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    sink = Sink(world)
    controller = Controller(
        sink,
        hostname=world.settings.host,
        port=world.settings.smtp_port,
        server_hostname="sandbox.localhost",
        ident="Imprint sandbox",
        data_size_limit=MAX_MESSAGE,
        enable_SMTPUTF8=True,
        authenticator=sink.authenticate,
        auth_require_tls=False,
    )
    try:
        controller.start()
    except OSError as error:
        raise OSError(error.errno, f"the SMTP port {world.settings.smtp_port} is taken") from error
    return controller


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def _refusal(fault: dict[str, Any]) -> str:
    code = int(fault["code"])
    return f"{code} {code // 100}.1.1 {_TEXTS[code // 100]}"


def _hang_up(server: SMTP) -> str:
    if server.transport is not None:
        server.transport.abort()  # type: ignore[attr-defined]
    return "421 4.3.0 hanging up"
