"""A canvas tote bag: flat in the studio, on a peg in the sun, or close up."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from sandbox.pictures.brush import Colour, Path, lightness, mirrored, mix, trace
from sandbox.pictures.studio import SIZE, cast, lit, put_print, room, stencil, strokes, volume, window_light

_X = 600.0
_PRINT = (600.0, 985.0, 520.0)


@lru_cache(maxsize=1)
def _body() -> tuple[Image.Image, Image.Image]:
    """The bag's outline and its light."""
    half = trace((_X, 560), (_X + 120, 562, _X + 240, 558, _X + 352, 552), (_X + 366, 760, _X + 384, 1040,
        _X + 392, 1330),
                 (_X + 392, 1372, _X + 376, 1392, _X + 340, 1396), (_X + 220, 1408, _X + 110, 1404, _X,
                     1404))  # fmt: skip
    mask = stencil(mirrored(half, _X))
    folds: list[tuple[Path, float, int]] = [
        (trace((_X - 190, 600), (_X - 250, 760, _X - 300, 900, _X - 300, 1120)), 40, 98),
        (trace((_X - 150, 620), (_X - 190, 760, _X - 220, 860, _X - 210, 1000)), 34, 154),
        (trace((_X + 190, 600), (_X + 250, 740, _X + 310, 900, _X + 316, 1180)), 44, 96),
        (trace((_X + 150, 640), (_X + 200, 780, _X + 240, 900, _X + 236, 1040)), 34, 154),
        (trace((_X - 360, 1240), (_X - 240, 1300, _X - 100, 1290, _X + 20, 1340)), 44, 98),
        (trace((_X + 370, 1200), (_X + 280, 1290, _X + 160, 1300, _X + 80, 1372)), 40, 102),
        (trace((_X - 330, 1330), (_X - 160, 1370, _X + 160, 1372, _X + 330, 1330)), 40, 148),
        (trace((_X - 20, 570), (_X - 10, 640, _X + 10, 700, _X, 780)), 40, 112),
    ]
    seams: list[tuple[Path, float, int]] = [
        (trace((_X - 352, 610), (_X - 120, 620, _X + 120, 620, _X + 354, 610)), 3.0, 84),
        (trace((_X - 352, 618), (_X - 120, 628, _X + 120, 628, _X + 354, 618)), 2.0, 152),
        (trace((_X - 374, 1340), (_X - 360, 1040, _X - 346, 760, _X - 334, 560)), 3.0, 100),
        (trace((_X + 374, 1340), (_X + 360, 1040, _X + 346, 760, _X + 334, 560)), 3.0, 100),
    ]
    relief = ImageChops.add(volume(mask, 44, 150), strokes(folds, 26, gain=1.9), scale=1, offset=-128)
    return mask, ImageChops.add(relief, strokes(seams, 1.6), scale=1, offset=-128)


def _handle(peg: bool, back: bool) -> Path:
    shift = 22 if back else 0
    if peg:
        return trace((_X - 196 + shift, 610), (_X - 190 + shift, 420, _X - 60, 300, _X - 10, 196), (_X - 4,
            184, _X + 4, 184, _X + 10, 196),
                     (_X + 60, 300, _X + 190 - shift, 420, _X + 196 - shift, 610))  # fmt: skip
    rise = 120 if back else 168
    return trace(
        (_X - 196 + shift, 610),
        (_X - 214 + shift, 330, _X - 150, rise, _X, rise),
        (_X + 150, rise, _X + 214 - shift, 330, _X + 196 - shift, 610),
    )


def _strap(path: Path) -> Image.Image:
    mask = Image.new("L", (SIZE[0] * 2, SIZE[1] * 2), 0)
    draw = ImageDraw.Draw(mask)
    for x, y in path:
        draw.ellipse((x * 2 - 44, y * 2 - 44, x * 2 + 44, y * 2 + 44), fill=255)
    draw.line([(x * 2, y * 2) for x, y in path], fill=255, width=88)
    return mask.resize(SIZE, Image.Resampling.LANCZOS)


