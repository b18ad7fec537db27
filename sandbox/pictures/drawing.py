"""One picture of one thing: which object, which design, which colour, which view."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PIL import Image

from sandbox.pictures.brush import Colour, rgb
from sandbox.pictures.designs import poster_for, print_for
from sandbox.pictures.garments import draw_garment
from sandbox.pictures.mug import draw_mug
from sandbox.pictures.poster import draw_poster
from sandbox.pictures.studio import SIZE, ink_is_light
from sandbox.pictures.tote import draw_tote

KINDS = ("tee", "hoodie", "mug", "poster", "tote")
VIEWS = ("front", "lifestyle", "detail")
# Part of the path on disk: raise it when the drawing changes, so that old pictures are drawn anew.
DRAWN_AS = "v2"

_WALLS: tuple[Colour, ...] = (
    (201, 155, 126), (178, 187, 172), (214, 198, 174), (158, 176, 184), (196, 168, 160), (188, 178, 164),
)  # fmt: skip


def draw(kind: str, design: str, colour: str, view: str, artwork: Path | None = None) -> Image.Image:
    """1200 by 1500 pixels of RGB; the same arguments always give the same picture.

    ``colour`` is six hexadecimal digits; ``artwork`` is an uploaded file that takes the design's place.
    """
    tone = rgb(colour)
    dice = hashlib.sha256(design.encode()).digest()
    wall = _WALLS[dice[0] % len(_WALLS)]
    if kind == "poster":
        picture = draw_poster(poster_for(design, artwork), dice[1], view, wall)
    elif kind == "mug":
        picture = draw_mug(print_for(design, False, artwork), tone, view, wall)
    elif kind == "tote":
        picture = draw_tote(print_for(design, ink_is_light(tone), artwork), tone, view, wall)
    else:
        picture = draw_garment(kind, print_for(design, ink_is_light(tone), artwork), tone, view, wall)
    return picture if picture.size == SIZE else picture.resize(SIZE, Image.Resampling.LANCZOS)


def draw_flat(design: str) -> Image.Image:
    """The artwork alone, on white."""
    sheet = Image.new("RGBA", (1400, 1400), (255, 255, 255, 255))
    motif = print_for(design, False)
    if motif is not None:
        sheet.alpha_composite(motif)
    return sheet.convert("RGB")
