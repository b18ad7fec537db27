"""A design as it comes in: looked at by its own bytes, kept whole, with a small picture for the panel."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.catalog.html import one_line
from shop.core.storage import store_file
from shop.designing.models import Design
from shop.errors import InvalidInput

LARGEST_BYTES = 20 * 1024 * 1024  # what Printify takes (contracts/printify.md §5.10, §6: 8201)
LARGEST_SIDE = 20_000
SMALLEST_SIDE = 100
DRAWN_HERE = 30_000_000  # pixels: drawing a larger one would cost a web process too much memory
PREVIEW_SIDE = 640
_ENDINGS = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg")}


@dataclass(frozen=True)
class Looked:
    """What the bytes say of themselves."""

    kind: str
    width: int
    height: int
    preview: bytes


def look_at(raw: bytes) -> Looked:
    """Raises InvalidInput (field "design") for anything but a PNG or JPEG of a sensible size."""
    if not raw:
        raise InvalidInput(fields={"design": "Choose a picture."})
    if len(raw) > LARGEST_BYTES:
        raise InvalidInput(fields={"design": "The picture is larger than 20 MB."})
    kind = "PNG" if raw.startswith(b"\x89PNG\r\n\x1a\n") else "JPEG" if raw.startswith(b"\xff\xd8\xff") else ""
    if not kind:
        raise InvalidInput(fields={"design": "Only PNG and JPEG pictures can be printed."})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # bounded by side below, drawn only if small
            with Image.open(io.BytesIO(raw), formats=[kind]) as picture:
                width, height = picture.size
                _check_size(width, height)
                picture.verify()
            preview = _draw(raw, kind) if width * height <= DRAWN_HERE else b""
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInput(fields={"design": "This picture cannot be read. Save it again as a PNG."}) from error
    return Looked(kind, width, height, preview)


def keep_design(session: Session, raw: bytes, name: str) -> int:
    """Store the picture and its row; the same bytes again are the design that is there. The caller commits."""
    seen = look_at(raw)
    ending, mime_type = _ENDINGS[seen.kind]
    digest = hashlib.sha256(raw).hexdigest()
    found = session.execute(select(Design.id).where(Design.digest == digest)).scalar()
    if found is not None:
        return int(found)
    values = {
        "name": one_line(name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or name, 120) or "Design",
        "digest": digest,
        "file_key": store_file(raw, ending),
        "preview_key": store_file(seen.preview, "webp") if seen.preview else "",
        "mime_type": mime_type,
        "bytes": len(raw),
        "width": seen.width,
        "height": seen.height,
    }
    session.execute(insert(Design).values(**values).on_conflict_do_nothing(index_elements=["digest"]))
    return int(session.execute(select(Design.id).where(Design.digest == digest)).scalar_one())


def _check_size(width: int, height: int) -> None:
    if max(width, height) > LARGEST_SIDE:
        raise InvalidInput(fields={"design": f"The picture is larger than {LARGEST_SIDE:,} pixels a side."})
    if min(width, height) < SMALLEST_SIDE:
        raise InvalidInput(
            fields={"design": f"The picture is smaller than {SMALLEST_SIDE} pixels: it would not print well."}
        )


def _draw(raw: bytes, kind: str) -> bytes:
    with Image.open(io.BytesIO(raw), formats=[kind]) as picture:
        picture.draft("RGB", (PREVIEW_SIDE * 2, PREVIEW_SIDE * 2))
        drawn = picture.convert("RGBA" if kind == "PNG" else "RGB")
    drawn.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    drawn.save(out, "WEBP", quality=82)
    return out.getvalue()
