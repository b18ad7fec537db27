"""The commands of `python3 -m launch`; the Makefile names each of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from launch import setup
from launch.say import Problem, fail

USAGE = """usage: python3 -m launch COMMAND

  run              set up, start the shop with everything it needs; Ctrl-C stops it
  test [ARGS]      the whole test suite; ARGS go to pytest (-k checkout, tests/orders, -x …)
  bench [ARGS]     the measurements in benchmarks/
  check            ruff, mypy and import-linter
  assets           fetch the browser assets into static/vendor/
  flask [ARGS]     a flask command against the running shop's database (users list, sync printify …)
"""


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status; a Problem becomes one clear line and status 2."""
    name, *rest = arguments or ["help"]
    command = COMMANDS.get(name)
    if command is None:
        print(USAGE, end="")
        return 0 if name in ("help", "-h", "--help") else 2
    try:
        return command(rest)
    except Problem as problem:
        fail(str(problem))


def _run(_: list[str]) -> int:
    setup.ensure_environment("requirements-local.txt")
    setup.enter_environment()
    setup.ensure_assets()
    from launch.run import run_shop

    return run_shop()


def _test(arguments: list[str]) -> int:
    _prepare_for_developing()
    setup.ensure_assets(for_tests=True)
    from launch.test import run_tests

    return run_tests(arguments)


def _bench(arguments: list[str]) -> int:
    _prepare_for_developing()
    setup.ensure_assets()
    from launch.test import run_benchmarks

    return run_benchmarks(arguments)


def _check(_: list[str]) -> int:
    _prepare_for_developing()
    tools = (("ruff", "check", "."), ("mypy",), ("lint-imports",))
    programs = setup.VENV / "bin"
    return max(subprocess.run([str(programs / name), *rest], cwd=setup.ROOT).returncode for name, *rest in tools)


def _assets(_: list[str]) -> int:
    setup.ensure_environment("requirements-local.txt")
    setup.ensure_assets()
    return 0


def _flask(arguments: list[str]) -> int:
    setup.ensure_environment("requirements-local.txt")
    setup.enter_environment()
    from launch.run import run_flask

    return run_flask(arguments)


def _prepare_for_developing() -> None:
    setup.ensure_environment("requirements-dev.txt")
    setup.enter_environment()


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "test": _test,
    "bench": _bench,
    "check": _check,
    "assets": _assets,
    "flask": _flask,
}
