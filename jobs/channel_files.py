"""Take in files: the dry run, then what it told."""

from __future__ import annotations

from jobs import base
from jobs.base import job
from shop.channels.files.models import FileImport
from shop.core.queue import JobName
from shop.workflows.import_files import advance_import


@job(JobName.DRAIN_FILE_IMPORTS)
def drain() -> int:
    return base.drain(FileImport, advance_import, batch=1)
