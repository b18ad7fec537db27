"""Our own load generators: raw sockets in a few processes. The closed loop stands in for wrk; the open loop sends at
fixed moments whatever the server does, and counts from the moment a request was due (no coordinated omission)."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.loading import Load

TIMEOUT = 20.0
Answer = tuple[float, int]  # seconds, status (0: none)


class Caller:
    """One connection at a time, opened anew when the server closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None
        self.held = b""

    def send(self, raw: bytes) -> int:
        """The status of the answer; 0 when there was none."""
        for _fresh in range(2):
            kept = self.socket is not None
            try:
                if self.socket is None:
                    self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
                    self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.held = b""
                self.socket.sendall(raw)
                return self._receive()
            except OSError:
                self.close()
                if not kept:
                    return 0
        return 0

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def _receive(self) -> int:
        assert self.socket is not None
        data = self.held
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        status = int(lines[0].split()[1])
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += self._more()
        self.held = body[length:]
        if b"connection: close" in lines:
            self.close()
        return status

    def _more(self) -> bytes:
        assert self.socket is not None
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError
        return data


def press(port: int, place: str, seconds: float, callers: int, processes: int) -> Load:
    """The closed loop over the request files in `place` (see loading.py)."""
    from benchmarks.loading import Load

    context = multiprocessing.get_context("spawn")
    with context.Pool(processes) as pool:
        share = [(port, f"{place}/{n}.req", seconds, callers // processes) for n in range(processes)]
        parts = pool.starmap(_press_part, share)
    answers = sorted(answer for part, _ in parts for answer in part)
    good = [took for took, status in answers if status]
    longest = max(elapsed for _, elapsed in parts)
    return Load(
        answered=len(good),
        seconds=longest,
        p50=percentile(good, 50) * 1000,
        p99=percentile(good, 99) * 1000,
        refused=sum(1 for _, status in answers if status >= 400),
        broken=len(answers) - len(good),
    )


def _press_part(port: int, file: str, seconds: float, callers: int) -> tuple[list[Answer], float]:
    requests = read_requests(Path(file))
    answers: list[Answer] = []
    until = time.monotonic() + seconds

    def call(offset: int) -> None:
        caller, place = Caller(port), offset
        while (began := time.monotonic()) < until:
            status = caller.send(requests[place % len(requests)])
            answers.append((time.monotonic() - began, status))
            place += callers
        caller.close()

    began = time.monotonic()
    _together(call, callers)
    return answers, time.monotonic() - began


def read_requests(file: Path) -> list[bytes]:
    raw, found, place = file.read_bytes(), [], 0
    while place < len(raw):
        line_end = raw.index(b"\n", place)
        length = int(raw[place:line_end])
        found.append(raw[line_end + 1 : line_end + 1 + length])
        place = line_end + 1 + length
    return found


def open_loop(port: int, requests: Sequence[bytes], rate: float, callers: int = 48) -> list[Answer]:
    """Send every request once, `rate` a second, whatever the server does. Seconds count from when each was due."""
    answers: list[Answer] = []
    taken = iter(range(len(requests)))
    lock = threading.Lock()
    start = time.monotonic() + 0.2

    def call(_: int) -> None:
        caller = Caller(port)
        while True:
            with lock:
                place = next(taken, None)
            if place is None:
                caller.close()
                return
            due = start + place / rate
            time.sleep(max(0.0, due - time.monotonic()))
            status = caller.send(requests[place])
            answers.append((time.monotonic() - due, status))

    _together(call, callers)
    return answers


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Of an ordered sequence; 0 when it is empty."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


def _together(call: Any, callers: int) -> None:
    threads = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
