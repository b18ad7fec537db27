"""Pictures that buyers send: drawn anew, so that nothing of the file that came is kept but what it shows."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from shop.errors import InvalidInput
from shop.returns.rules import MOST_PICTURES

LARGEST_BYTES = 10 * 1024 * 1024
LARGEST_SIDE, LARGEST_PICTURE = 12_000, 50_000_000  # pixels
KEPT_SIDE = 1600
_FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Drawn:
    """A WebP without metadata."""

    width: int
    height: int
    body: bytes


def draw_all(files: Iterable[bytes]) -> list[Drawn]:
    """One after the other. Raises InvalidInput (field "pictures") for one that cannot be used, or too many."""
    drawn: list[Drawn] = []
    for raw in files:
        if len(drawn) == MOST_PICTURES:
            raise _refused(_("At most %(n)s pictures, please.", n=MOST_PICTURES))
        drawn.append(draw(raw))
    return drawn


def draw(raw: bytes) -> Drawn:
    if len(raw) > LARGEST_BYTES:
        raise _refused(_("A picture is larger than 10 MB."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limits are stricter than Pillow's warning
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as image:
                width, height = image.size
                if width * height > LARGEST_PICTURE or max(width, height) > LARGEST_SIDE:
                    raise _refused(_("A picture has too many pixels. Send it smaller, please."))
                image.draft("RGB", (KEPT_SIDE, KEPT_SIDE))
                drawn = ImageOps.exif_transpose(image).convert("RGB")
    except (
        UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError,
    ):  # fmt: skip
        raise _refused(_("Only JPEG, PNG and WebP pictures can be read.")) from None
    drawn.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    drawn.info.clear()
    drawn.save(out, "WEBP", quality=80, method=2)
    return Drawn(drawn.width, drawn.height, out.getvalue())


def _refused(why: str) -> InvalidInput:
    return InvalidInput(fields={"pictures": why})
