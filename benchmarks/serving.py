"""Web servers as `make run` starts them, for any WSGI app; their memory and the processor time of each process."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from config import ROOT
from launch.ports import free_port
from launch.run import web_command

#: what serves the yardstick
GUNICORN_SYNC = (sys.executable, "-m", "gunicorn", "{app}", "--bind", "127.0.0.1:{port}", "--workers", "{workers}")


class Server:
    """A running web server: its port and its processes."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path, seconds_to_first_page: float) -> None:
        self.process, self.port, self.log = process, port, log
        self.seconds_to_first_page = seconds_to_first_page

    def workers(self) -> list[psutil.Process]:
        """The processes that answer: those that hold no others."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        parents = {child.ppid() for child in family}
        return [child for child in family if child.pid not in parents] or [psutil.Process(self.process.pid)]

    def processor_seconds(self) -> list[float]:
        """Of each worker, user and system together."""
        return [sum(w.cpu_times()[:2]) for w in self.workers()]

    def memory(self) -> list[float]:
        """Proportional set size of each worker in MiB: shared pages are divided among those who share them.

        Empty where the system does not tell (it is Linux that does).
        """
        found = []
        for worker in self.workers():
            rollup = Path(f"/proc/{worker.pid}/smaps_rollup")
            if not rollup.exists():
                return []
            line = next(line for line in rollup.read_text().splitlines() if line.startswith("Pss:"))
            found.append(int(line.split()[1]) / 1024)
        return found


@contextmanager
def start_server(app: str, env: Mapping[str, str], log: Path, command: tuple[str, ...] = ()) -> Iterator[Server]:
    """Serve `app` ("module:name") until the block ends; the first page has been answered when it begins.

    `command` replaces the shop's own server; its words may hold {app}, {port} and {workers}.
    """
    port = free_port()
    words = _words(app, {**env, "PORT": str(port)}, command)
    began = time.monotonic()
    with log.open("ab") as out:
        process = subprocess.Popen(
            words, env={**env, "PORT": str(port)}, cwd=ROOT, stdout=out, stderr=out, start_new_session=True
        )
    try:
        _wait_for_page(port, process, log)
        yield Server(process, port, log, time.monotonic() - began)
    finally:
        _stop(process)


def _words(app: str, env: Mapping[str, str], command: tuple[str, ...]) -> list[str]:
    if not command:
        return [*web_command(), app]
    facts = {"app": app, "port": env["PORT"], "workers": env["WEB_PROCESSES"]}
    return [word.format(**facts) for word in command]


def _wait_for_page(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                answer.read()
                return
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"the first page answered {error.code}: see {log}\n{_end(log)}") from error
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"the server did not start: {_end(log)}")


def _end(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in family:
        if child.is_running():
            child.kill()
