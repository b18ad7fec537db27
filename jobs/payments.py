"""Ask the gateway for requested refunds."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.core.queue import JobName
from shop.payments.models import Refund
from shop.workflows.refund_order import submit_refund


@job(JobName.DRAIN_PAYMENTS)
def drain() -> int:
    return base.drain(Refund, submit_refund, batch=5)
