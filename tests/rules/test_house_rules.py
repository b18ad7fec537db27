"""The rules of the house, held by tests."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shop.core.queue import QUEUE_OF, QUEUES, JobName

ROOT = Path(__file__).resolve().parent.parent.parent
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager", "service", "actions"}
MOST_LINES = 400


def python_files(*folders: str) -> list[Path]:
    found = [p for folder in folders for p in (ROOT / folder).rglob("*.py")]
    return [p for p in found if "migrations/versions" not in p.as_posix()]


def run(*command: str) -> None:
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=800)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_ruff_is_green() -> None:
    run("ruff", "check", ".")


@pytest.mark.timeout(900)  # the first run on a busy machine takes minutes
def test_mypy_is_green() -> None:
    run("mypy")


def test_imports_point_down_only() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_no_file_is_called_utils() -> None:
    names = python_files("shop", "jobs", "sandbox", "launch", "benchmarks", "tests")
    assert [p for p in names if p.stem in FORBIDDEN_NAMES] == []


def test_no_file_outgrows_the_reader() -> None:
    long = {
        str(p.relative_to(ROOT)): len(p.read_text().splitlines())
        for p in python_files("shop", "jobs", "sandbox", "launch")
    }
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def test_nothing_is_left_to_do() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    found = [
        str(p.relative_to(ROOT))
        for p in python_files("shop", "jobs", "sandbox", "launch")
        if words.search(p.read_text())
    ]
    assert found == []


@pytest.mark.parametrize("name", list(JobName))
def test_every_job_name_resolves(name: JobName) -> None:
    module, _, function = name.value.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))
    assert QUEUE_OF[name] in QUEUES


def test_templates_hold_no_inline_style_or_script() -> None:
    bad = re.compile(r"<style[\s>]|\sstyle=|\son[a-z]+=\"|<script(?![^>]*(src=|application/))", re.IGNORECASE)
    pages = [p for p in (ROOT / "templates").rglob("*.html") if "email" not in p.parts]
    assert [str(p.relative_to(ROOT)) for p in pages if bad.search(p.read_text())] == []