@lru_cache(maxsize=1)
def _canvas() -> Image.Image:
    """A plain weave around middle grey."""
    tile = Image.new("L", (8, 8), 128)
    draw = ImageDraw.Draw(tile)
    draw.rectangle((0, 0, 3, 3), fill=138)
    draw.rectangle((4, 4, 7, 7), fill=136)
    draw.rectangle((4, 0, 7, 3), fill=120)
    draw.rectangle((0, 4, 3, 7), fill=118)
    sheet = Image.new("L", SIZE)
    for y in range(0, SIZE[1], 8):
        for x in range(0, SIZE[0], 8):
            sheet.paste(tile, (x, y))
    slubs = Image.effect_noise((1200, 250), 26).resize(SIZE, Image.Resampling.BILINEAR)
    return ImageChops.add(sheet, slubs, scale=1, offset=-128)


def draw_tote(design: Image.Image | None, colour: Colour, view: str, wall: Colour) -> Image.Image:
    """One picture of the bag."""
    if view == "detail":
        return _close_up(design, colour)
    mask, relief = _body()
    bag = _dyed(design, colour, relief)
    peg = view == "lifestyle"
    scene = Image.new("RGB", SIZE, wall) if peg else room(colour)
    if peg:
        scene = lit(scene, Image.linear_gradient("L").resize(SIZE).point(lambda v: 146 - v * 40 // 255))
    straps = [_strap(_handle(peg, back)) for back in (True, False)]
    shadow = ImageChops.lighter(mask, straps[1])
    scene = cast(scene, shadow, 40 if peg else 14, 46 if peg else 30, 32, 130)
    scene = cast(scene, shadow, 6, 10, 8, 90)
    for number, strap in enumerate(straps):
        tone = mix(colour, (0, 0, 0), 0.16 if number == 0 else 0.02)
        web = lit(lit(Image.new("RGB", SIZE, tone), _canvas(), 0.5, 0.5), volume(strap, 13, 230), 0.8, 0.9)
        if number == 0:
            scene.paste(web, (0, 0), strap)
            scene.paste(bag, (0, 0), mask)
        else:
            scene = cast(scene, strap, 5, 9, 7, 100)
            scene.paste(web, (0, 0), strap)
    _stitches(scene, colour)
    if peg:
        draw = ImageDraw.Draw(scene)
        draw.ellipse((570, 150, 630, 210), fill=(126, 86, 54))
        draw.ellipse((576, 153, 620, 196), fill=(178, 132, 88))
        return window_light(scene)
    return scene


def _dyed(design: Image.Image | None, colour: Colour, relief: Image.Image) -> Image.Image:
    light = lightness(colour)
    flat = put_print(Image.new("RGB", SIZE, colour), design, _PRINT[:2], _PRINT[2])
    flat = lit(flat, _canvas(), 0.5, 0.5)
    return lit(flat, relief, 0.85 if light > 0.3 else 0.45, 0.7 if light > 0.75 else 0.95)


def _stitches(scene: Image.Image, colour: Colour) -> None:
    """The crossed squares that hold the straps."""
    thread = mix(colour, (255, 255, 255), 0.35) if lightness(colour) < 0.5 else mix(colour, (90, 70, 50), 0.35)
    draw = ImageDraw.Draw(scene)
    for side in (-1, 1):
        x = _X + side * 196
        box = [(x - 30, 574), (x + 30, 574), (x + 30, 640), (x - 30, 640), (x - 30, 574), (x + 30, 640)]
        draw.line(box, fill=thread, width=3)
        draw.line([(x + 30, 574), (x - 30, 640)], fill=thread, width=3)


def _close_up(design: Image.Image | None, colour: Colour) -> Image.Image:
    """The print and the weave, at about twice the size."""
    zoom = 1.85
    wide, high = SIZE[0] / zoom, SIZE[1] / zoom
    left, top = _PRINT[0] - wide * 0.5, _PRINT[1] - high * 0.5
    _, relief = _body()
    near = relief.transform(
        SIZE, Image.Transform.EXTENT, (left, top, left + wide, top + high), Image.Resampling.BICUBIC
    )
    flat = put_print(
        Image.new("RGB", SIZE, colour), design, ((_PRINT[0] - left) * zoom, (_PRINT[1] - top) * zoom), _PRINT[2] * zoom
    )
    weave = _canvas().resize((SIZE[0] * 2, SIZE[1] * 2), Image.Resampling.BICUBIC).crop((0, 0, *SIZE))
    flat = lit(flat, weave, 0.8, 0.8)
    sweep = Image.linear_gradient("L").resize(SIZE).point(lambda v: 150 - v * 50 // 255)
    return lit(lit(flat, near, 0.8, 0.9), sweep, 0.8, 0.9)
