"""A small supervisor: process groups, prefixed output, restart with back-off, ordered stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from launch import leftovers
from launch.say import Problem, colour, warn

PALETTE = ("cyan", "green", "magenta", "blue", "yellow")
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds before a crashed process is started again
STEADY = 60.0  # a process that ran this long starts again without growing the wait


@dataclass(frozen=True)
class Process:
    """One thing to keep running."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] | None = None
    user: str | None = None  # started as this system user (root only)
    feed: str = ""  # written to its standard input: settings that must not show in `ps`
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 15.0  # seconds it may take to stop
    quiet: bool = False  # output goes to the log file alone


class Child:
    """A running Process: its pipe reader, its restarts, its end."""

    def __init__(self, process: Process, hue: str, logs: Path, state: Path) -> None:
        self.process, self.hue, self.logs, self.state = process, hue, logs, state
        self.wait = FIRST_WAIT
        self.restart_at: float | None = None
        self.spawn()

    def spawn(self) -> None:
        process = self.process
        self.started = time.monotonic()
        self.restart_at = None
        self.popen = subprocess.Popen(
            process.command,
            env=process.env,
            user=process.user,
            group=_group_of(process.user),
            extra_groups=[] if process.user else None,
            stdin=subprocess.PIPE if process.feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
        )
        leftovers.remember(self.state, self.popen.pid, process.stop_signal)
        if process.feed and self.popen.stdin:
            self.popen.stdin.write(process.feed)
            self.popen.stdin.close()
        threading.Thread(target=self._copy_output, args=(self.popen,), daemon=True).start()

    def _copy_output(self, popen: subprocess.Popen[str]) -> None:
        prefix = colour(f"{self.process.name:<17}", self.hue)
        path = self.logs / f"{self.process.name}.log"
        with path.open("a", encoding="utf-8") as log:
            assert popen.stdout is not None
            for line in popen.stdout:
                log.write(line)
                log.flush()
                if not self.process.quiet:
                    sys.stdout.write(f"{prefix} {line}")
                    sys.stdout.flush()

    def check(self) -> None:
        """Start it again when it has ended by itself and its wait is over."""
        status = self.popen.poll()
        if status is None:
            return
        now = time.monotonic()
        if self.restart_at is None:
            self._kill_group()
            if now - self.started > STEADY:
                self.wait = FIRST_WAIT
            warn(f"{self.process.name} ended with status {status}; starting it again in {self.wait:.0f} s")
            self.restart_at = now + self.wait
            self.wait = min(self.wait * 2, LONGEST_WAIT)
        elif now >= self.restart_at:
            self.spawn()

    def ask_to_stop(self) -> None:
        # The leader alone: a worker finishes its job, so its job's process must not be told as well.
        if self.popen.poll() is None:
            self.popen.send_signal(self.process.stop_signal)

    def finish(self, deadline: float) -> None:
        """Wait until it has ended, at the latest at `deadline` (monotonic), then end its whole group."""
        try:
            self.popen.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            warn(f"{self.process.name} did not stop in time; killed")
        self._kill_group()
        self.popen.wait()

    def _kill_group(self) -> None:
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


class Supervisor:
    """Starts processes in batches, keeps them running, stops the batches in reverse order."""

    def __init__(self, var: Path) -> None:
        self.logs = var / "log"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.state = var / "children.json"
        self.batches: list[list[Child]] = []
        self.hurry = False
        leftovers.end(self.state)

    def start(self, *processes: Process) -> None:
        """Start a batch; it is stopped before every batch started earlier."""
        batch: list[Child] = []
        self.batches.append(batch)
        for process in processes:
            _trim(self.logs / f"{process.name}.log")
            hue = PALETTE[sum(len(b) for b in self.batches) % len(PALETTE)]
            batch.append(Child(process, hue, self.logs, self.state))

    def wait_until(self, ready: Callable[[], bool], name: str, seconds: float = 60.0) -> None:
        """Wait until `ready()`. Raises Problem when the process `name` ends first or time runs out."""
        deadline = time.monotonic() + seconds
        child = next(c for batch in self.batches for c in batch if c.process.name == name)
        while not ready():
            ended = child.popen.poll() is not None
            if ended or time.monotonic() > deadline:
                story = "ended at once" if ended else f"did not answer within {seconds:.0f} s"
                log = self.logs / f"{name}.log"
                raise Problem(f"{name} {story}. The end of {log}:\n{self.tail(name)}")
            time.sleep(0.05)

    def tail(self, name: str) -> str:
        time.sleep(0.2)  # the reader thread may still be writing
        return "\n".join((self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-12:])

    def watch(self) -> None:
        """Keep everything running until KeyboardInterrupt."""
        while True:
            for batch in self.batches:
                for child in batch:
                    child.check()
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop every batch, last one first; a signal meanwhile cuts the waiting short."""
        while self.batches:
            batch = self.batches[-1]
            for child in batch:
                child.ask_to_stop()
            for child in batch:
                self._finish(child)
            self.batches.pop()
        leftovers.forget(self.state)

    def _finish(self, child: Child) -> None:
        deadline = time.monotonic() + child.process.grace
        again = time.monotonic() + child.process.grace / 2  # a worker leaves its job when asked twice
        while child.popen.poll() is None and time.monotonic() < deadline and not self.hurry:
            if time.monotonic() > again:
                child.ask_to_stop()
                again = deadline
            time.sleep(0.05)
        child.finish(min(deadline, time.monotonic()))


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_on_signals() -> None:
    """Make every signal to stop raise KeyboardInterrupt (Ctrl-C too, which a background shell job ignores)."""
    for number in STOPPING:
        signal.signal(number, _interrupt)


def hurry_on_signals(supervisor: Supervisor) -> None:
    """While stopping: another Ctrl-C no longer interrupts, it shortens the waiting."""

    def hurry(*_: object) -> None:
        supervisor.hurry = True

    for number in STOPPING:
        signal.signal(number, hurry)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd

    return pwd.getpwnam(user).pw_gid


def _trim(path: Path, limit: int = 10_000_000) -> None:
    """Start a log anew when it has grown past `limit` bytes; the old one is kept once."""
    if path.exists() and path.stat().st_size > limit:
        path.replace(path.with_suffix(".log.old"))
