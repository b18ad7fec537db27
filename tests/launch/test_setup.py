"""The set-up repeats nothing that is done already."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launch import setup
from launch.say import Problem, run_with_dots


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a ready environment; pip and npm are written down instead of run."""
    (tmp_path / "requirements.txt").write_text("Flask==3.1.3\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\npytest==9.2.0\n")
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "VENDOR", tmp_path / "static" / "vendor")
    monkeypatch.setattr(setup, "TRANSLATIONS", tmp_path / "translations")
    monkeypatch.setattr(setup, "_ensure_venv", lambda: None)
    return tmp_path


def test_an_environment_behind_a_link_is_used_or_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "bin").mkdir(parents=True)
    (elsewhere / "pyvenv.cfg").write_text("")
    (elsewhere / "bin" / "python").write_text("")
    (elsewhere / "bin" / "pip").write_text(f"#!{elsewhere}/bin/python\n")
    link = tmp_path / "checkout.venv"
    link.symlink_to(elsewhere)
    monkeypatch.setattr(setup, "VENV", link)
    setup._ensure_venv()
    (elsewhere / "bin" / "pip").write_text("#!/moved/away/bin/python\n")
    with pytest.raises(Problem, match="link"):
        setup._ensure_venv()
    assert (elsewhere / "pyvenv.cfg").exists()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    done: list[list[str]] = []
    monkeypatch.setattr(setup, "run_with_dots", lambda text, command, hint, cwd: done.append(list(command)))
    return done


def test_requirements_are_installed_once_until_a_file_changes(checkout: Path, runs: list[list[str]]) -> None:
    setup.ensure_environment("requirements.txt")
    setup.ensure_environment("requirements.txt")
    assert len(runs) == 1
    (checkout / "requirements.txt").write_text("Flask==3.1.4\n")
    setup.ensure_environment("requirements.txt")
    assert len(runs) == 2


def test_development_requirements_contain_the_shops_own(checkout: Path, runs: list[list[str]]) -> None:
    setup.ensure_environment("requirements-dev.txt")
    setup.ensure_environment("requirements.txt")
    assert [command[-1] for command in runs] == ["requirements-dev.txt"]
    assert set(json.loads((checkout / ".venv/.imprint-requirements.json").read_text())) == {
        "requirements.txt",
        "requirements-dev.txt",
    }


def test_a_failed_installation_is_tried_again(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise Problem("no network")

    monkeypatch.setattr(setup, "run_with_dots", broken)
    for _ in range(2):
        with pytest.raises(Problem, match="no network"):
            setup.ensure_environment("requirements.txt")


def fill_node_modules(checkout: Path) -> Path:
    """Every file that npm would bring; returns htmx."""
    for package, names in setup.ASSETS.items():
        for name in names:
            source = checkout / "node_modules" / package / name
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(name)
    return checkout / "node_modules/htmx.org/dist/htmx.min.js"


def test_assets_are_copied_once_and_again_when_the_manifest_changes(checkout: Path, runs: list[list[str]]) -> None:
    source = fill_node_modules(checkout)
    source.write_text("first")
    setup.ensure_assets()
    setup.ensure_assets()
    assert len(runs) == 1
    source.write_text("second")
    (checkout / "package.json").write_text('{"dependencies": {}}')
    setup.ensure_assets()
    assert (checkout / "static/vendor/htmx.min.js").read_text() == "second"


def test_what_only_tests_need_is_fetched_for_tests_alone(checkout: Path, runs: list[list[str]]) -> None:
    fill_node_modules(checkout)
    setup.ensure_assets()
    assert "--omit=dev" in runs[0]
    setup.ensure_assets(for_tests=True)
    assert len(runs) == 2 and "--omit=dev" not in runs[1]
    axe = checkout / setup.AXE
    axe.parent.mkdir(parents=True)
    axe.write_text("axe")
    setup.ensure_assets(for_tests=True)
    setup.ensure_assets()
    assert len(runs) == 2


def test_a_failed_command_shows_its_output_and_what_to_do() -> None:
    with pytest.raises(Problem, match=r"(?s)the reason.*check the network"):
        run_with_dots("Trying", ["sh", "-c", "echo the reason; exit 3"], "check the network")


def test_package_versions_are_pinned() -> None:
    root = Path(setup.__file__).parent.parent
    manifest = json.loads((root / "package.json").read_text())
    wanted_packages = manifest["dependencies"] | manifest["devDependencies"]
    assert all(version[0].isdigit() for version in wanted_packages.values())
    for name in ("requirements.txt", "requirements-local.txt", "requirements-dev.txt"):
        for line in (root / name).read_text().splitlines():
            wanted = line.split("#")[0].strip()
            assert not wanted or wanted.startswith("-r ") or "==" in wanted, f"{name}: {line}"
