"""Words: a round display face drawn from strokes, and text set in whatever font the machine has."""

from __future__ import annotations

import math
from functools import lru_cache

from PIL import ImageDraw, ImageFont

from sandbox.pictures.art import Art, Paint, paint
from sandbox.pictures.brush import Path, arc

_W = 0.62
_R = 0.31


def _stadium() -> Path:
    return [*arc(_R, _R, _R, _R, 180, 360), *arc(_R, 1 - _R, _R, _R, 0, 180), (0, _R)]


def _bowl(left: float, top: float, bottom: float, right: float) -> Path:
    r = (bottom - top) / 2
    return [(left, top), *arc(right - r, top + r, r, r, -90, 90), (left, bottom)]


# Each letter: its width and its strokes, on a grid where the capital height is 1 and y points down.
_GLYPHS: dict[str, tuple[float, list[Path]]] = {
    "A": (_W, [[(0, 1), *arc(_R, _R, _R, _R, 180, 360), (_W, 1)], [(0, 0.64), (_W, 0.64)]]),
    "B": (0.6, [[(0, 0), (0, 1)], _bowl(0, 0, 0.48, 0.54), _bowl(0, 0.48, 1, 0.6)]),
    "C": (_W, [[*arc(_R, _R, _R, _R, -15, -180), *arc(_R, 1 - _R, _R, _R, 180, 15)]]),
    "D": (_W, [[(0, 0), (0, 1)], [(0, 0), *arc(0.29, 0.33, 0.33, 0.33, -90, 0),
                                  *arc(0.29, 0.67, 0.33, 0.33, 0, 90), (0, 1)]]),
    "E": (0.52, [[(0.52, 0), (0, 0), (0, 1), (0.52, 1)], [(0, 0.5), (0.44, 0.5)]]),
    "F": (0.5, [[(0.5, 0), (0, 0), (0, 1)], [(0, 0.5), (0.42, 0.5)]]),
    "G": (_W, [[*arc(_R, _R, _R, _R, -15, -180), *arc(_R, 1 - _R, _R, _R, 180, 0), (_W, 0.55), (0.36, 0.55)]]),
    "H": (_W, [[(0, 0), (0, 1)], [(_W, 0), (_W, 1)], [(0, 0.5), (_W, 0.5)]]),
    "I": (0.0, [[(0, 0), (0, 1)]]),
    "J": (0.5, [[(0.5, 0), *arc(0.25, 0.75, 0.25, 0.25, 0, 180)]]),
    "K": (0.58, [[(0, 0), (0, 1)], [(0.56, 0), (0, 0.56)], [(0.2, 0.38), (0.58, 1)]]),
    "L": (0.48, [[(0, 0), (0, 1), (0.48, 1)]]),
    "M": (0.84, [[(0, 1), *arc(0.21, 0.21, 0.21, 0.21, 180, 360), (0.42, 0.7)],
                 [(0.42, 0.7), *arc(0.63, 0.21, 0.21, 0.21, 180, 360), (0.84, 1)]]),
    "N": (_W, [[(0, 1), (0, 0)], [(0, 0.06), (_W, 0.94)], [(_W, 1), (_W, 0)]]),
    "O": (_W, [_stadium()]),
    "P": (0.58, [[(0, 0), (0, 1)], _bowl(0, 0, 0.56, 0.58)]),
    "Q": (_W, [_stadium(), [(0.38, 0.74), (0.66, 1.04)]]),
    "R": (0.6, [[(0, 0), (0, 1)], _bowl(0, 0, 0.54, 0.58), [(0.28, 0.54), (0.6, 1)]]),
    "S": (0.58, [[*arc(0.29, 0.255, 0.29, 0.255, -20, -270), *arc(0.29, 0.755, 0.29, 0.245, -90, 160)]]),
    "T": (0.6, [[(0, 0), (0.6, 0)], [(0.3, 0), (0.3, 1)]]),
    "U": (_W, [[(0, 0), *arc(_R, 1 - _R, _R, _R, 180, 0), (_W, 0)]]),
    "V": (0.64, [[(0, 0), (0.32, 1), (0.64, 0)]]),
    "W": (0.9, [[(0, 0), (0.225, 1), (0.45, 0.25), (0.675, 1), (0.9, 0)]]),
    "X": (0.62, [[(0, 0), (0.62, 1)], [(0.62, 0), (0, 1)]]),
    "Y": (0.62, [[(0, 0), (0.31, 0.5), (0.62, 0)], [(0.31, 0.5), (0.31, 1)]]),
    "Z": (0.58, [[(0, 0), (0.58, 0), (0, 1), (0.58, 1)]]),
    "&": (0.7, [[(0.7, 1), *arc(0.3, 0.22, 0.2, 0.22, 140, 390), *arc(0.28, 0.74, 0.28, 0.26, 250, 20)]]),
    "'": (0.0, [[(0, 0), (0, 0.14)]]),
    ".": (0.0, [[(0, 0.99), (0, 1)]]),
    "·": (0.0, [[(0, 0.5), (0, 0.51)]]),
    "1": (0.22, [[(0, 0.18), (0.22, 0), (0.22, 1)]]),
    "4": (0.6, [[(0.44, 1), (0.44, 0), (0, 0.7), (0.6, 0.7)]]),
    "7": (0.56, [[(0, 0), (0.56, 0), (0.2, 1)]]),
    "9": (0.58, [[*arc(0.29, 0.28, 0.29, 0.28, 0, 360), *arc(0.29, 0.71, 0.29, 0.29, 0, 150)]]),
}  # fmt: skip


