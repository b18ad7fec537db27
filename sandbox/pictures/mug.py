"""A ceramic mug with a coloured handle: the print wraps around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from sandbox.pictures.brush import Colour, arc, gradient, mix, soft, trace
from sandbox.pictures.studio import SIZE, cast, lit, room, stencil, strokes, volume, window_light

_CLAY: Colour = (250, 249, 246)


@dataclass(frozen=True)
class Shape:
    """Where the mug stands: centre, radius, upper and lower rim, and the flatness of its rims."""

    x: float
    r: float
    top: float
    bottom: float
    rim: float
    print_width: float
    turned: bool = False


_FRONT = Shape(545, 318, 500, 1180, 58, 470)
_TABLE = Shape(470, 246, 640, 1166, 52, 362, turned=True)
_CLOSE = Shape(560, 560, 140, 1420, 80, 830)


def draw_mug(design: Image.Image | None, colour: Colour, view: str, wall: Colour) -> Image.Image:
    """``front`` in the studio, ``lifestyle`` on a table, ``detail`` close up."""
    if view == "lifestyle":
        scene = _table(wall)
        scene = _stand(scene, _TABLE, design, colour)
        return _steam(window_light(scene, 90), _TABLE)
    shape = _FRONT if view == "front" else _CLOSE
    return _stand(_floor(room(colour)), shape, design, colour)


def _stand(scene: Image.Image, shape: Shape, design: Image.Image | None, colour: Colour) -> Image.Image:
    body, handle, rim, hole = _masks(shape)
    contact, grip_relief = _foot(shape)
    scene = cast(scene, contact, 34, 12, 40, 200)
    scene = cast(scene, contact, 3, 6, 8, 190)
    scene = cast(scene, ImageChops.lighter(body, handle), 90, 46, 60, 70)
    grip = lit(Image.new("RGB", SIZE, colour), grip_relief, 1.1, 1.0)
    scene.paste(grip, (0, 0), handle)
    clay = Image.new("RGB", SIZE, _CLAY)
    if design is not None:
        wrapped = _wrapped(design, shape)
        clay.paste(wrapped, (0, 0), wrapped)
    scene.paste(lit(clay, _roundness(shape), 0.55, 0.62), (0, 0), body)
    inside = lit(Image.new("RGB", SIZE, colour), _hollow(shape), 0.7, 1.0)
    scene.paste(lit(Image.new("RGB", SIZE, _CLAY), _roundness(shape), 0.5, 0.25), (0, 0), rim)
    scene.paste(inside, (0, 0), hole)
    return scene


@lru_cache(maxsize=3)
def _masks(shape: Shape) -> tuple[Image.Image, Image.Image, Image.Image, Image.Image]:
    x, r, top, bottom, rim = shape.x, shape.r, shape.top, shape.bottom, shape.rim
    corner = r * 0.16
    body = stencil([
        *arc(x, top, r, rim, 180, 360),
        *trace((x + r, top), (x + r, bottom - corner), (x + r, bottom - corner * 0.3, x + r * 0.97,
            bottom + rim * 0.2, x + r * 0.9, bottom + rim * 0.3)),
        *arc(x, bottom, r * 0.9, rim * 0.72, 20, 160),
        *trace((x - r * 0.9, bottom + rim * 0.3), (x - r * 0.97, bottom + rim * 0.2, x - r,
            bottom - corner * 0.3, x - r, bottom - corner), (x - r, top)),
    ])  # fmt: skip
    side = -1 if shape.turned else 1
    high = bottom - top
    path = trace(
        (x + side * r * 0.93, top + high * 0.17),
        (x + side * r * 1.34, top + high * 0.10, x + side * r * 1.66, top + high * 0.26, x + side * r * 1.58,
            top + high * 0.52),
        (x + side * r * 1.50, top + high * 0.74, x + side * r * 1.22, top + high * 0.82, x + side * r * 0.9,
            top + high * 0.80),
    )  # fmt: skip
    handle = Image.new("L", (SIZE[0] * 2, SIZE[1] * 2), 0)
    draw = ImageDraw.Draw(handle)
    thick = r * 0.235
    for px, py in path:
        draw.ellipse(((px - thick / 2) * 2, (py - thick / 2) * 2, (px + thick / 2) * 2, (py + thick / 2) * 2), fill=255)
    lip = r * 0.035
    return (
        body,
        handle.resize(SIZE, Image.Resampling.LANCZOS),
        stencil(arc(x, top, r, rim, 0, 360)),
        stencil(arc(x, top + 2, r - lip, rim - lip * 0.5, 0, 360)),
    )


@lru_cache(maxsize=3)
def _foot(shape: Shape) -> tuple[Image.Image, Image.Image]:
    """Where the mug touches the table, and the light on its handle."""
    contact = stencil(arc(shape.x, shape.bottom + shape.rim * 0.3, shape.r * 0.88, shape.rim * 0.62, 0, 360))
    return contact, volume(_masks(shape)[1], shape.r * 0.085, 235)


def _wrapped(design: Image.Image, shape: Shape) -> Image.Image:
    """The print bent around the body: narrower towards the sides, lower in the middle."""
    width = round(shape.print_width * 1.16)
    flat = design.resize((width, width), Image.Resampling.LANCZOS)
    middle = (shape.top + shape.bottom) / 2 + shape.rim * 0.35
    sheet = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    mesh = []
    half = math.asin(min(0.99, width / 2 / shape.r / 1.08))
    columns = 48
    box_top, box_bottom = round(middle - width / 2 - shape.rim), round(middle + width / 2 + shape.rim)
    box_top, box_bottom = max(0, box_top), min(SIZE[1], box_bottom)
    for n in range(columns):
        a0, a1 = -half + 2 * half * n / columns, -half + 2 * half * (n + 1) / columns
        x0, x1 = round(shape.x + shape.r * math.sin(a0)), round(shape.x + shape.r * math.sin(a1))
        if x1 <= x0 or x0 < 0 or x1 > SIZE[0]:
            continue
        u0, u1 = width * n / columns, width * (n + 1) / columns
        sag0 = shape.rim * (math.cos(a0) - 0.5) * 0.9
        sag1 = shape.rim * (math.cos(a1) - 0.5) * 0.9
        v0, v1 = middle - width / 2 + sag0, middle - width / 2 + sag1
        quad = (u0, box_top - v0, u0, box_bottom - v0, u1, box_bottom - v1, u1, box_top - v1)
        mesh.append(((x0, box_top, x1, box_bottom), quad))
    padded = flat.transform(SIZE, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
    sheet.alpha_composite(padded)
    return sheet


@lru_cache(maxsize=3)
def _roundness(shape: Shape) -> Image.Image:
    """Light on a cylinder: a broad sheen on the left, shade towards the right, a thin reflection at the edge."""
    row = Image.new("L", (256, 1), 128)
    for n in range(256):
        t = n / 255 * 2 - 1
        angle = math.asin(max(-1.0, min(1.0, t)))
        light = math.cos(angle + 0.55)
        value = 96 + 52 * light - 40 * max(0.0, t) ** 2.4 - 34 * max(0.0, -t - 0.86) * 5
        value += 34 * math.exp(-(((t + 0.52) / 0.085) ** 2)) + 20 * math.exp(-(((t - 0.93) / 0.035) ** 2))
        row.putpixel((n, 0), max(0, min(255, round(value))))
    sheet = Image.new("L", SIZE, 128)
    wide = round(shape.r * 2)
    sheet.paste(row.resize((wide, SIZE[1]), Image.Resampling.BICUBIC), (round(shape.x - shape.r), 0))
    foot = strokes([([(shape.x - shape.r, shape.bottom + 8), (shape.x + shape.r, shape.bottom + 8)], 60, 84)], 40)
    return ImageChops.add(sheet, foot, scale=1, offset=-128)


@lru_cache(maxsize=3)
def _hollow(shape: Shape) -> Image.Image:
    """Deep at the near side of the opening, lit at the far right."""
    x, r, top, rim = shape.x, shape.r, shape.top, shape.rim
    return strokes(
        [
            (arc(x, top, r * 0.92, rim * 0.8, 180, 300), rim * 0.9, 52),
            (arc(x, top, r * 0.92, rim * 0.9, 300, 385), rim * 0.5, 168),
            (arc(x, top + rim * 0.4, r * 0.6, rim * 0.5, 20, 160), rim * 0.6, 92),
        ],
        24,
        base=96,
    )


def _floor(scene: Image.Image) -> Image.Image:
    """The studio's paper curving from wall to table."""
    bright = strokes([([(-40, 1330), (1240, 1330)], 420, 150)], 130)
    crease = strokes([([(-40, 1010), (1240, 1010)], 40, 116)], 80)
    return lit(scene, ImageChops.add(bright, crease, scale=1, offset=-128))


