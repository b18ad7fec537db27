"""Light: backdrops, cast shadows, and the folding of flat colour into cloth and clay."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from sandbox.pictures.brush import Colour, Path, glow, gradient, lightness, mix, soft

SIZE = (1200, 1500)
_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (0, 0, 0)


def stencil(path: Path, size: tuple[int, int] = SIZE, over: int = 2) -> Image.Image:
    """A filled outline as an L mask with smooth edges."""
    mask = Image.new("L", (size[0] * over, size[1] * over), 0)
    ImageDraw.Draw(mask).polygon([(x * over, y * over) for x, y in path], fill=255)
    return mask.resize(size, Image.Resampling.LANCZOS)


def strokes(
    lines: list[tuple[Path, float, int]],
    blur: float,
    size: tuple[int, int] = SIZE,
    base: int = 128,
    gain: float = 1.0,
) -> Image.Image:
    """Blurred lines on middle grey: (path, width, grey); above 128 is light, below is shadow."""
    half = (size[0] // 2, size[1] // 2)
    sheet = Image.new("L", half, base)
    draw = ImageDraw.Draw(sheet)
    for path, width, grey in lines:
        draw.line([(x / 2, y / 2) for x, y in path], fill=grey, width=max(1, round(width / 2)), joint="curve")
    sheet = soft(sheet, blur / 2).resize(size, Image.Resampling.BICUBIC)
    return sheet if gain == 1 else sheet.point(lambda v: max(0, min(255, int(128 + (v - 128) * gain))))


def volume(mask: Image.Image, depth: float, strength: int) -> Image.Image:
    """Roundness from an outline, lit from the upper left, as a relief around middle grey."""
    blurred = soft(mask, depth)
    shift = max(2, int(depth * 0.55))
    near = shifted(blurred, -shift, -shift)
    far = shifted(blurred, shift, shift)
    relief = ImageChops.subtract(far, near, scale=255 / strength, offset=128)
    edge = blurred.point(lambda v: max(0, 128 - (255 - v) * strength // 420))
    return ImageChops.add(relief, edge, scale=1, offset=-128)


def shifted(mask: Image.Image, dx: int, dy: int) -> Image.Image:
    """The mask moved; what leaves one side does not come back at the other."""
    moved = Image.new("L", mask.size, 0)
    moved.paste(mask, (dx, dy))
    return moved


def lit(flat: Image.Image, relief: Image.Image, highlight: float = 1.0, shadow: float = 1.0) -> Image.Image:
    """Colour with a relief on it: above middle grey towards white, below towards a deep shade."""
    up = relief.point(lambda v: min(255, int(max(0, v - 128) * 1.25 * highlight)))
    down = relief.point(lambda v: min(255, int(max(0, 128 - v) * 1.55 * shadow)))
    dark = flat.point(lambda v: int(v * 0.28))
    bright = flat.point(lambda v: 255 - int((255 - v) * 0.42))
    return Image.composite(bright, Image.composite(dark, flat, down), up)


@lru_cache(maxsize=3)
def weave(seed_size: tuple[int, int], strength: int) -> Image.Image:
    """The grain of cloth around middle grey."""
    fine = Image.effect_noise((seed_size[0] // 2, seed_size[1]), strength).resize(seed_size, Image.Resampling.BILINEAR)
    long = Image.effect_noise((seed_size[0], seed_size[1] // 6), strength).resize(seed_size, Image.Resampling.BILINEAR)
    return ImageChops.add(fine, long, scale=2)


def cloth(flat: Image.Image, strength: int = 10, heather: bool = False) -> Image.Image:
    """Flat colour with the grain of cloth in it."""
    grain = weave(flat.size, strength * (3 if heather else 1))
    return lit(flat, grain, 0.5, 0.5)


def backdrop(colour: Colour) -> tuple[Colour, Colour]:
    """A quiet studio colour that lets a thing of this colour stand out: (top, bottom)."""
    light = lightness(colour)
    warm: Colour = (232, 226, 217) if light < 0.62 else (205, 196, 184)
    tint = mix(warm, colour, 0.07 if light < 0.62 else 0.04)
    return mix(tint, _WHITE, 0.28), mix(tint, _BLACK, 0.05)


def room(colour: Colour) -> Image.Image:
    """A seamless studio background with a soft pool of light."""
    top, bottom = backdrop(colour)
    wall = gradient(SIZE, top, bottom)
    pool = glow(SIZE, (520, 560), 900, 120)
    return Image.composite(Image.new("RGB", SIZE, mix(top, _WHITE, 0.55)), wall, pool)


def cast(scene: Image.Image, mask: Image.Image, dx: int, dy: int, blur: float, strength: int) -> Image.Image:
    """The scene with the shadow of a mask on it; ``strength`` 0 to 255."""
    shadow = soft(shifted(mask, dx, dy), blur).point(lambda v: v * strength // 255)
    dark = scene.point(lambda v: int(v * 0.36))
    return Image.composite(dark, scene, shadow)


def window_light(scene: Image.Image, strength: int = 110) -> Image.Image:
    """Late sun through a window and past a plant, across a wall."""
    half = (SIZE[0] // 2, SIZE[1] // 2)
    mask = Image.new("L", half, 0)
    draw = ImageDraw.Draw(mask)
    for column in range(3):
        for row in range(3):
            # Panes of a tall window, thrown across the wall at a slant.
            x, y = -90 + column * 214 + row * 74, -60 + row * 236 + column * 46
            draw.polygon([(x, y), (x + 186, y + 40), (x + 250, y + 252), (x + 64, y + 212)], fill=255)
    for n in range(13):
        x, y = 560 - n * 20, 40 + n * 40
        for side in (-1, 1):
            reach = 118 - n * 4
            tip = (x + side * reach, y - 66 + n * 3)
            draw.polygon([(x, y), (x + side * reach * 0.5, y - 58), tip, (x + side * reach * 0.55, y - 14)], fill=0)
        draw.line([(x, y), (x - 20, y + 40)], fill=0, width=5)
    beam = soft(mask.resize(SIZE, Image.Resampling.BILINEAR), 11).point(lambda v: v * strength // 255)
    red, green, blue = scene.split()
    # Sunlight multiplies: dark cloth stays dark in it.
    bright = Image.merge(
        "RGB",
        (
            red.point(lambda v: min(255, int(v * 1.36 + 16))),
            green.point(lambda v: min(255, int(v * 1.30 + 12))),
            blue.point(lambda v: min(255, int(v * 1.17 + 6))),
        ),
    )
    return Image.composite(bright, scene, beam)


def put_print(flat: Image.Image, design: Image.Image | None, centre: tuple[float, float], width: float) -> Image.Image:
    """A design on flat colour, before the light falls on both."""
    if design is None:
        return flat
    size = max(2, round(width))
    small = design.resize((size, round(size * design.height / design.width)), Image.Resampling.LANCZOS)
    # Ink in cloth is never quite opaque.
    small.putalpha(small.getchannel("A").point(lambda v: int(v * 0.965)))
    flat = flat.copy()
    flat.paste(small, (round(centre[0] - small.width / 2), round(centre[1] - small.height / 2)), small)
    return flat


def ink_is_light(colour: Colour) -> bool:
    """Whether a print on this colour needs light ink."""
    return lightness(colour) < 0.56
