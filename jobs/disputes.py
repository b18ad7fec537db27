"""Send answers to disputes, or give disputes up, at the gateway."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.core.queue import JobName
from shop.payments.models import DisputeAnswer
from shop.workflows.answer_dispute import send_answer


@job(JobName.DRAIN_DISPUTES)
def drain() -> int:
    return base.drain(DisputeAnswer, send_answer, batch=2)
