"""How soon the first page is there, and how much memory a web process takes after a short load."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.figures import Figure, at_most, median
from benchmarks.loading import get, press
from benchmarks.pages import list_pages, product_pages
from benchmarks.serving import start_server
from benchmarks.stage import Stage, base_env

FIRST_PAGE_MARK, MEMORY_MARK = 0.8, 60.0


def measure(stage: Stage) -> Iterable[Figure]:
    """Each start begins with nothing kept: the home page is worked out with the index of the whole catalogue."""
    env = stage.env_of("uncached")
    hello, shop = [], []
    for turn in range(1 if stage.quick else 3):
        log = stage.place / f"start-{turn}.log"
        with start_server("benchmarks.hello:app", base_env(), log) as server:
            hello.append(server.seconds_to_first_page)
        with start_server("benchmarks.entry:app", env, log) as server:
            shop.append(server.seconds_to_first_page)
    story = f"bare Flask {median(hello):.2f} s: {median(shop) / median(hello):.1f} × hello; fastest {min(shop):.2f} s"
    yield at_most("first page after start", median(shop), FIRST_PAGE_MARK, " s", story, 2)
    yield from _memory(stage)


def _memory(stage: Stage) -> Iterable[Figure]:
    """After a short load, and after every page of the shop was asked for, when what a process keeps is full."""
    bare = stage.server("own hello")
    press(bare.port, [get("/")], 1)
    server = stage.server("cached")
    lists, products = list_pages(stage.small), product_pages(stage.small, stage.seed)
    press(server.port, [get(path) for path in ["/", *lists[:10], *products[:40]]], 2)
    short = server.memory()
    if not short:
        yield Figure("memory of a web process", "not told here", story="PSS is read from Linux's smaps_rollup")
        return
    press(server.port, [get(path) for path in lists + products], 2 if stage.quick else 6)
    full = server.memory()
    story = f"PSS after a short load: {_each(short)}; bare Flask {_each(bare.memory())}"
    yield at_most("memory of a web process", max(short), MEMORY_MARK, " MiB", story, 0)
    story = f"after every page was asked for: {_each(full)}"
    yield Figure("memory with all that is kept", f"{max(full):.0f} MiB", story=story)


def _each(memory: list[float]) -> str:
    return ", ".join(f"{mib:.0f}" for mib in memory)
