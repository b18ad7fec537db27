"""A platform does not let us in any more: the merchant gets one letter, and calls stop until they connect again."""

from __future__ import annotations

from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.models import Connection
from shop.core import clock
from shop.email.requesting import request_letter
from shop.tenancy.profile import current_profile
from shop.webhook_delivery.announcing import announce
from shop.workflows.letter_facts import public_url


def ask_to_reconnect(session: Session, connection: Connection) -> None:
    """In the transaction that marks the connection. For an account that never worked nobody is written to."""
    if not connection.account_id:
        return
    platform = registry.class_of(connection.channel).spec.name
    name = connection.name or str(connection.account.get("name") or platform)
    told = {"id": connection.id, "channel": connection.channel, "name": name}
    announce(session, "channel.reconnect", {"connection": told, "why": connection.problem}, f"channel:{connection.id}")
    request_letter(
        session,
        letter="merchant_failure",
        subject_key=f"connections:{connection.id}:reconnect:{clock.now():%Y%m%d%H%M}",
        to_email=current_profile().merchant_email,
        facts={
            "what": f"{name[:120]} must be connected again",
            "why": connection.problem or f"{platform} does not accept our key any more.",
            "hint": "Connect it again in the panel. Nothing is lost: what waits goes on by itself afterwards.",
            "url": public_url(f"/admin/channels/{connection.id}"),
        },
    )
