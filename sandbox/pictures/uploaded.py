"""Where uploaded artwork is kept."""

from __future__ import annotations

import getpass
import tempfile
from pathlib import Path

from sandbox.world import World


def picture_directory(world: World) -> Path:
    """The folder of drawn and uploaded pictures; a temporary one for a world that lives in memory."""
    if world.settings.directory is not None:
        return world.settings.directory / "pictures"
    # One folder per user of the machine: nobody may write into another's.
    return Path(tempfile.gettempdir()) / f"imprint-sandbox-pictures-{getpass.getuser()}"


def upload_path(world: World, upload_id: str) -> Path:
    """The file of one upload (its bytes as they came)."""
    return picture_directory(world) / "uploads" / upload_id
