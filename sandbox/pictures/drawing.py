"""One picture of one thing: which object, which design, which colour, which view."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

KINDS = ("tee", "hoodie", "mug", "poster", "tote")
VIEWS = ("front", "lifestyle", "detail")
# Part of the path on disk: raise it when the drawing changes, so that old pictures are drawn anew.
DRAWN_AS = "v1"


def draw(kind: str, design: str, colour: str, view: str, artwork: Path | None) -> Image.Image:
    return Image.new("RGB", (1200, 1500), f"#{colour}")


def draw_flat(design: str) -> Image.Image:
    return Image.new("RGB", (1200, 1500), "white")
