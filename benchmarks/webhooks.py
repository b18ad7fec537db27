"""The webhook door: valid signatures and fresh ids, so that every answer stands for one verified, committed event."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import ExitStack

from benchmarks.events import COMPLETED, NEEDLESS, event, settled_checkouts, signed
from benchmarks.figures import Figure, at_most, done, progress
from benchmarks.loading import Load, get
from benchmarks.pushing import Answer, open_loop, percentile
from benchmarks.rounds import Cell, run_rounds
from benchmarks.stage import Stage, running
from benchmarks.stripe_pages import open_sessions

RATIO_MARK, P99_MARK, RATE = 0.20, 50.0, 200
MOST_A_SECOND = 2_500  # that many are prepared for each second of a round
STORED = "SELECT count(*) FROM inbound_events"


def measure(stage: Stage) -> Iterable[Figure]:
    door = Door(stage)
    cell = Cell("acknowledged", stage.server("cached"), door.fresh, RATIO_MARK, door.check)
    yield from run_rounds(stage, [cell])[1:]
    yield from _steadily(stage, door)


class Door:
    """Makes events and looks at what became of them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        with stage.small.app.app_context():
            self.settled = settled_checkouts(500)
        self.before = 0

    def fresh(self) -> list[bytes]:
        """As many events as a round can possibly take, none sent before."""
        self.before = self.stage.small.one(STORED)
        wanted = round(MOST_A_SECOND * max(self.stage.pace.seconds, 1))
        return [signed(event(COMPLETED, self.settled[n % len(self.settled)])) for n in range(wanted)]

    def check(self, load: Load) -> None:
        """Every answer is a row."""
        stored = self.stage.small.one(STORED) - self.before
        assert stored >= load.answered, f"{load.answered} were answered, {stored} stored"


def _steadily(stage: Stage, door: Door) -> Iterable[Figure]:
    """200 a second whatever happens, while a worker drains what comes in (one in five needs a look at Stripe)."""
    seconds = 4 if stage.quick else 10
    port = stage.server("cached").port
    progress("open loop")
    asked = open_sessions(stage, 20)
    topics = [
        (COMPLETED, asked)
        if n % 5 == 0
        else (COMPLETED, door.settled)
        if n % 5 < 3
        else (NEEDLESS[n % 4], door.settled)
        for n in range(RATE * seconds)
    ]
    requests = [signed(event(topic, ids[n % len(ids)])) for n, (topic, ids) in enumerate(topics)]
    with ExitStack() as stack:
        env = {**stage.small.env, "STRIPE_BASE_URL": f"{stage.sandbox_url}/stripe"}
        log = stage.place / "worker.log"
        stack.enter_context(running([sys.executable, "-m", "jobs.worker", "inbound"], env, log))
        open_loop(port, [get("/pages/about")] * RATE, RATE)  # the worker gets up meanwhile
        drained = stage.small.one("SELECT count(*) FROM inbound_events WHERE work_state = 'done'")
        plain = open_loop(stage.server("hello").port, [get("/")] * (RATE * seconds // 2), RATE)
        answers = open_loop(port, requests, RATE)
        drained = stage.small.one("SELECT count(*) FROM inbound_events WHERE work_state = 'done'") - drained
    done()
    bad = sum(1 for _, status in answers if status != 200)
    assert not bad, f"{bad} of {len(answers)} events were not acknowledged"
    p50, p99 = _milliseconds(answers)
    hello50, hello99 = _milliseconds(plain)
    story = f"p50 {p50:.1f} ms (hello {hello50:.1f} / {hello99:.1f}); {drained:,} drained meanwhile"
    yield at_most(f"p99 at {RATE}/s, a worker draining", p99, P99_MARK, " ms", story)


def _milliseconds(answers: Iterable[Answer]) -> tuple[float, float]:
    ordered = sorted(took * 1000 for took, _ in answers)
    return percentile(ordered, 50), percentile(ordered, 99)
