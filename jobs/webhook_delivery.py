"""Send what is owed to webhook endpoints."""

from __future__ import annotations

import time

from jobs import base
from jobs.base import job, settle
from shop.core import durable
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.webhook_delivery.models import WebhookDelivery
from shop.workflows.deliver_webhooks import AT_ONCE, deliver

LEASE_SECONDS = 90  # a batch is sent at once: twenty seconds at most, and then each result is written down


@job(JobName.DELIVER_WEBHOOKS)
def drain() -> int:
    handled, stop_at = 0, time.monotonic() + base.DRAIN_SECONDS
    while not base.out_of_time(stop_at):
        with transaction() as session:
            held = durable.claim(session, WebhookDelivery, AT_ONCE, LEASE_SECONDS)
        if not held:
            break
        for failed in deliver(held):
            settle(WebhookDelivery, failed.claim, failed.error)
        handled += len(held)
    return handled
