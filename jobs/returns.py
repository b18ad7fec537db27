"""Settle returns; cancel what was withdrawn from."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.core.queue import JobName
from shop.returns.models import Return, Withdrawal
from shop.workflows.cancel_withdrawn import cancel_withdrawn
from shop.workflows.settle_return import settle_return


@job(JobName.DRAIN_RETURNS)
def drain() -> int:
    return base.drain(Return, settle_return, batch=5)


@job(JobName.DRAIN_WITHDRAWALS)
def drain_withdrawals() -> int:
    return base.drain(Withdrawal, cancel_withdrawn, batch=5)