def _table(wall: Colour) -> Image.Image:
    """A wooden table before a coloured wall, with two books on it."""
    scene = gradient(SIZE, mix(wall, (255, 255, 255), 0.16), mix(wall, (0, 0, 0), 0.12))
    wood = gradient((1200, 440), (190, 143, 98), (142, 98, 62))
    grain = Image.effect_noise((1200, 60), 42).resize((1200, 440), Image.Resampling.BICUBIC)
    long = Image.effect_noise((24, 440), 46).resize((1200, 440), Image.Resampling.BICUBIC)
    wood = lit(wood, ImageChops.add(grain, long, scale=2), 0.3, 0.42)
    scene.paste(wood, (0, 1060))
    draw = ImageDraw.Draw(scene)
    draw.rectangle((0, 1056, 1200, 1064), fill=(206, 162, 118))
    for x, y, wide, high, tone in ((760, 1112, 470, 62, (63, 107, 90)), (784, 1054, 430, 58, (232, 176, 75))):
        shadow = stencil([(x, y + high - 10), (x + wide, y + high - 10), (x + wide, y + high + 16), (x, y + high + 16)])
        scene = cast(scene, shadow, 14, 10, 14, 150)
        draw = ImageDraw.Draw(scene)
        draw.rounded_rectangle((x, y, x + wide, y + high), 10, fill=tone)
        draw.rectangle((x + 44, y, x + 58, y + high), fill=mix(tone, (255, 255, 255), 0.5))
        draw.rectangle((x, y + high - 12, x + wide, y + high), fill=mix(tone, (0, 0, 0), 0.22))
    return scene


def _steam(scene: Image.Image, shape: Shape) -> Image.Image:
    """Three wisps, barely there."""
    sheet = Image.new("L", (SIZE[0] // 2, SIZE[1] // 2), 0)
    draw = ImageDraw.Draw(sheet)
    for n, x in enumerate((-90, 10, 100)):
        path = [
            ((shape.x + x + (26 + t) * math.sin(t / 7 + n * 1.9)) / 2, (shape.top - 20 - t * 8.2) / 2)
            for t in range(40)
        ]
        draw.line(path, fill=150, width=16, joint="curve")
    wisps = soft(sheet, 13).resize(SIZE, Image.Resampling.BICUBIC).point(lambda v: v * 150 // 255)
    return Image.composite(Image.new("RGB", SIZE, (255, 252, 246)), scene, wisps)
