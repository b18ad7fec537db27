"""Shirts and hoodies: outlines, folds and seams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from sandbox.pictures.brush import Colour, Path, arc, bezier, lightness, mirrored, mix, moved, trace
from sandbox.pictures.studio import (
    SIZE,
    cast,
    cloth,
    ink_is_light,
    lit,
    put_print,
    room,
    stencil,
    strokes,
    volume,
    window_light,
)

_AXIS = 600.0


@dataclass(frozen=True)
class Cut:
    """A garment's outline and light, and where its print sits."""

    mask: Image.Image
    relief: Image.Image
    inside: Image.Image
    inside_relief: Image.Image
    print_centre: tuple[float, float]
    print_width: float


def _flip(path: Path) -> Path:
    return [(2 * _AXIS - x, y) for x, y in path]


def _both(lines: list[tuple[Path, float, int]]) -> list[tuple[Path, float, int]]:
    return lines + [(_flip(path), width, grey) for path, width, grey in lines]


@lru_cache(maxsize=1)
def tee() -> Cut:
    """A crew-neck shirt as if worn by nobody."""
    x = _AXIS
    half = trace(
        (x, 352), (x + 66, 350, x + 112, 312, x + 132, 236), (x + 208, 262, x + 288, 282, x + 342, 312),
        (x + 404, 346, x + 446, 408, x + 474, 486), (x + 500, 560, x + 524, 622, x + 548, 688),
        (x + 512, 716, x + 446, 742, x + 398, 748), (x + 376, 692, x + 356, 636, x + 334, 584),
        (x + 318, 760, x + 300, 980, x + 336, 1330), (x + 250, 1352, x + 120, 1360, x, 1360),
    )  # fmt: skip
    mask = stencil(mirrored(half, x))
    back = [*trace((x - 132, 236), (x - 80, 262, x + 80, 262, x + 132, 236)), *bezier((x + 132, 236), (x + 112,
        312), (x + 66, 350), (x, 352)),
            *bezier((x, 352), (x - 66, 350), (x - 112, 312), (x - 132, 236))]  # fmt: skip
    inside = stencil(back)
    folds = _both([
        (trace((x + 330, 596), (x + 250, 640, x + 190, 680, x + 150, 760)), 30, 92),
        (trace((x + 318, 620), (x + 250, 680, x + 215, 740, x + 190, 840)), 22, 158),
        (trace((x + 336, 660), (x + 300, 760, x + 290, 860, x + 300, 980)), 26, 98),
        (trace((x + 300, 900), (x + 262, 1040, x + 250, 1180, x + 262, 1340)), 34, 100),
        (trace((x + 225, 980), (x + 205, 1100, x + 205, 1220, x + 215, 1345)), 28, 156),
        (trace((x + 120, 1060), (x + 110, 1160, x + 105, 1260, x + 110, 1350)), 30, 108),
        (trace((x + 440, 470), (x + 420, 560, x + 410, 640, x + 420, 730)), 24, 102),
        (trace((x + 480, 560), (x + 470, 620, x + 470, 670, x + 480, 716)), 18, 156),
        (trace((x + 350, 330), (x + 338, 400, x + 330, 480, x + 336, 580)), 20, 104),
        (trace((x + 140, 262), (x + 210, 290, x + 270, 310, x + 330, 336)), 18, 150),
    ])  # fmt: skip
    folds += [(trace((x - 60, 1100), (x - 20, 1180, x + 20, 1260, x + 10, 1350)), 36, 150),
              (trace((x - 180, 420), (x - 100, 470, x + 60, 470, x + 160, 420)), 40, 142)]  # fmt: skip
    seams = _both([
        (trace((x + 342, 312), (x + 332, 400, x + 328, 490, x + 334, 584)), 3, 88),
        (trace((x + 540, 668), (x + 500, 694, x + 440, 720, x + 392, 728)), 3, 84),
        (trace((x + 536, 658), (x + 496, 684, x + 436, 710, x + 388, 718)), 2, 150),
        (trace((x + 338, 1300), (x + 250, 1326, x + 120, 1334, x, 1334)), 3, 92),
        (trace((x, 386), (x + 84, 384, x + 142, 336, x + 164, 250)), 5, 78),
        (trace((x, 378), (x + 80, 376, x + 136, 330, x + 157, 248)), 3, 166),
    ])  # fmt: skip
    relief = _sum(volume(mask, 46, 170), strokes(folds, 26, gain=2.0), strokes(seams, 1.5))
    return Cut(mask, relief, inside, strokes([(trace((x - 120, 262), (x, 300, x, 300, x + 120, 262)), 26, 78)],
        16, base=96),
               (x, 690), 442)  # fmt: skip


