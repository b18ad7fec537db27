"""Work through stored webhook events, in batches."""

from __future__ import annotations

from jobs.base import job
from shop.core.queue import JobName
from shop.workflows.process_events import process_due_events


@job(JobName.DRAIN_INBOUND)
def drain() -> int:
    return process_due_events()
