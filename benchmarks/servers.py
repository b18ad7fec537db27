"""WSGI servers side by side, with our own app: speed, fairness between processes, memory, and silent connections.

Not part of the whole run: `make bench ARGS=servers`. docs/decisions says what came of it.
"""

from __future__ import annotations

import socket
import sys
import time
import urllib.request
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from benchmarks.figures import Figure, done, median, progress
from benchmarks.loading import Load, get, press
from benchmarks.pages import product_pages
from benchmarks.serving import GUNICORN_SYNC, Server, start_server
from benchmarks.stage import Stage, base_env

#: name → command; {app}, {port} and {workers} are filled in
SERVERS: dict[str, tuple[str, ...]] = {
    "sync": (*GUNICORN_SYNC, "--preload"),
    "gthread": (*GUNICORN_SYNC, "--preload", "--worker-class", "gthread", "--threads", "4", "--reuse-port"),
    "granian 1": (sys.executable, "-m", "serve", "{app}", "1"),
    "granian 4": (sys.executable, "-m", "serve", "{app}", "4"),
}
SILENT = 20
PATIENCE = 5.0


@dataclass
class Seen:
    """What one server did with one app."""

    server: Server
    requests: list[bytes]
    loads: list[Load] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)  # processor milliseconds a request

    def press(self, seconds: float) -> None:
        before = self.server.processor_seconds()
        self.loads.append(press(self.server.port, self.requests, seconds))
        spent = [b - a for a, b in zip(before, self.server.processor_seconds(), strict=True)]
        self.worked.append(sum(spent) * 1000 / self.loads[-1].answered)
        self.shares.append(min(spent) / max(max(spent), 0.01))

    @property
    def rate(self) -> float:
        return median(load.rate for load in self.loads)


def measure(stage: Stage) -> Iterable[Figure]:
    """Interleaved: every round asks every server for every page."""
    paths = product_pages(stage.small, stage.seed)
    with ExitStack() as stack:
        seen: dict[tuple[str, str], Seen] = {}
        for name, command in SERVERS.items():
            progress(f"starting {name}")
            for what, app, env, asked in (
                ("hello", "benchmarks.hello:app", base_env(), ["/"]),
                ("cached", "benchmarks.entry:app", stage.env_of("cached"), paths[:40]),
                ("worked out", "benchmarks.entry:app", stage.env_of("uncached"), paths),
            ):
                log = stage.place / f"{name}-{what}.log"
                server = stack.enter_context(start_server(app, env, log, command))
                seen[name, what] = Seen(server, [get(path) for path in asked])
                press(server.port, seen[name, what].requests, 1)
        for number in range(stage.pace.rounds):
            for (name, what), one in seen.items():
                progress(f"round {number + 1} of {stage.pace.rounds}: {name}, {what}")
                one.press(stage.pace.seconds)
        done()
        yield from _rows(seen)


def _rows(seen: dict[tuple[str, str], Seen]) -> Iterable[Figure]:
    yardstick = seen["sync", "hello"]
    for (name, what), one in seen.items():
        ratio = median(mine.rate / base.rate for mine, base in zip(one.loads, yardstick.loads, strict=True))
        p50, p99 = median(load.p50 for load in one.loads), median(load.p99 for load in one.loads)
        fair = f"the lazier process did {median(one.shares):.0%} of the busier one's work"
        story = f"{median(one.worked):.2f} ms cpu  p50 {p50:.1f}  p99 {p99:.1f} ms; {fair}"
        yield Figure(f"{name}: {what}", f"{ratio:.2f} × sync hello", f"{one.rate:,.0f}/s", None, story)
    for name in SERVERS:
        one = seen[name, "worked out"]
        memory = ", ".join(f"{mib:.0f}" for mib in one.server.memory())
        story = f"PSS {memory} MiB; first page after {one.server.seconds_to_first_page:.1f} s"
        yield Figure(f"{name}: {SILENT} silent callers", _beside_silence(one.server), story=story)


def _beside_silence(server: Server) -> str:
    """How long a page takes while others hold connections and say nothing, as browsers do."""
    with ExitStack() as stack:
        for _ in range(SILENT):
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), timeout=2)))
        time.sleep(0.3)
        began = time.monotonic()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/pages/about", timeout=PATIENCE) as answer:
                answer.read()
        except OSError:
            return f"no answer in {PATIENCE:.0f} s"
        return f"answer in {(time.monotonic() - began) * 1000:.0f} ms"
