"""Keep connected platforms in step."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.channels.syncing.models import SyncRun
from shop.core.durable import Claim
from shop.core.queue import JobName
from shop.workflows import run_sync


@job(JobName.DRAIN_SYNC)
def drain_sync() -> int:
    return base.drain(SyncRun, _sync, batch=1, lease_seconds=run_sync.LEASE_SECONDS)


def _sync(held: Claim) -> None:
    run_sync.run(held, must_stop=base.out_of_time)
