"""A poster: framed on a wall, above a sideboard, or close up at the corner of its frame."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from sandbox.pictures.art import Art
from sandbox.pictures.brush import Colour, Path, gradient, lightness, mix
from sandbox.pictures.studio import SIZE, cast, lit, stencil, strokes, volume, window_light

Box = tuple[float, float, float, float]
_SHELF = 1120
_FRAMES: tuple[Colour, ...] = ((176, 128, 84), (38, 36, 36), (236, 232, 224))


def draw_poster(sheet: Image.Image, frame: int, view: str, wall: Colour) -> Image.Image:
    """``front`` on a plain wall, ``lifestyle`` in a room, ``detail`` at an angle."""
    wood = _FRAMES[frame % len(_FRAMES)]
    if view == "lifestyle":
        return _in_a_room(sheet, wood, wall)
    if view == "detail":
        return _at_an_angle(sheet, wood)
    scene = _plaster((229, 224, 215))
    return window_light(_framed(scene.copy(), sheet, (196, 150, 1004, 1160), wood, 30, 46), 46)


@lru_cache(maxsize=4)
def _plaster(colour: Colour) -> Image.Image:
    wall = gradient(SIZE, mix(colour, (255, 255, 255), 0.3), mix(colour, (0, 0, 0), 0.06))
    rough = Image.effect_noise((300, 375), 30).resize(SIZE, Image.Resampling.BICUBIC)
    return lit(wall, rough, 0.10, 0.12)


def _framed(scene: Image.Image, sheet: Image.Image, box: Box, wood: Colour, bar: int, mat: int) -> Image.Image:
    """The paper in ``box`` (left, top, right, bottom) with a mat and a frame around it."""
    left, top, right, bottom = (round(value) for value in box)
    inner = _square(box, mat)
    mask, opening, rim, bevel, inset = _frame_light(box, bar, mat)
    scene = cast(scene, mask, 34, 46, 34, 130)
    scene = cast(scene, mask, 8, 10, 7, 110)
    timber = Image.new("RGB", SIZE, wood)
    if lightness(wood) < 0.8:
        timber = lit(timber, _timber_grain(), 0.35, 0.4)
    scene.paste(lit(timber, bevel, 1.0, 0.6 if lightness(wood) > 0.8 else 1.0), (0, 0), rim)
    draw = ImageDraw.Draw(scene)
    draw.rectangle((*inner[0], *inner[2]), fill=(247, 245, 240))
    scene.paste(sheet.resize((right - left, bottom - top), Image.Resampling.LANCZOS), (left, top))
    draw.rectangle((left - 2, top - 2, right + 1, bottom + 1), outline=(226, 222, 214), width=2)
    scene.paste(lit(scene, inset, 0.35, 0.8), (0, 0), opening)
    return scene


def _square(box: Box, margin: int) -> Path:
    left, top, right, bottom = box
    return [(left - margin, top - margin), (right + margin, top - margin), (right + margin, bottom + margin),
            (left - margin, bottom + margin)]  # fmt: skip


@lru_cache(maxsize=3)
def _frame_light(box: Box, bar: int, mat: int) -> tuple[Image.Image, ...]:
    """Outline, opening and rim of a frame, the light on its bars, and what falls on mat and glass."""
    left, top, right, bottom = box
    inner = _square(box, mat)
    mask, opening = stencil(_square(box, bar + mat)), stencil(inner)
    rim = ImageChops.subtract(mask, opening)
    # The frame throws a thin shadow on the mat, and the glass catches a little light.
    inset = strokes(
        [([(inner[0][0], inner[0][1] + 6), (inner[1][0], inner[1][1] + 6)], 14, 70),
         ([(inner[0][0] + 5, inner[0][1]), (inner[3][0] + 5, inner[3][1])], 12, 84),
         ([(left + (right - left) * 0.2, bottom + mat), (left + (right - left) * 0.75, top - mat)], 120, 140)], 9
    )  # fmt: skip
    return mask, opening, rim, volume(rim, 7, 240), inset


@lru_cache(maxsize=1)
def _timber_grain() -> Image.Image:
    return Image.effect_noise((60, 375), 36).resize(SIZE, Image.Resampling.BICUBIC)


def _in_a_room(sheet: Image.Image, wood: Colour, wall: Colour) -> Image.Image:
    """Above a sideboard, between a plant and a small stack of books."""
    scene = _framed(_furnished(wall).copy(), sheet, (340, 130, 860, 780), wood, 22, 34)
    return window_light(_vase(scene, 236, _SHELF - 8), 96)


@lru_cache(maxsize=6)
def _furnished(wall: Colour) -> Image.Image:
    """The room before the picture is hung."""
    scene = lit(
        _plaster(mix(wall, (255, 255, 255), 0.1)), Image.linear_gradient("L").resize(SIZE).point(lambda v: 140 - v // 8)
    )
    shelf = _SHELF
    draw = ImageDraw.Draw(scene)
    board = stencil([(60, shelf), (1140, shelf), (1140, 1520), (60, 1520)])
    scene = cast(scene, board, 10, -6, 30, 110)
    front = lit(gradient(SIZE, (206, 168, 126), (158, 116, 78)),
                Image.effect_noise((1200, 50), 40).resize(SIZE, Image.Resampling.BICUBIC), 0.25, 0.35)  # fmt: skip
    scene.paste(front, (0, 0), board)
    draw = ImageDraw.Draw(scene)
    draw.rectangle((44, shelf - 12, 1156, shelf + 20), fill=(214, 178, 138))
    draw.rectangle((44, shelf + 16, 1156, shelf + 22), fill=(120, 84, 54))
    for x in (420, 780):
        draw.line([(x, shelf + 40), (x, 1500)], fill=(124, 88, 58), width=4)
    for x in (240, 600, 960):
        draw.ellipse((x - 12, 1290, x + 12, 1314), fill=(96, 66, 42))
    for x, y, wide, high, tone in ((740, shelf - 60, 300, 48, (122, 75, 58)), (756, shelf - 104, 270, 44, (63,
        107, 90)),
                                   (748, shelf - 140, 250, 36, (233, 222, 202))):  # fmt: skip
        draw.rounded_rectangle((x, y, x + wide, y + high), 6, fill=tone)
        draw.rectangle((x + wide - 60, y, x + wide - 50, y + high), fill=mix(tone, (255, 255, 255), 0.4))
    return scene


def _vase(scene: Image.Image, x: float, foot: float) -> Image.Image:
    """A plant in a vase, with its shadow."""
    plant, mask, clay = _vase_parts(x, foot)
    scene.paste(plant, (0, 0), plant)
    scene = cast(scene, mask, 26, 8, 18, 110)
    scene.paste(clay, (0, 0), mask)
    return scene


@lru_cache(maxsize=1)
def _vase_parts(x: float, foot: float) -> tuple[Image.Image, Image.Image, Image.Image]:
    art = Art.blank("vase", 1250, False, (0, 0, 0), False, 1.2)
    k = 1 / 1.2
    greens = ("3f6b4f", "5d8a63", "2f5d47", "7aa07a")
    for n, (angle, length) in enumerate(
        ((-120, 330), (-104, 420), (-92, 470), (-78, 430), (-64, 350), (-136, 250), (-48, 260))
    ):
        art.leaf(
            x * k, (foot - 200) * k, angle, length * k, 92 * k, greens[n % 4], "8fb38f", 0.12 if angle < -90 else -0.12
        )
    mask = stencil([(x - 52, foot - 226), (x + 52, foot - 226), (x + 40, foot - 190), (x + 92, foot - 110),
        (x + 84, foot - 30),
                    (x + 56, foot), (x - 56, foot), (x - 84, foot - 30), (x - 92, foot - 110), (x - 40,
                        foot - 190)])  # fmt: skip
    return art.image, mask, lit(Image.new("RGB", SIZE, (232, 222, 206)), volume(mask, 26, 220))


def _at_an_angle(sheet: Image.Image, wood: Colour) -> Image.Image:
    """The upper left part of the framed sheet, seen from the side."""
    scene = _plaster((222, 215, 204)).copy()
    whole = _framed(scene, sheet, (150, 150, 1050, 1275), wood, 40, 60)
    # Eight numbers of a perspective: the right side recedes.
    squeezed = (0.62, 0.02, 40.0, 0.05, 0.60, 30.0, 0.00012, 0.00002)
    return whole.transform(SIZE, Image.Transform.PERSPECTIVE, squeezed, Image.Resampling.BICUBIC)
