"""`make test` and `make bench`: real PostgreSQL and real Redis of their own, beside a running shop."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from launch import embedded, settings
from launch.say import Problem, step
from launch.setup import ROOT
from launch.supervise import Supervisor, hurry_on_signals, stop_on_signals


def run_tests(arguments: list[str]) -> int:
    """Run pytest with `arguments` and return its status.

    The whole suite is shared out among as many processes as there are cores; named tests run in one, unless `-n` says.
    """
    if not any(argument.startswith("-n") or Path(argument.split("::")[0]).exists() for argument in arguments):
        arguments = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile", "--no-loadscope-reorder", *arguments]
    return _with_databases("test", [sys.executable, "-m", "pytest", *arguments])


def run_benchmarks(arguments: list[str]) -> int:
    return _with_databases("bench", [sys.executable, "-m", "benchmarks", *arguments])


def _with_databases(purpose: str, command: list[str]) -> int:
    """Run `command` with TEST_DATABASE_URL and TEST_REDIS_URL; starts the embedded servers where not given.

    Only these two names are honoured: a test empties its database, so it never takes the shop's own.
    """
    os.chdir(ROOT)
    place, held = _claim(purpose)
    stop_on_signals()
    supervisor = Supervisor(place)
    env = _clean_environment()
    try:
        if not env.get("TEST_DATABASE_URL"):
            step(f"Starting PostgreSQL for the {purpose}")
            data, database = place / "postgres", f"imprint_{purpose}"
            address = embedded.start_postgres(supervisor, data, database, durable=purpose == "bench")
            env["TEST_DATABASE_URL"] = address
        if not env.get("TEST_REDIS_URL"):
            env["TEST_REDIS_URL"] = embedded.start_redis(supervisor, place / "redis", keep=False)
        process = subprocess.Popen(command, env=env)
        with suppress(KeyboardInterrupt):
            return process.wait()
        process.terminate()
        return process.wait() or 130
    finally:
        hurry_on_signals(supervisor)
        supervisor.stop()
        held.close()


def _claim(purpose: str) -> tuple[Path, IO[str]]:
    """A directory of our own under var/, so that two runs at once do not meet."""
    for number in range(1, 20):
        place = settings.VAR / f"{purpose}-{number}"
        if held := settings.lock(place / "lock"):
            return place, held
    raise Problem(f"Too many runs at once: {settings.VAR}/{purpose}-* are all in use.")


def _clean_environment() -> dict[str, str]:
    """The process environment without the shop's settings: a test must not meet real keys."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = {line.lstrip("# ").split("=")[0] for line in example.splitlines() if "=" in line}
    return {name: value for name, value in os.environ.items() if name not in known}
