"""Let merchants' rules meet what has happened."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.automations.models import AutomationRun
from shop.core.queue import JobName
from shop.workflows.run_automations import run_one


@job(JobName.RUN_AUTOMATIONS)
def drain() -> int:
    return base.drain(AutomationRun, run_one)
