"""Hand out or erase what is known of a person."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.core.queue import JobName
from shop.customers.models import PrivacyRequest
from shop.workflows.answer_privacy import answer
from shop.workflows.erase_customer import LEASE_SECONDS


@job(JobName.DRAIN_PRIVACY)
def drain() -> int:
    return base.drain(PrivacyRequest, answer, batch=1, lease_seconds=LEASE_SECONDS)
