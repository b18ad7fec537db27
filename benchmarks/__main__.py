"""`python -m benchmarks [NAME…] [--quick] [--seed N] [--list]`: measure, and print one table. Asserts no timing.

TEST_DATABASE_URL and TEST_REDIS_URL name a database and a Redis that may be emptied; `make bench` provides both.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from benchmarks.figures import Figure, show, summary, title
from benchmarks.loading import CALLERS, generator
from benchmarks.stage import BIG, BIG_QUICKLY, SMALL, Stage
from config import ROOT

#: name → what it measures; the module of the same name has `measure(stage)`
MEASURES = {
    "importing": "The catalogue: import without network and pictures",
    "starting": "Start and memory",
    "weighing": "What a page weighs",
    "counting": "SQL statements a page",
    "pages": f"Pages ({CALLERS} callers, 2 web processes)",
    "languages": "A second language beside the first",
    "growing": "The cost of a page when the catalogue grows",
    "webhooks": "Webhooks: verified, stored, deduplicated, committed",
    "draining": "Stored events and other rows, drained in batches by one process",
    "pricing": "Discounts of a large cart",
    "races": "200 at once for the last of something",
    "repricing": "Changes of many products: prices, files, undo",
    "syncing": "The catalogue over HTTP, from the sandbox",
    "order_list": "The list of orders when there are more of them",
    "channels": "Other platforms: import, a second look, faults",
    "exporting": "Orders as CSV: speed, and memory",
}
BY_NAME = {
    "servers": "WSGI servers side by side",
    "hooks": "Hooks of channels: acknowledged, applied",
    "both_sides": "Edits on both sides of every platform (T7)",
}


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    known = {**MEASURES, **BY_NAME}
    unknown = [name for name in options.names if name not in known]
    if options.list or unknown:
        print("\n".join(f"{name:<12}{what}" for name, what in known.items()))
        return 2 if unknown else 0
    if "TEST_DATABASE_URL" not in os.environ or "TEST_REDIS_URL" not in os.environ:
        print("TEST_DATABASE_URL and TEST_REDIS_URL are not set: run `make bench`", file=sys.stderr)
        return 2
    logging.getLogger("alembic").setLevel(logging.WARNING)
    began = time.monotonic()
    print(heading(options.quick, options.seed))
    figures: list[Figure] = []
    failed: list[str] = []
    with Stage(options.quick, options.seed) as stage:
        for name in options.names or MEASURES:
            title(known[name])
            try:
                figures += _measured(stage, name)
            except Exception as error:  # noqa: BLE001  (the others are still worth measuring)
                failed.append(name)
                print(f"{name} could not be measured: {type(error).__name__}: {error}")
    print(f"\n{summary(figures)}; {time.monotonic() - began:.0f} s; {load()}")
    if failed:
        print(f"not measured: {', '.join(failed)}")
    return 1 if failed else 0


def _measured(stage: Stage, name: str) -> list[Figure]:
    """Every figure of a measure, shown as it comes."""
    measure: Callable[[Stage], Iterable[Figure]] = importlib.import_module(f"benchmarks.{name}").measure
    found = []
    for figure in measure(stage):
        show(figure)
        found.append(figure)
    return found


def heading(quick: bool, seed: int) -> str:
    products = f"{SMALL:,} and {BIG_QUICKLY if quick else BIG:,} products × 6 variants"
    return "\n".join(
        (
            f"Imprint {commit()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {seed}{', quick' if quick else ''}",
            f"Python {platform.python_version()}, {os.cpu_count()} processors, {load()}",
            f"Load by {generator()}; {products}. hello: bare Flask, run in turn.",
        )
    )


def load() -> str:
    """How busy the machine is with everything, us included."""
    return "load " + " ".join(f"{average:.1f}" for average in os.getloadavg())


def commit() -> str:
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty=+changes"], cwd=ROOT, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return "(no commit known)"
    return said.stdout.strip() or "(no commit known)"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; all by default")
    parser.add_argument("--quick", action="store_true", help="shorter rounds, a smaller catalogue: about a minute")
    parser.add_argument("--seed", type=int, default=20260, help="of the generated catalogue")
    parser.add_argument("--list", action="store_true", help="the names, and what each measures")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
