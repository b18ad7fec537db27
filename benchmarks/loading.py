"""Closed-loop load: so many callers, each sending the next request when its answer has come.

wrk where it is on the PATH (Debian: apt-get install wrk), else processes of our own (pushing.py), which say less about
the fastest pages because they need a core themselves. The requests are raw bytes written down beforehand, so both send
exactly the same.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import pushing

CALLERS = 16
THREADS = 2
SCRIPT = Path(__file__).parent / "wrk" / "requests.lua"
WRK = shutil.which("wrk")


class BadAnswers(Exception):
    """The server answered with errors: what was measured means nothing."""


@dataclass(frozen=True)
class Load:
    """What came of one run; times in milliseconds."""

    answered: int
    seconds: float
    p50: float
    p99: float
    refused: int  # statuses of 400 and more
    broken: int  # no answer: connections refused, reset or too slow

    @property
    def rate(self) -> float:
        return self.answered / self.seconds if self.seconds else 0.0


def generator() -> str:
    return f"wrk ({WRK})" if WRK else "our own pushing processes (wrk is not installed)"


def get(path: str, headers: str = "") -> bytes:
    """A raw GET; `headers` are whole lines."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


def post(path: str, body: bytes, headers: str) -> bytes:
    """A raw POST; `headers` are whole lines."""
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def press(port: int, requests: Sequence[bytes], seconds: float, callers: int = CALLERS) -> Load:
    """Send `requests` in turn (dealt out to the threads) for so long. Raises BadAnswers when any of them failed."""
    with tempfile.TemporaryDirectory(prefix="imprint-bench-") as place:
        _write(Path(place), requests)
        load = _wrk(port, place, seconds, callers) if WRK else pushing.press(port, place, seconds, callers, THREADS)
    if load.refused or load.broken or not load.answered:
        raise BadAnswers(f"{load.refused} refused, {load.broken} broken of {load.answered + load.broken} requests")
    return load


def _write(place: Path, requests: Sequence[bytes]) -> None:
    for number in range(THREADS):
        mine = requests[number::THREADS] or requests
        with (place / f"{number}.req").open("wb") as file:
            for one in mine:
                file.write(b"%d\n" % len(one) + one)


def _wrk(port: int, place: str, seconds: float, callers: int) -> Load:
    command = [
        *(WRK or "wrk", f"-t{THREADS}", f"-c{callers}", f"-d{max(1, round(seconds))}s", "--timeout", "20s"),
        *("-s", str(SCRIPT), f"http://127.0.0.1:{port}/", "--", place),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), "")
    if not line:
        raise BadAnswers(f"wrk said: {(done.stderr or done.stdout)[-500:]}")
    answered, microseconds, p50, p99, refused, broken = (int(part) for part in line.split()[1:])
    return Load(answered, microseconds / 1e6, p50 / 1000, p99 / 1000, refused, broken)