@lru_cache(maxsize=1)
def hoodie() -> Cut:
    """A heavy hoodie with its hood up behind the neck."""
    x = _AXIS
    half = trace(
        (x, 412), (x + 56, 400, x + 96, 360, x + 104, 320), (x + 150, 330, x + 178, 330, x + 206, 318),
        (x + 280, 340, x + 330, 360, x + 368, 392), (x + 420, 440, x + 446, 540, x + 462, 660),
        (x + 484, 830, x + 508, 990, x + 520, 1130), (x + 524, 1170, x + 522, 1200, x + 514, 1236),
        (x + 480, 1252, x + 436, 1252, x + 404, 1240), (x + 396, 1210, x + 392, 1180, x + 388, 1140),
        (x + 372, 980, x + 352, 820, x + 330, 690), (x + 338, 880, x + 338, 1060, x + 330, 1210),
        (x + 330, 1250, x + 326, 1280, x + 316, 1312), (x + 210, 1334, x + 100, 1338, x, 1338),
    )  # fmt: skip
    body = stencil(mirrored(half, x))
    hood_half = trace((x, 120), (x + 120, 120, x + 198, 180, x + 214, 268), (x + 222, 300, x + 218, 322, x + 204, 344),
                      (x + 150, 420, x + 70, 446, x, 450))  # fmt: skip
    hood = stencil(mirrored(hood_half, x))
    mask = ImageChops.lighter(body, hood)
    mouth = mirrored(trace((x, 206), (x + 88, 206, x + 128, 262, x + 124, 312), (x + 104, 372, x + 54, 410, x, 414)), x)
    folds = _both([
        (trace((x + 322, 700), (x + 240, 740, x + 180, 790, x + 150, 880)), 34, 94),
        (trace((x + 306, 730), (x + 246, 790, x + 220, 850, x + 200, 930)), 26, 156),
        (trace((x + 400, 480), (x + 420, 640, x + 430, 820, x + 440, 980)), 30, 152),
        (trace((x + 360, 620), (x + 390, 720, x + 420, 760, x + 458, 780)), 22, 96),
        (trace((x + 380, 860), (x + 420, 900, x + 450, 910, x + 490, 900)), 22, 98),
        (trace((x + 400, 1020), (x + 440, 1060, x + 470, 1064, x + 512, 1050)), 24, 96),
        (trace((x + 398, 1100), (x + 440, 1130, x + 470, 1136, x + 516, 1124)), 16, 156),
        (trace((x + 326, 1000), (x + 300, 1100, x + 300, 1160, x + 312, 1230)), 30, 98),
        (trace((x + 370, 400), (x + 350, 480, x + 334, 580, x + 332, 690)), 22, 100),
        (trace((x + 60, 140), (x + 150, 170, x + 186, 230, x + 190, 300)), 30, 156),
        (trace((x + 160, 330), (x + 130, 390, x + 70, 424, x, 432)), 26, 96),
    ])  # fmt: skip
    seams = _both([
        (trace((x + 368, 392), (x + 346, 480, x + 332, 590, x + 330, 690)), 3, 84),
        (trace((x + 330, 1216), (x + 210, 1238, x + 100, 1242, x, 1242)), 4, 78),
        (trace((x + 388, 1146), (x + 430, 1160, x + 480, 1156, x + 520, 1140)), 4, 78),
        (trace((x + 150, 966), (x + 190, 1000, x + 250, 1090, x + 268, 1228)), 5, 74),
        (trace((x + 140, 970), (x + 180, 1004, x + 238, 1094, x + 256, 1228)), 2, 156),
        (trace((x, 966), (x + 60, 966, x + 100, 966, x + 150, 966)), 4, 80),
        (trace((x, 424), (x + 62, 418, x + 116, 378, x + 140, 318)), 5, 76),
        (trace((x, 196), (x + 98, 196, x + 140, 256, x + 138, 312)), 5, 80),
    ])  # fmt: skip
    ribs: list[tuple[Path, float, int]] = [
        ([(px, 1246), (px, 1334)], 2.0, 108) for px in range(int(x) - 326, int(x) + 330, 9)
    ]
    ribs += _both([([(px, 1160), (px - 2, 1250)], 2.0, 108) for px in range(int(x) + 396, int(x) + 522, 9)])
    relief = _sum(volume(mask, 50, 170), strokes(folds, 26, gain=2.0), strokes(seams, 1.6), strokes(ribs, 1.2))
    return Cut(
        mask, relief, stencil(mouth), strokes([(arc(x, 300, 120, 96, 180, 360), 60, 70)], 26, base=84), (x, 752), 392
    )


