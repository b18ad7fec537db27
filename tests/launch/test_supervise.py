"""The supervisor keeps processes running and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from launch import leftovers, supervise
from launch.say import Problem
from launch.supervise import Process, Supervisor

SLEEPER = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.hurry = True
    supervisor.stop()


def eventually(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def log_of(supervisor: Supervisor, name: str) -> str:
    path = supervisor.logs / f"{name}.log"
    return path.read_text() if path.exists() else ""


def test_output_is_prefixed_and_kept_in_a_log(supervisor: Supervisor, capsys: pytest.CaptureFixture[str]) -> None:
    supervisor.start(Process("greeter", (sys.executable, "-c", "print('hello')")))
    assert eventually(lambda: log_of(supervisor, "greeter") == "hello\n")
    seen = [""]

    def shown() -> bool:
        seen[0] += capsys.readouterr().out
        return bool(re.search(r"greeter +hello\n", seen[0]))

    assert eventually(shown)


def test_a_crashed_process_starts_again_after_a_growing_wait(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "FIRST_WAIT", 0.02)
    supervisor.start(Process("crasher", (sys.executable, "-c", "print('once', flush=True); raise SystemExit(1)")))
    child = supervisor.batches[0][0]

    def thrice() -> bool:
        child.check()
        return log_of(supervisor, "crasher").count("once") >= 3

    assert eventually(thrice)
    assert child.wait >= 0.08


def test_batches_stop_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    story = tmp_path / "story"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    time.sleep(float(sys.argv[2])); open({str(story)!r}, 'a').write(sys.argv[1] + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    supervisor.start(Process("database", (sys.executable, "-c", code, "database", "0")))
    supervisor.start(Process("web", (sys.executable, "-c", code, "web", "0.3")))
    assert eventually(lambda: all("up" in log_of(supervisor, name) for name in ("database", "web")))
    supervisor.stop()
    assert story.read_text().split() == ["web", "database"]


def test_one_that_will_not_stop_is_killed_with_its_children(supervisor: Supervisor) -> None:
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    supervisor.start(Process("stubborn", (sys.executable, "-c", code), grace=0.3))
    assert eventually(lambda: log_of(supervisor, "stubborn").strip().isdigit())
    grandchild = int(log_of(supervisor, "stubborn"))
    supervisor.stop()
    assert eventually(lambda: not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == "zombie")


def test_waiting_for_one_that_ended_shows_the_end_of_its_log(supervisor: Supervisor) -> None:
    supervisor.start(Process("broken", (sys.executable, "-c", "raise SystemExit('port is taken')")))
    with pytest.raises(Problem, match=r"(?s)broken ended at once.*port is taken"):
        supervisor.wait_until(lambda: False, "broken")


def test_settings_are_fed_without_showing_in_the_command_line(supervisor: Supervisor) -> None:
    supervisor.start(Process("reader", (sys.executable, "-c", "print(input())"), feed="secret\n"))
    assert eventually(lambda: log_of(supervisor, "reader") == "secret\n")


def test_the_next_start_ends_what_a_killed_launcher_left(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from launch.supervise import Process, Supervisor\n"
        "Supervisor(Path(sys.argv[1])).start(Process('sleeper', tuple(sys.argv[2:]))); time.sleep(600)\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), *SLEEPER], stdout=subprocess.DEVNULL)
    state, told = tmp_path / "children.json", tmp_path / "log/sleeper.log"
    assert eventually(lambda: state.exists() and told.exists() and "up" in told.read_text())
    orphan = int(next(iter(json.loads(state.read_text()))))
    launcher.kill()
    launcher.wait()
    assert psutil.pid_exists(orphan)
    Supervisor(tmp_path)
    assert eventually(lambda: not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == "zombie")
    assert not state.exists()


def test_a_reused_process_id_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL)
    try:
        (tmp_path / "children.json").write_text(json.dumps({str(bystander.pid): [1.0, int(signal.SIGTERM)]}))
        assert leftovers.end(tmp_path / "children.json") == 0
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_every_signal_to_stop_becomes_an_interrupt() -> None:
    before = {number: signal.getsignal(number) for number in supervise.STOPPING}
    try:
        supervise.stop_on_signals()
        for number in supervise.STOPPING:
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), number)
                time.sleep(1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
