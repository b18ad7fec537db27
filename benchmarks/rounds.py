"""Rounds: every cell runs right after a "hello"; what counts is the median of the ratios.

The hello is bare Flask on two gunicorn sync workers, whatever serves the shop: the yardstick that the marks were set
with. What the shop's own server makes of hello is a row of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figure, done, median, progress
from benchmarks.loading import Load, get, press
from benchmarks.serving import Server
from benchmarks.stage import Stage


@dataclass
class Cell:
    """One thing to measure. `requests` is called for every round: some may be sent once only."""

    what: str
    server: Server
    requests: Callable[[], Sequence[bytes]]
    mark: float | None = None
    checked: Callable[[Load], None] | None = None  # raises when the answers were not real
    loads: list[Load] = field(default_factory=list)
    hellos: list[Load] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)  # processor milliseconds of the web processes, a request

    @property
    def ratios(self) -> list[float]:
        return [load.rate / hello.rate for load, hello in zip(self.loads, self.hellos, strict=True)]

    def figure(self) -> Figure:
        ratio, ratios = median(self.ratios), self.ratios
        p50, p99 = median(load.p50 for load in self.loads), median(load.p99 for load in self.loads)
        story = (
            f"{median(load.rate for load in self.loads):,.0f}/s  {median(self.worked):.2f} ms cpu  p50 {p50:.1f}  "
            f"p99 {p99:.1f} ms (hello {median(hello.p99 for hello in self.hellos):.1f})  "
            f"rounds {min(ratios):.2f}–{max(ratios):.2f}"
        )
        mark = f"≥ {self.mark:g}" if self.mark else ""
        return Figure(self.what, f"{ratio:.3f} × hello", mark, ratio >= self.mark if self.mark else None, story)


def run_rounds(stage: Stage, cells: Sequence[Cell]) -> list[Figure]:
    """Interleaved: a slow moment of the machine hits a cell and its hello alike. The first row is hello itself."""
    hello = stage.server("hello")
    for cell in cells:
        press(cell.server.port, cell.requests(), 1)  # warm; not counted
    for number in range(stage.pace.rounds):
        for cell in cells:
            progress(f"round {number + 1} of {stage.pace.rounds}: {cell.what}")
            cell.hellos.append(press(hello.port, [get("/")], stage.pace.seconds))
            requests = cell.requests()
            before = sum(cell.server.processor_seconds())
            load = press(cell.server.port, requests, stage.pace.seconds)
            cell.worked.append((sum(cell.server.processor_seconds()) - before) * 1000 / load.answered)
            if cell.checked:
                cell.checked(load)
            cell.loads.append(load)
    done()
    return [_hello_figure([h for cell in cells for h in cell.hellos]), *(cell.figure() for cell in cells)]


def _hello_figure(hellos: Sequence[Load]) -> Figure:
    rates = [hello.rate for hello in hellos]
    story = (
        f"p50 {median(h.p50 for h in hellos):.1f}  p99 {median(h.p99 for h in hellos):.1f} ms  "
        f"runs {min(rates):,.0f}–{max(rates):,.0f}/s: how steady the machine was"
    )
    return Figure("hello (bare Flask, gunicorn sync)", f"{median(rates):,.0f}/s", story=story)
