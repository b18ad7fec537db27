"""Submit paid orders to the print provider, and send them to production."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.core.queue import JobName
from shop.fulfilment.models import FulfilmentOrder
from shop.workflows.submit_fulfilment import advance_fulfilment


@job(JobName.DRAIN_FULFILMENT)
def drain() -> int:
    return base.drain(FulfilmentOrder, advance_fulfilment, batch=5)
