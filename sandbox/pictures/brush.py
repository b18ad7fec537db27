"""Colours, curves and gradients: the few things every picture is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageFilter

Point = tuple[float, float]
Colour = tuple[int, int, int]
Path = list[Point]


def rgb(text: str) -> Colour:
    """``#1e2a44`` or ``1e2a44``"""
    text = text.lstrip("#")
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """``share`` of the second in the first, 0 to 1."""
    a, b = first, second
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def lightness(colour: Colour) -> float:
    """Perceived lightness, 0 black to 1 white."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


def bezier(a: Point, b: Point, c: Point, d: Point, steps: int = 22) -> Path:
    """A cubic curve as points, without its first."""
    points = []
    for n in range(1, steps + 1):
        t = n / steps
        u = 1 - t
        k0, k1, k2, k3 = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        points.append((k0 * a[0] + k1 * b[0] + k2 * c[0] + k3 * d[0], k0 * a[1] + k1 * b[1] + k2 * c[1] + k3 * d[1]))
    return points


def trace(start: Point, *parts: Sequence[float]) -> Path:
    """A path: parts of two numbers are straight lines, parts of six are cubic curves."""
    points: Path = [start]
    for part in parts:
        if len(part) == 2:
            points.append((part[0], part[1]))
        else:
            points += bezier(points[-1], (part[0], part[1]), (part[2], part[3]), (part[4], part[5]))
    return points


def mirrored(half: Path, axis: float = 0.0) -> Path:
    """The path followed by its mirror image about a vertical axis, closed at both ends."""
    return half + [(2 * axis - x, y) for x, y in reversed(half)]


def moved(path: Path, dx: float, dy: float, scale: float = 1.0) -> Path:
    return [(x * scale + dx, y * scale + dy) for x, y in path]


def turned(path: Path, degrees: float, about: Point = (0.0, 0.0)) -> Path:
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    ox, oy = about
    return [(ox + (x - ox) * cosine - (y - oy) * sine, oy + (x - ox) * sine + (y - oy) * cosine) for x, y in path]


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float, steps: int = 40) -> Path:
    """Points on an ellipse; degrees, 0 to the right, growing clockwise (y points down)."""
    return [
        (
            cx + rx * math.cos(math.radians(start + (end - start) * n / steps)),
            cy + ry * math.sin(math.radians(start + (end - start) * n / steps)),
        )
        for n in range(steps + 1)
    ]


@lru_cache(maxsize=4)
def _ramp() -> Image.Image:
    return Image.linear_gradient("L")


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """Top to bottom."""
    ramp = _ramp().resize(size, Image.Resampling.BILINEAR)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def glow(size: tuple[int, int], centre: Point, radius: float, strength: int) -> Image.Image:
    """A soft light as an L mask: ``strength`` in the middle, nothing at ``radius`` (pixels)."""
    ball = Image.radial_gradient("L").point(lambda v: max(0, 247 - v) * strength // 247)
    ball = ball.resize((max(2, int(radius * 2)), max(2, int(radius * 2))), Image.Resampling.BILINEAR)
    mask = Image.new("L", size, 0)
    mask.paste(ball, (int(centre[0] - radius), int(centre[1] - radius)))
    return mask


def soft(mask: Image.Image, radius: float) -> Image.Image:
    """A blur that costs the same for any radius: done small, then enlarged."""
    shrink = max(1, int(radius / 4))
    if shrink == 1:
        return mask.filter(ImageFilter.GaussianBlur(radius))
    small = mask.resize((max(1, mask.width // shrink), max(1, mask.height // shrink)), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(radius / shrink))
    return small.resize(mask.size, Image.Resampling.BICUBIC)
