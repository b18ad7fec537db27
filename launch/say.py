"""What the launcher prints: steps, progress dots, one clear line when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn

COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "grey": 90, "bold": 1}


class Problem(Exception):
    """Something the reader can put right; the text says how. Printed alone, without a traceback."""


def colour(text: str, name: str) -> str:
    """`text` in a colour, where the output is a terminal and NO_COLOR is not set."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{COLOURS[name]}m{text}\033[0m"


def step(text: str) -> None:
    print(colour("• ", "cyan") + text, flush=True)


def warn(text: str) -> None:
    print(colour("! ", "yellow") + text, flush=True)


def fail(text: str) -> NoReturn:
    """Print the one line that helps and end with status 2."""
    print(colour("✗ ", "red") + text, file=sys.stderr, flush=True)
    raise SystemExit(2)


def run_with_dots(text: str, command: Sequence[str], hint: str, cwd: str | None = None) -> None:
    """Run a long command behind progress dots; its output is shown only when it fails.

    Raises Problem with the last lines of the output and `hint`.
    """
    print(colour("• ", "cyan") + text + " ", end="", flush=True)
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=cwd
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if len(lines) % 5 == 1:
                print(".", end="", flush=True)
    print(" done" if process.returncode == 0 else " failed", flush=True)
    if process.returncode != 0:
        raise Problem("\n".join([*lines[-15:], hint]))
