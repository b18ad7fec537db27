"""Remembers what was started, so that the next start can end what a killed launcher left behind."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil


def remember(state: Path, pid: int, stop_signal: signal.Signals = signal.SIGTERM) -> None:
    """Write down a started process: its id, the moment it was created (ids are reused), how to stop it."""
    known = _read(state)
    try:
        known[str(pid)] = (psutil.Process(pid).create_time(), int(stop_signal))
    except psutil.NoSuchProcess:  # ended already
        return
    state.write_text(json.dumps(known))


def end(state: Path, grace: float = 10.0) -> int:
    """End the processes written down by a launcher that is gone; returns how many there were."""
    alive = []
    for pid, (created, stop_signal) in _read(state).items():
        if process := _same(int(pid), created):
            process.send_signal(int(stop_signal))
            alive.append(process)
    _, stubborn = psutil.wait_procs(alive, timeout=grace)
    for process in stubborn:
        process.kill()
    for process in alive:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    forget(state)
    return len(alive)


def forget(state: Path) -> None:
    state.unlink(missing_ok=True)


def _same(pid: int, created: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - created) < 1 else None
    except psutil.NoSuchProcess:
        return None


def _read(state: Path) -> dict[str, tuple[float, int]]:
    try:
        return dict(json.loads(state.read_text()))
    except (OSError, ValueError):
        return {}
