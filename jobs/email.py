"""Send due letters."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.core.queue import JobName
from shop.email.models import Letter
from shop.email.sending import send_letter


@job(JobName.DRAIN_EMAIL)
def drain() -> int:
    return base.drain(Letter, send_letter, batch=20)
