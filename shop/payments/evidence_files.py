"""Documents for a bank: looked at by their bytes, never by their name, and bounded before anything reads them."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from shop.errors import InvalidInput
from shop.payments.evidence import MOST_BYTES

LARGEST_SIDE = 12_000
LARGEST_PICTURE = 60_000_000  # pixels
_TYPES = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg"}


@dataclass(frozen=True)
class Checked:
    """`name` is ours: nothing of the sender's file name is kept."""

    name: str
    content_type: str
    body: bytes


def check_file(field: str, raw: bytes, *, room: int = MOST_BYTES) -> Checked:
    """`room`: bytes that the other files leave. Raises InvalidInput for the field `file-<field>`."""
    if not raw:
        _refuse(field, "This file is empty.")
    if len(raw) > room:
        _refuse(field, "All files together may have at most 4.5 MB. Save this one smaller, or take another away.")
    ending = _ending(raw)
    if ending is None:
        _refuse(field, "Only PDF, PNG and JPEG files can be sent.")
    if ending == "pdf":
        if b"%%EOF" not in raw[-2048:]:
            _refuse(field, "This PDF is not complete. Save it again.")
    else:
        _look_at_picture(field, raw, "PNG" if ending == "png" else "JPEG")
    return Checked(f"{field}.{ending}", _TYPES[str(ending)], raw)


def _ending(raw: bytes) -> str | None:
    if raw.startswith(b"%PDF-"):
        return "pdf"
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "jpg" if raw.startswith(b"\xff\xd8\xff") else None


def _look_at_picture(field: str, raw: bytes, kind: str) -> None:
    """The header says how large it is before a pixel is unpacked; then it must be whole."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(raw), formats=[kind])
            width, height = picture.size
            if max(width, height) > LARGEST_SIDE or width * height > LARGEST_PICTURE:
                _refuse(field, "This picture has too many pixels. Save it smaller.")
            picture.verify()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        _refuse(field, "This picture has too many pixels. Save it smaller.")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise InvalidInput(fields={f"file-{field}": "This picture cannot be read. Save it again."}) from error


def _refuse(field: str, why: str) -> None:
    raise InvalidInput(fields={f"file-{field}": why})
