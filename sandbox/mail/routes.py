"""Everything about mail that the sandbox serves: SendGrid, Brevo, the mailbox page, its JSON, and the SMTP sink."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint

from sandbox.mail import brevo, brevo_account, brevo_events, mailbox_api, mailbox_pages, sendgrid, sendgrid_events
from sandbox.mail.smtp_sink import start_smtp
from sandbox.world import World

bp = Blueprint("mail", __name__)

# The settings routes ask for the same key as the send routes.
sendgrid_events.bp.before_request(sendgrid.check_caller)
brevo_account.bp.before_request(brevo.check_caller)
brevo_account.bp.after_request(brevo.tell_budget)

for _part in (sendgrid_events, sendgrid, brevo, brevo_account, mailbox_api, mailbox_pages):
    bp.register_blueprint(_part.bp)


def attach(world: World) -> None:
    """Tell the clock what to do when scheduled mail or a held webhook falls due."""
    world.clock.on(sendgrid.SCHEDULED, partial(sendgrid.release_scheduled, world))
    world.clock.on(brevo.SCHEDULED, partial(brevo.release_scheduled, world))
    world.clock.on(brevo_events.RETRY, partial(brevo_events.retry_delivery, world))


def start(world: World) -> Callable[[], None]:
    """Open the SMTP port; returns what closes it."""
    stop: Callable[[], None] = start_smtp(world).stop
    return stop