def word_width(text: str, height: float, weight: float, gap: float) -> float:
    """How wide a word comes out; ``weight`` is the stroke and ``gap`` the air between letters, in units."""
    total = 0.0
    for n, letter in enumerate(text):
        width = 0.4 if letter == " " else _GLYPHS[letter][0]
        total += width * height + (weight + gap if n else 0)
    return total + weight


def word(art: Art, text: str, x: float, y: float, height: float, layers: list[tuple[float, Paint]],
         gap: float = 12, turn: float = 0.0) -> None:  # fmt: skip
    """Draw a word centred on x with its capitals' top at y.

    ``layers`` are (stroke width, colour) from the widest to the narrowest: several give outlines and inlines.
    """
    widest = layers[0][0]
    inner = height - widest
    for weight, fill in layers:
        pen = x - word_width(text, inner, widest, gap) / 2 + widest / 2
        for letter in text:
            if letter == " ":
                pen += 0.4 * inner + widest + gap
                continue
            width, strokes = _GLYPHS[letter]
            for stroke in strokes:
                points = [(pen + px * inner, y + widest / 2 + py * inner) for px, py in stroke]
                art.line(_around(points, x, y, turn), weight, fill)
            pen += width * inner + widest + gap


def fitted(art: Art, text: str, x: float, y: float, width: float, weight: float, fill: Paint,
           gap: float = 12, tallest: float = 400) -> float:  # fmt: skip
    """A word as high as makes it ``width`` wide (at most ``tallest``); returns its height."""
    low, high = weight * 2.0, tallest
    for _ in range(24):
        middle = (low + high) / 2
        if word_width(text, middle - weight, weight, gap) < width:
            low = middle
        else:
            high = middle
    word(art, text, x, y, low, [(weight, fill)], gap)
    return low


def ringed(art: Art, text: str, x: float, y: float, r: float, height: float, weight: float, fill: Paint,
           middle: float = -90, spread: float = 0.0, below: bool = False) -> None:  # fmt: skip
    """Letters around a circle, centred on the angle ``middle``; ``below`` reads along the lower rim."""
    inner = height - weight
    advances = [(0.4 if letter == " " else _GLYPHS[letter][0]) * inner + weight + 10 + spread for letter in text]
    total = sum(advances)
    position = -total / 2
    for letter, advance in zip(text, advances, strict=True):
        at = position + advance / 2
        degrees = middle + (-1 if below else 1) * math.degrees(at / r)
        if letter != " ":
            width, strokes = _GLYPHS[letter]
            radius = r + (height / 2 if not below else -height / 2)
            cx, cy = x + radius * math.cos(math.radians(degrees)), y + radius * math.sin(math.radians(degrees))
            turn = degrees + (90 if not below else -90)
            for stroke in strokes:
                points = [(cx + (px - width / 2) * inner, cy + weight / 2 + py * inner) for px, py in stroke]
                art.line(_around(points, cx, cy, turn), weight, fill)
        position += advance


def caption(art: Art, text: str, x: float, y: float, size: float, fill: Paint, style: str = "sans",
            spacing: float = 0.0) -> None:  # fmt: skip
    """Set type centred on (x, y) in a font of this machine; ``spacing`` is extra air between letters, in units."""
    font = find_font(style, max(6, round(size * art.scale)))
    draw = ImageDraw.Draw(art.image)
    widths = [draw.textlength(letter, font=font) / art.scale + spacing for letter in text]
    pen = x - (sum(widths) - spacing) / 2
    if not spacing:
        draw.text((x * art.scale, y * art.scale), text, font=font, fill=(*paint(fill), 255), anchor="mm")
        return
    for letter, width in zip(text, widths, strict=True):
        draw.text((pen * art.scale, y * art.scale), letter, font=font, fill=(*paint(fill), 255), anchor="lm")
        pen += width


_FONTS = {
    "sans": ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "Helvetica.ttc"),
    "bold": ("LiberationSans-Bold.ttf", "DejaVuSans-Bold.ttf", "Arial Bold.ttf", "Helvetica.ttc"),
    "narrow": ("LiberationSansNarrow-Bold.ttf", "DejaVuSansCondensed-Bold.ttf", "Arial Narrow Bold.ttf"),
    "serif": ("LiberationSerif-Regular.ttf", "DejaVuSerif.ttf", "Times New Roman.ttf", "Georgia.ttf"),
    "italic": ("LiberationSerif-Italic.ttf", "DejaVuSerif-Italic.ttf", "Georgia Italic.ttf",
        "Times New Roman Italic.ttf"),
    "heavy": ("DejaVuSerif-Bold.ttf", "LiberationSerif-Bold.ttf", "Georgia Bold.ttf"),
}  # fmt: skip


@lru_cache(maxsize=64)
def find_font(style: str, pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The first font of this style that is installed, else the one Pillow carries."""
    for name in _FONTS[style]:
        try:
            return ImageFont.truetype(name, pixels)
        except OSError:
            continue
    return ImageFont.load_default(pixels)


def _around(points: Path, x: float, y: float, degrees: float) -> Path:
    if not degrees:
        return points
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return [(x + (px - x) * cosine - (py - y) * sine, y + (px - x) * sine + (py - y) * cosine) for px, py in points]
