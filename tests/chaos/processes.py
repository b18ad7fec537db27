"""Real processes of the shop, with the settings of this test run, to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import IO

from config import ROOT, Config


def settings_as_env(config: Config, **changes: object) -> dict[str, str]:
    """The environment from which a process reads the same settings."""
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")}
    for field in fields(config):
        value = changes.get(field.name, getattr(config, field.name))
        if field.name in ("flask", "testing") or value in ("", ()):
            continue
        env[field.name.upper()] = ",".join(value) if isinstance(value, tuple) else str(value)
    return {**env, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


class Running:
    """One process, the leader of its own group. `kill` is SIGKILL to the whole group: nothing says goodbye."""

    def __init__(self, name: str, env: dict[str, str], *arguments: str, log: Path | None = None) -> None:
        self.name = name
        self._log: IO[bytes] | None = log.open("ab") if log else None
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            env=env,
            cwd=ROOT,
            stdout=self._log or subprocess.DEVNULL,
            stderr=self._log or subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        if self._log:
            self._log.close()

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            return [int(pid) for pid in listed.read_text().split()]
        except OSError:
            return []


def wait_for(what: Callable[[], object], seconds: float, story: str) -> None:
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            raise AssertionError(f"{story}: not within {seconds:g} s")
        time.sleep(0.1)
