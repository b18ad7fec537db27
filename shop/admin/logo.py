"""A logo as it was uploaded: checked by its own bytes, drawn anew, small, stored under a name made from its content."""

from __future__ import annotations

import io
import warnings

from PIL import Image, UnidentifiedImageError

from shop.core.storage import public_url, store_file
from shop.errors import InvalidInput

LARGEST_BYTES = 1_500_000
LARGEST_SIDE_IN, LARGEST_SIDE_OUT = 6000, 512
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WEBP"}


def redraw_logo(raw: bytes) -> bytes:
    """A PNG of at most 512 pixels a side, without anything the file carried besides its picture.

    Raises InvalidInput (field "logo") for anything that is not a PNG, JPEG or WebP picture of a sensible size.
    """
    if len(raw) > LARGEST_BYTES:
        raise InvalidInput(fields={"logo": "The logo is larger than 1.5 MB. Save a smaller one."})
    kind = next((name for start, name in _BEGINNINGS.items() if raw.startswith(start)), None)
    if kind is None or (kind == "WEBP" and raw[8:12] != b"WEBP"):
        raise InvalidInput(fields={"logo": "The logo must be a PNG, JPEG or WebP picture."})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(raw), formats=[kind])
            if max(picture.size) > LARGEST_SIDE_IN:
                raise InvalidInput(fields={"logo": f"The logo is larger than {LARGEST_SIDE_IN} pixels a side."})
            drawn = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombWarning) as error:
        raise InvalidInput(fields={"logo": "This picture cannot be read. Save it again as a PNG."}) from error
    drawn.thumbnail((LARGEST_SIDE_OUT, LARGEST_SIDE_OUT), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return out.getvalue()


def store_logo(raw: bytes) -> str:
    """Redraw and store; the address it is served at. The same picture twice is stored once."""
    return public_url(store_file(redraw_logo(raw), "png"))
