"""One source picture → the renditions we serve. Pure CPU; hostile files are refused before they are unpacked."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from shop.errors import Refused

MOST_BYTES = 25 * 1024 * 1024
MOST_PIXELS = 60_000_000
MOST_SIDE = 20_000
SHORTEST_SIDE = 16
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
WIDTHS = (320, 640, 960, 1280)
JPEG_WIDTH = 1200  # Open Graph and letters
AVIF_QUALITY, AVIF_SPEED = 55, 8
WEBP_QUALITY, WEBP_METHOD = 78, 2
SMALL_QUALITY = 76  # not the catalogue's: the two never share a file, so that one may go
JPEG_QUALITY = 82
_BACKGROUND = (255, 255, 255)


@dataclass(frozen=True)
class Rendition:
    width: int
    ending: str  # avif | webp | jpg
    body: bytes


@dataclass(frozen=True)
class Picture:
    """`width` × `height` of the largest rendition; `colour` is the average, "#rrggbb"."""

    width: int
    height: int
    colour: str
    renditions: tuple[Rendition, ...]


def make_renditions(body: bytes) -> Picture:
    """AVIF and WebP at up to four widths (never wider than the source), one JPEG. Raises Refused with the reason."""
    image = _open(body)
    widths = [w for w in WIDTHS if w < image.width] or []
    largest = min(image.width, WIDTHS[-1])
    if not widths or largest > widths[-1] * 1.15:
        widths.append(largest)
    else:
        widths[-1] = largest
    renditions: list[Rendition] = []
    scaled = image
    for width in sorted(widths, reverse=True):  # each is made from the next larger one: less to compute
        scaled = _to_width(scaled, width)
        renditions.append(Rendition(width, "avif", _encode(scaled, "AVIF", quality=AVIF_QUALITY, speed=AVIF_SPEED)))
        renditions.append(Rendition(width, "webp", _encode(scaled, "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)))
    jpeg = _to_width(image, min(image.width, JPEG_WIDTH))
    encoded = _encode(jpeg, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
    renditions.append(Rendition(jpeg.width, "jpg", encoded))
    height = max(round(image.height * largest / image.width), 1)
    return Picture(largest, height, _average(scaled), tuple(sorted(renditions, key=lambda r: (r.ending, r.width))))


def make_small(body: bytes) -> Picture:
    """A buyer's: WebP at two widths, nothing of the file but its pixels. Raises Refused with the reason."""
    image = _open(body)
    largest = min(image.width, WIDTHS[-1])
    sizes = sorted({min(image.width, WIDTHS[0]), largest})
    renditions = [
        Rendition(width, "webp", _encode(_to_width(image, width), "WEBP", quality=SMALL_QUALITY, method=WEBP_METHOD))
        for width in sizes
    ]
    height = max(round(image.height * largest / image.width), 1)
    return Picture(largest, height, _average(image), tuple(renditions))


def _open(body: bytes) -> Image.Image:
    """Decoded, upright, sRGB, without transparency and metadata."""
    if len(body) > MOST_BYTES:
        raise _refused(f"it is larger than {MOST_BYTES // 1024 // 1024} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limits below are stricter than Pillow's warning
            image = Image.open(io.BytesIO(body), formats=FORMATS)
            width, height = image.size
            if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
                raise _refused(f"it has {width} × {height} pixels")
            if min(width, height) < SHORTEST_SIDE:
                raise _refused(f"it has only {width} × {height} pixels")
            _shrink_on_load(image)
            image.load()
            return _plain(image)
    except UnidentifiedImageError:
        raise _refused("this is not a picture of a known kind") from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise _refused(f"it is damaged ({type(error).__name__})") from None


def _shrink_on_load(image: Image.Image) -> None:
    """Large JPEGs are unpacked at a half, a quarter or an eighth: never below what we serve."""
    if image.format == "JPEG":
        factor = max(WIDTHS[-1] / image.width, 0.01)
        image.draft("RGB", (WIDTHS[-1], math.ceil(image.height * factor)))


def _plain(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA", "P") or "transparency" in image.info:
        overlay = image.convert("RGBA")
        image = Image.new("RGB", overlay.size, _BACKGROUND)
        image.paste(overlay, mask=overlay.getchannel("A"))
    elif image.mode != "RGB":
        image = image.convert("RGB")
    if profile and len(profile) < 2_000_000:
        image = _to_srgb(image, profile)
    image.info.clear()
    return image


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        changed = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return changed or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _to_width(image: Image.Image, width: int) -> Image.Image:
    if width >= image.width:
        return image
    height = max(round(image.height * width / image.width), 1)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _encode(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _average(image: Image.Image) -> str:
    red, green, blue = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _refused(why: str) -> Refused:
    return Refused(f"This picture cannot be used: {why}.", service="pictures", detail=why)