def _sum(*reliefs: Image.Image) -> Image.Image:
    total = reliefs[0]
    for relief in reliefs[1:]:
        total = ImageChops.add(total, relief, scale=1, offset=-128)
    return total


def draw_garment(kind: str, design: Image.Image | None, colour: Colour, view: str, wall: Colour) -> Image.Image:
    """A shirt or hoodie: ``front`` in the studio, ``lifestyle`` on a hanger in the sun, ``detail`` close up."""
    cut = tee() if kind == "tee" else hoodie()
    if view == "detail":
        return _close_up(cut, design, colour)
    worn = _dyed(cut, design, colour)
    if kind == "hoodie":
        _cords(worn, colour)
    if view == "front":
        scene = cast(room(colour), cut.mask, 10, 34, 44, 130)
        scene = cast(scene, cut.mask, 2, 8, 8, 70)
        return _behind(scene, cut, worn)
    return _hung(cut, worn, colour, wall, kind)


def _dyed(cut: Cut, design: Image.Image | None, colour: Colour) -> Image.Image:
    light = lightness(colour)
    flat = cloth(Image.new("RGB", SIZE, colour), 9, heather=0.66 < light < 0.80)
    flat = put_print(flat, design, cut.print_centre, cut.print_width)
    worn = lit(flat, cut.relief, 0.85 if light > 0.3 else 0.42, 0.62 if light > 0.75 else 0.95)
    inner = lit(Image.new("RGB", SIZE, mix(colour, (0, 0, 0), 0.16)), cut.inside_relief, 0.4, 0.9)
    return Image.composite(inner, worn, cut.inside)


def _behind(scene: Image.Image, cut: Cut, worn: Image.Image) -> Image.Image:
    return Image.composite(worn, scene, ImageChops.lighter(cut.mask, cut.inside))


def _cords(worn: Image.Image, colour: Colour) -> None:
    cord = mix(colour, (255, 255, 255), 0.72) if ink_is_light(colour) else mix(colour, (255, 255, 255), 0.35)
    draw = ImageDraw.Draw(worn)
    for side, end in ((-1, 560), (1, 532)):
        path = trace((_AXIS + side * 58, 408), (_AXIS + side * 74, 470, _AXIS + side * 56, 500, _AXIS + side * 66, end))
        draw.line([(x + 4, y + 5) for x, y in path], fill=mix(colour, (0, 0, 0), 0.5), width=9, joint="curve")
        draw.line(path, fill=cord, width=9, joint="curve")
        x, y = path[-1]
        draw.rounded_rectangle((x - 7, y - 4, x + 7, y + 34), 6, fill=mix(cord, (40, 40, 40), 0.35))
        draw.ellipse((_AXIS + side * 58 - 9, 398, _AXIS + side * 58 + 9, 416), fill=(164, 160, 150))


