"""Wall and processor time of a piece of work, ours and the database's: on a crowded machine the second tells more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from sqlalchemy import text

from shop.extensions import db


@dataclass
class Busy:
    """Seconds. `database` is 0 where its processes cannot be seen."""

    wall: float = 0.0
    ours: float = 0.0
    database: float = 0.0

    def story(self, count: int) -> str:
        """How long it took, and how many a second it would have been with the processors to itself."""
        said = f"{self.wall:.1f} s; processor: {self.ours:.1f} s ours, {self.database:.1f} s PostgreSQL"
        alone = self.ours + self.database
        if self.wall > alone * 1.3 and alone > 0.05:
            said += f" (undisturbed about {count / alone:,.0f}/s)"
        return said


@contextmanager
def watched() -> Iterator[Busy]:
    """Measure the block. Needs an app context."""
    busy = Busy()
    before = _backends()
    wall, ours = time.perf_counter(), time.process_time()
    yield busy
    busy.wall, busy.ours = time.perf_counter() - wall, time.process_time() - ours
    busy.database = sum(spent - before.get(pid, 0.0) for pid, spent in _backends().items())


def _backends() -> dict[int, float]:
    """Processor seconds of every process that serves this database; none when it runs elsewhere."""
    with db.engine.connect() as connection:
        pids = connection.execute(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")).scalars()
        found = {}
        for pid in pids.all():
            try:
                process = psutil.Process(pid)
                if process.name().startswith("postgres"):
                    found[pid] = sum(process.cpu_times()[:2])
            except psutil.Error:
                continue
        return found
