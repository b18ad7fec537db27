"""The sheet a design is drawn on: units of 1/1000 of its width, drawn large and scaled down later."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw

from sandbox.pictures.brush import Colour, Path, Point, arc, gradient, mix, rgb

Paint = str | Colour


def paint(value: Paint) -> Colour:
    """A colour from text or as it is."""
    return rgb(value) if isinstance(value, str) else value


@dataclass(slots=True)
class Art:
    """One sheet. ``full`` says that the design fills it (a poster); else it floats on cloth or clay.

    ``ink`` is the colour that reads well on the ground it will be printed on; ``dark`` says that the ground is dark.
    """

    name: str
    h: float
    full: bool
    ink: Colour
    dark: bool
    scale: float
    image: Image.Image
    rng: random.Random

    @classmethod
    def blank(cls, name: str, h: float, full: bool, ink: Colour, dark: bool, scale: float) -> Art:
        """An empty sheet, 1000 units wide and ``h`` high."""
        image = Image.new("RGBA", (round(1000 * scale), round(h * scale)), (0, 0, 0, 0))
        return cls(name, h, full, ink, dark, scale, image, random.Random(name))

    def layer(self) -> Art:
        """Another empty sheet of the same kind, drawing on with the same dice."""
        image = Image.new("RGBA", self.image.size, (0, 0, 0, 0))
        return Art(self.name, self.h, self.full, self.ink, self.dark, self.scale, image, self.rng)

    def polygon(self, points: Iterable[Point], fill: Paint, alpha: int = 255) -> None:
        xy = [(x * self.scale, y * self.scale) for x, y in points]
        ImageDraw.Draw(self.image).polygon(xy, fill=(*paint(fill), alpha))

    def circle(self, x: float, y: float, r: float, fill: Paint) -> None:
        self.ellipse(x, y, r, r, fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Paint) -> None:
        s = self.scale
        ImageDraw.Draw(self.image).ellipse(
            ((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), fill=(*paint(fill), 255)
        )

    def ring(self, x: float, y: float, r: float, width: float, fill: Paint) -> None:
        s = self.scale
        box = ((x - r) * s, (y - r) * s, (x + r) * s, (y + r) * s)
        ImageDraw.Draw(self.image).ellipse(box, outline=(*paint(fill), 255), width=max(1, round(width * s)))

    def box(self, x: float, y: float, width: float, height: float, fill: Paint, radius: float = 0) -> None:
        s = self.scale
        ImageDraw.Draw(self.image).rounded_rectangle(
            (x * s, y * s, (x + width) * s, (y + height) * s), radius * s, fill=(*paint(fill), 255)
        )

    def line(self, points: Path, width: float, fill: Paint, round_ends: bool = True) -> None:
        s, draw, colour = self.scale, ImageDraw.Draw(self.image), (*paint(fill), 255)
        xy = [(x * s, y * s) for x, y in points]
        pixels = max(1, round(width * s))
        draw.line(xy, fill=colour, width=pixels)
        if pixels > 3:
            # A disc at every corner: Pillow's own joints leave hairline wedges in thick curves.
            half = pixels / 2 - 0.5
            for x, y in xy if round_ends else xy[1:-1]:
                draw.ellipse((x - half, y - half, x + half, y + half), fill=colour)

    def sky(self, top: Paint, bottom: Paint, until: float | None = None) -> None:
        """Fill from the top edge to ``until`` (all by default) with a gradient."""
        height = round((self.h if until is None else until) * self.scale)
        wash = gradient((self.image.width, height), paint(top), paint(bottom)).convert("RGBA")
        self.image.paste(wash, (0, 0))

    def add(self, other: Art, window: Callable[[Art], None] | None = None) -> None:
        """Lay another sheet on top, seen only through the shape that ``window`` draws (in any colour)."""
        if window is not None:
            shape = self.layer()
            window(shape)
            other.image.putalpha(ImageChops.multiply(other.image.getchannel("A"), shape.image.getchannel("A")))
        self.image.alpha_composite(other.image)

    # --- things that grow in more than one design ---

    def star(self, x: float, y: float, r: float, fill: Paint, points: int = 4, waist: float = 0.22) -> None:
        """A star with so many points."""
        path: Path = []
        for n in range(points * 2):
            radius = r if n % 2 == 0 else r * waist
            angle = math.pi * n / points - math.pi / 2
            path.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
        self.polygon(path, fill)

    def stars(self, count: int, top: float, bottom: float, fill: Paint, biggest: float = 5) -> None:
        """Scattered dots, a few of them with points."""
        for n in range(count):
            x, y = self.rng.uniform(20, 980), self.rng.uniform(top, bottom)
            if n % 9 == 0:
                self.star(x, y, biggest * 3.2, fill)
            else:
                self.circle(x, y, self.rng.uniform(0.3, 1.0) * biggest, fill)

    def ridge(self, base: float, height: float, fill: Paint, peaks: int = 5, rough: float = 0.5) -> Path:
        """A mountain range across the sheet, filled to the bottom; returns its skyline."""
        line: Path = [(-20, base - height * self.rng.uniform(0.1, 0.5))]
        step = 1040 / (peaks * 2)
        for n in range(1, peaks * 2 + 1):
            up = n % 2 == 1
            share = self.rng.uniform(0.62, 1.0) if up else self.rng.uniform(0.08, 0.38)
            line.append((-20 + step * n + self.rng.uniform(-0.3, 0.3) * step, base - height * share))
        for depth in range(4):
            finer: Path = [line[0]]
            for (ax, ay), (bx, by) in pairwise(line):
                shake = height * 0.09 * rough / (depth + 1)
                finer.append(((ax + bx) / 2, (ay + by) / 2 + self.rng.uniform(-shake, shake)))
                finer.append((bx, by))
            line = finer
        self.polygon([*line, (1020, self.h + 20), (-20, self.h + 20)], fill)
        return line

    def hills(self, base: float, height: float, fill: Paint, waves: float = 1.5, phase: float = 0.0) -> None:
        """A soft skyline, filled to the bottom."""
        line: Path = []
        for n in range(61):
            x = n / 60
            swing = math.sin((x * waves + phase) * math.tau) * 0.6 + math.sin((x * waves * 2.3 + phase * 3) * 5) * 0.4
            line.append((x * 1040 - 20, base - height * (0.5 + 0.5 * swing)))
        self.polygon([*line, (1020, self.h + 20), (-20, self.h + 20)], fill)

    def pine(self, x: float, y: float, height: float, fill: Paint) -> None:
        """A spruce standing at (x, y)."""
        wide = height * 0.19
        self.polygon([(x - height * 0.02, y), (x + height * 0.02, y), (x, y - height)], fill)
        tiers = 7
        for n in range(tiers):
            top = y - height + height * 0.86 * (n / tiers)
            bottom = top + height * 0.3
            half = wide * (0.3 + 0.7 * (n + 1) / tiers)
            tip = min(bottom, y - height * 0.05)
            self.polygon(
                [(x, top), (x + half, tip), (x + half * 0.45, tip - height * 0.03), (x, tip + height * 0.015),
                 (x - half * 0.45, tip - height * 0.03), (x - half, tip)], fill)  # fmt: skip

    def leaf(self, x: float, y: float, angle: float, length: float, width: float, fill: Paint,
        vein: Paint | None = None,
             bend: float = 0.0) -> None:  # fmt: skip
        """A pointed leaf that starts at (x, y) and grows in direction ``angle`` (degrees, 0 right, 90 down)."""
        ca, sa = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        left: Path = []
        right: Path = []
        spine: Path = []
        for n in range(17):
            t = n / 16
            belly = math.sin(math.pi * t**0.8) * width / 2
            along, off = t * length, bend * length * math.sin(math.pi * t) * 0.5
            spine.append((x + along * ca - off * sa, y + along * sa + off * ca))
            left.append((x + along * ca - (off + belly) * sa, y + along * sa + (off + belly) * ca))
            right.append((x + along * ca - (off - belly) * sa, y + along * sa + (off - belly) * ca))
        self.polygon([*left, *reversed(right)], fill)
        if vein is not None:
            self.line(spine[1:-2], max(1.6, width * 0.035), vein, round_ends=False)

    def scallop(self, x: float, y: float, r: float, bands: Iterable[tuple[float, Paint]]) -> None:
        """Concentric discs, given as (share of the radius, colour) from the outside in."""
        for share, fill in bands:
            self.circle(x, y, r * share, fill)

    def grain(self, strength: int = 10) -> None:
        """A breath of paper texture over everything that is printed."""
        noise = Image.effect_noise((self.image.width // 2, self.image.height // 2), strength * 2)
        noise = noise.resize(self.image.size, Image.Resampling.BILINEAR)
        alpha = self.image.getchannel("A")
        texture = Image.merge("RGB", (noise, noise, noise))
        softened = ImageChops.overlay(self.image.convert("RGB"), texture)
        self.image = Image.merge("RGBA", (*softened.split(), alpha))


def wavy(x0: float, x1: float, y: float, swing: float, waves: float, phase: float = 0.0, steps: int = 90) -> Path:
    """A sine from x0 to x1 around y."""
    return [
        (x0 + (x1 - x0) * n / steps, y + swing * math.sin((n / steps * waves + phase) * math.tau))
        for n in range(steps + 1)
    ]


def arch(x: float, y: float, half: float, bottom: float) -> Path:
    """A round arch: its crown's centre at (x, y), its feet at ``bottom``."""
    return [(x - half, bottom), *arc(x, y, half, half, 180, 360), (x + half, bottom)]


def shade(colour: Paint, share: float) -> Colour:
    """Towards black for a negative share, towards white for a positive one."""
    return mix(paint(colour), (255, 255, 255) if share > 0 else (0, 0, 0), abs(share))