def _close_up(cut: Cut, design: Image.Image | None, colour: Colour) -> Image.Image:
    """The print and the grain of the cloth, at more than twice the size."""
    zoom = 2.1
    wide, high = SIZE[0] / zoom, SIZE[1] / zoom
    left, top = cut.print_centre[0] - wide * 0.56, cut.print_centre[1] - high * 0.52
    box = (left, top, left + wide, top + high)
    relief = cut.relief.transform(SIZE, Image.Transform.EXTENT, box, Image.Resampling.BICUBIC)
    light = lightness(colour)
    flat = put_print(Image.new("RGB", SIZE, colour), design, ((cut.print_centre[0] - left) * zoom,
        (cut.print_centre[1] - top) * zoom),
                     cut.print_width * zoom)  # fmt: skip
    flat = cloth(flat, 16, heather=0.66 < light < 0.80)
    flat = lit(flat, _knit(), 0.5, 0.55)
    sweep = Image.linear_gradient("L").resize(SIZE).point(lambda v: 152 - v * 56 // 255)
    return lit(lit(flat, relief, 0.8 if light > 0.3 else 0.5, 0.8), sweep, 0.8, 0.9)


@lru_cache(maxsize=1)
def _knit() -> Image.Image:
    """Rows of stitches around middle grey."""
    tile = Image.new("L", (12, 10), 128)
    draw = ImageDraw.Draw(tile)
    draw.line([(0, 0), (5, 7)], fill=106, width=2)
    draw.line([(11, 0), (6, 7)], fill=148, width=2)
    sheet = Image.new("L", SIZE)
    for y in range(0, SIZE[1], 10):
        for x in range(0, SIZE[0], 12):
            sheet.paste(tile, (x, y))
    return sheet


def _hung(cut: Cut, worn: Image.Image, colour: Colour, wall: Colour, kind: str) -> Image.Image:
    """On a wooden hanger against a coloured wall, in late sun."""
    scene = Image.new("RGB", SIZE, wall)
    scene = lit(scene, Image.linear_gradient("L").resize(SIZE).point(lambda v: 146 - v * 40 // 255))
    scale, drop = 0.86, 176
    mask = _placed(ImageChops.lighter(cut.mask, cut.inside), scale, drop)
    scene = cast(scene, mask, 46, 54, 30, 120)
    scene = cast(scene, mask, 8, 12, 10, 90)
    draw = ImageDraw.Draw(scene)
    neck = drop + (236 if kind == "tee" else 206) * scale
    hook = [*arc(600, neck - 128, 26, 26, 180, 400), (612, neck - 84), (600, neck - 66), (600, neck + 10)]
    for shift, tone in ((4, mix(wall, (0, 0, 0), 0.4)), (0, (198, 190, 176))):
        draw.line([(x + shift, y + shift) for x, y in hook], fill=tone, width=8, joint="curve")
    draw.ellipse((576, neck - 146, 624, neck - 98), outline=None, fill=(139, 98, 62))
    draw.ellipse((581, neck - 143, 614, neck - 112), fill=(164, 121, 80))
    if kind == "tee":
        bar = trace((_AXIS, neck - 4), (_AXIS + 60, neck + 2, _AXIS + 150, neck + 34, _AXIS + 236, neck + 74))
        for path in (bar, _flip(bar)):
            draw.line(path, fill=(150, 104, 62), width=26, joint="curve")
            draw.line(moved(path, 0, -6), fill=(186, 138, 92), width=8, joint="curve")
    scene.paste(_placed(worn, scale, drop), (0, 0), _placed(ImageChops.lighter(cut.mask, cut.inside), scale, drop))
    return window_light(scene)


def _placed(image: Image.Image, scale: float, drop: float) -> Image.Image:
    box = (600 - 600 / scale, -drop / scale, 600 + 600 / scale, (1500 - drop) / scale)
    return image.transform(
        SIZE, Image.Transform.EXTENT, box, Image.Resampling.BICUBIC, fillcolor=0 if image.mode == "L" else (0, 0, 0)
    )
