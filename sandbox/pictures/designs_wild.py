"""Wild Places: mountains, woods, water and weather."""

from __future__ import annotations

import math

from PIL import Image

from sandbox.pictures.art import Art, arch, shade, wavy
from sandbox.pictures.lettering import ringed


def _disc(art: Art) -> None:
    if art.full:
        art.box(0, 0, 1000, art.h, "ffffff")
    else:
        art.circle(500, 500, 480, "ffffff")


def _door(art: Art) -> None:
    if art.full:
        art.box(0, 0, 1000, art.h, "ffffff")
    else:
        art.polygon(arch(500, 420, 380, art.h - 20), "ffffff")


def _card(art: Art) -> None:
    art.box(0 if art.full else 60, 0, 1000 if art.full else 880, art.h, "ffffff", 0 if art.full else 70)


def alpine_dawn(art: Art) -> None:
    scene = art.layer()
    scene.sky("f7c59f", "fbe7cf")
    scene.circle(610, art.h * 0.4, 118, "f26b4e")
    for n in range(3):
        scene.line(wavy(120 + n * 200, 420 + n * 190, art.h * (0.22 + n * 0.05), 5, 1.2), 9, "fdf1e0")
    for base, height, colour, peaks in ((0.62, 0.26, "e79a7c", 4), (0.74, 0.26, "b5616a", 4), (0.86, 0.24, "6b4263", 5),
                                        (1.0, 0.22, "2f2a4a", 5)):  # fmt: skip
        scene.ridge(art.h * base, art.h * height, colour, peaks, 0.7)
    for n in range(16):
        scene.pine(30 + n * 64 + art.rng.uniform(-18, 18), art.h + 8, art.rng.uniform(70, 150), "1b1a33")
    art.add(scene, _disc)


def pine_ridge(art: Art) -> None:
    scene = art.layer()
    scene.sky("12343b", "6fa39a")
    scene.circle(500, art.h * 0.36, 190, "f3ead2")
    scene.circle(452, art.h * 0.33, 24, "e6dabb")
    scene.circle(556, art.h * 0.40, 36, "e6dabb")
    scene.circle(520, art.h * 0.28, 14, "e6dabb")
    scene.stars(46, 20, art.h * 0.42, "f3ead2", 4)
    scene.hills(art.h * 0.72, 120, "4d857f", 1.1, 0.1)
    for row, (low, tall, colour) in enumerate(((0.78, 250, "2f6360"), (0.9, 330, "1d4748"), (1.02, 420, "0d2a2e"))):
        for n in range(13 - row * 2):
            x = n * (1040 / (12 - row * 2)) + art.rng.uniform(-24, 24)
            scene.pine(x, art.h * low + 20, tall * art.rng.uniform(0.62, 1.0), colour)
        scene.box(0, art.h * low, 1000, art.h, colour)
    art.add(scene, _door)


def still_water(art: Art) -> None:
    scene = art.layer()
    middle = art.h * 0.56
    scene.sky("f2d8c2", "f9efe2", middle)
    scene.circle(330, middle - 210, 92, "e4572e")
    scene.ridge(middle + 10, 400, "a9b7b8", 3, 0.6)
    scene.ridge(middle + 6, 280, "6e8b8f", 4, 0.7)
    scene.ridge(middle + 4, 150, "2f4f57", 6, 0.8)
    scene.box(0, middle, 1000, art.h, "e9dccd")
    sky = scene.image.crop((0, round((2 * middle - art.h) * art.scale), scene.image.width, round(middle * art.scale)))
    flipped = sky.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    scene.image.paste(flipped, (0, round(middle * art.scale)))
    veil = art.layer()
    veil.polygon([(0, middle), (1000, middle), (1000, art.h), (0, art.h)], "8fb0b5", 92)
    scene.image.alpha_composite(veil.image)
    for _ in range(60):
        y = art.rng.uniform(middle + 10, art.h)
        depth = (y - middle) / (art.h - middle)
        length = art.rng.uniform(40, 260) * (0.3 + depth)
        x = art.rng.uniform(-60, 960)
        scene.line([(x, y), (x + length, y)], 2 + 6 * depth, art.rng.choice(["f4eadc", "c9d6d4", "7f9ea3"]))
    scene.line([(0, middle), (1000, middle)], 4, "f4eadc", False)
    art.add(scene, _card)


def _saguaro(art: Art, x: float, y: float, size: float, colour: str) -> None:
    art.line([(x, y), (x, y - size)], size * 0.17, colour)
    arm = size * 0.12
    art.line([(x, y - size * 0.38), (x - size * 0.26, y - size * 0.38), (x - size * 0.26, y - size * 0.7)], arm, colour)
    art.line(
        [(x, y - size * 0.28), (x + size * 0.28, y - size * 0.28), (x + size * 0.28, y - size * 0.82)], arm, colour
    )


def desert_hours(art: Art) -> None:
    scene = art.layer()
    scene.sky("f6b26b", "fbe3b9")
    sun = art.h * 0.46
    for r, colour in ((300, "f8c483"), (235, "f7a863"), (170, "e9663c")):
        scene.circle(500, sun, r, colour)
    scene.polygon([(-20, sun + 130), (90, sun + 120), (130, sun - 40), (330, sun - 46), (372, sun + 110),
        (1020, sun + 150),
                   (1020, art.h), (-20, art.h)], "c9573b")  # fmt: skip
    scene.polygon([(600, sun + 160), (660, sun + 20), (700, sun + 14), (716, sun - 90), (860, sun - 96), (884,
        sun + 24),
                   (930, sun + 30), (980, sun + 170), (1020, art.h), (560, art.h)], "a8432f")  # fmt: skip
    for offset in (40, 78, 120):
        scene.line([(140, sun - 46 + offset * 0.9), (336, sun - 50 + offset * 0.9)], 6, "b34a34")
    scene.hills(art.h * 0.78, 60, "e08b4f", 0.8, 0.3)
    scene.hills(art.h * 0.9, 90, "7c2f2c", 0.9, 0.75)
    _saguaro(scene, 250, art.h * 0.93, 330, "2d4a3e")
    _saguaro(scene, 770, art.h * 0.9, 190, "38594a")
    _saguaro(scene, 610, art.h * 0.86, 105, "4a6b53")
    art.add(scene, _door)


def contour_lines(art: Art) -> None:
    rng, cx, cy = art.rng, 430.0, art.h * 0.47
    bumps = [(rng.uniform(0.5, 1.0) * 0.15 / k, k, rng.uniform(0, math.tau)) for k in (1, 2, 3, 4)]
    sheet = art.layer()
    if art.full:
        sheet.box(0, 0, 1000, art.h, "efe7d6")
    for ring in range(24, 0, -1):
        r = ring * 33
        path = []
        for n in range(121):
            angle = n / 120 * math.tau
            wobble = 1 + sum(size * math.sin(k * angle + phase + ring * 0.035) for size, k, phase in bumps)
            path.append((cx + r * wobble * 1.12 * math.cos(angle), cy + r * wobble * 0.86 * math.sin(angle)))
        sheet.line(path, 8 if ring % 5 == 0 else 4, "3f6b5a" if ring % 5 else "c8643c", False)
    sheet.line([(cx, cy + 24), (cx - 26, cy - 18), (cx + 26, cy - 18), (cx, cy + 24)], 9, "c8643c")
    art.add(sheet, _card if art.full else _disc)
    if not art.full:
        art.ring(500, 500, 484, 10, "c8643c")


def northern_coast(art: Art) -> None:
    scene = art.layer()
    scene.sky("1c3f5f", "f2b38a", art.h * 0.62)
    horizon = art.h * 0.6
    lamp = (664.0, art.h * 0.245)
    beam = art.layer()
    beam.polygon([lamp, (-40, art.h * 0.06), (-40, art.h * 0.27)], "fff1c9", 150)
    beam.polygon([lamp, (1040, art.h * 0.2), (1040, art.h * 0.3)], "fff1c9", 120)
    scene.image.alpha_composite(beam.image)
    scene.circle(250, horizon - 10, 105, "f7dfae")
    for n, colour in enumerate(("3f7186", "32637b", "28546d", "1f4560", "173752")):
        y = horizon + n * (art.h - horizon) / 5
        scene.polygon([*wavy(-20, 1020, y, 9 + n * 3, 4 - n * 0.45, n * 0.3), (1020, art.h), (-20, art.h)], colour)
        for _ in range(7):
            x = art.rng.uniform(0, 1000)
            scene.line([(x, y + 40), (x + art.rng.uniform(40, 120), y + 40)], 4 + n, "7fa9b3")
    scene.polygon([(420, art.h * 0.78), (520, art.h * 0.6), (585, art.h * 0.575), (600, art.h * 0.52), (740,
        art.h * 0.515),
                   (800, art.h * 0.58), (1020, art.h * 0.54), (1020, art.h * 0.86), (700, art.h * 0.82)],
                       "2b2f3a")  # fmt: skip
    scene.polygon([(520, art.h * 0.6), (585, art.h * 0.575), (600, art.h * 0.52), (740, art.h * 0.515), (690,
        art.h * 0.6)],
                  "454b58")  # fmt: skip
    top, foot = art.h * 0.28, art.h * 0.53
    for n in range(5):
        a, b = n / 5, (n + 1) / 5
        y0, y1 = top + (foot - top) * a, top + (foot - top) * b
        w0, w1 = 34 + 26 * a, 34 + 26 * b
        scene.polygon([(664 - w0, y0), (664 + w0, y0), (664 + w1, y1), (664 - w1, y1)], "d8433b" if n % 2 else "f7efe2")
    scene.box(612, top - 16, 104, 18, "22262f")
    scene.box(634, top - 66, 60, 52, "ffe9a8")
    scene.polygon([(622, top - 64), (706, top - 64), (664, top - 106)], "d8433b")
    for x in (150, 240, 330):
        y = art.h * 0.2 + x * 0.2
        scene.line([(x - 26, y - 9), (x, y), (x + 26, y - 9)], 6, "fdf6e8")
    art.add(scene, _card)


def valley_light(art: Art) -> None:
    scene = art.layer()
    scene.sky("fbe6b8", "f6cf8e")
    scene.circle(500, art.h * 0.34, 130, "fff6dd")
    colours = ("d9d08f", "b5bf7d", "8aa86f", "5f8d63", "3d6f57", "265047", "163a38")
    for n, colour in enumerate(colours):
        scene.hills(art.h * (0.46 + n * 0.092), 120, colour, 0.8 + 0.16 * n, n * 0.37)
    for _ in range(18):
        x, y = art.rng.uniform(40, 960), art.h * art.rng.uniform(0.8, 0.95)
        scene.circle(x, y, art.rng.uniform(12, 22), "10302f")
    art.add(scene, _disc)


def base_camp(art: Art) -> None:
    scene = art.layer()
    scene.sky("0f1b3d", "44508a")
    scene.stars(110, 10, art.h * 0.66, "f8ecd0", 4.5)
    band = art.layer()
    for n in range(140):
        t = n / 140
        x, y = 100 + 900 * t + art.rng.gauss(0, 46), art.h * 0.62 - 520 * t + art.rng.gauss(0, 46)
        band.circle(x, y, art.rng.uniform(1, 4), "aab4e0")
    scene.image.alpha_composite(band.image)
    scene.ridge(art.h * 0.8, 300, "27315f", 4, 0.8)
    scene.ridge(art.h * 0.86, 170, "18204a", 6, 0.8)
    ground = art.h * 0.84
    scene.box(0, ground, 1000, art.h, "0d1230")
    for x, tall in ((80, 300), (170, 230), (840, 260), (930, 340), (760, 180)):
        scene.pine(x, ground + 20, tall, "0d1230")
    scene.polygon([(290, ground + 40), (500, ground - 190), (712, ground + 40)], "f29e4c")
    scene.polygon([(500, ground - 190), (712, ground + 40), (590, ground + 40)], "d97b34")
    scene.polygon([(500, ground - 190), (500, ground + 40), (420, ground + 40)], "ffe3a3")
    scene.polygon([(500, ground - 190), (500, ground + 40), (564, ground + 40)], "fff3cf")
    scene.line([(500, ground - 190), (492, ground - 214)], 7, "d97b34")
    art.add(scene, _disc)


def river_bend(art: Art) -> None:
    scene = art.layer()
    scene.sky("f3dcc0", "fbf1df")
    scene.circle(720, art.h * 0.17, 84, "e9a03b")
    greens = ("b9c9a6", "97b38d", "749a77", "55805f", "3b6550", "284d42")
    for n, colour in enumerate(greens):
        scene.hills(art.h * (0.34 + n * 0.11), 150 - n * 8, colour, 0.7 + n * 0.13, 0.2 + n * 0.41)
    left, right = [], []
    for n in range(81):
        t = n / 80
        y = art.h * (0.3 + 0.72 * t)
        x = 560 + math.sin(t * 8.4 + 0.4) * (30 + 260 * t)
        half = 4 + 120 * t * t
        left.append((x - half, y))
        right.append((x + half, y))
    scene.polygon([*left, *reversed(right)], "6fb1c4")
    for share, colour in ((0.45, "93c8d4"), (0.12, "d8eef0")):
        inner = [((a[0] * (1 - share) + b[0] * share), a[1]) for a, b in zip(left, right, strict=True)]
        scene.line(inner[8:], 7, colour)
    for _ in range(46):
        y = art.h * art.rng.uniform(0.5, 1.0)
        x = art.rng.uniform(0, 1000)
        t = (y / art.h - 0.3) / 0.72
        if abs(x - (560 + math.sin(t * 8.4 + 0.4) * (30 + 260 * t))) > 60 + 150 * t * t:
            scene.pine(x, y, 50 + 90 * t, shade("23453c", 0.12 - 0.25 * t))
    art.add(scene, _card)


def summit_club(art: Art) -> None:
    cream, dark = "f2e6cf", "23344a"
    art.circle(500, 500, 480, cream)
    art.circle(500, 500, 462, dark)
    art.ring(500, 500, 442, 7, cream)
    ringed(art, "SUMMIT CLUB", 500, 500, 338, 72, 16, cream, spread=8)
    ringed(art, "NO FEES · NO MEETINGS", 500, 500, 408, 52, 10, "e9a03b", 90, below=True)
    scene = art.layer()
    scene.sky("e9a03b", "f6d28b")
    scene.circle(500, 470, 92, "f9f0db")
    scene.polygon([(180, 760), (430, 380), (520, 510), (600, 430), (830, 760)], "8a4b3c")
    scene.polygon([(430, 380), (520, 510), (600, 430), (830, 760), (560, 760)], "5e2f30")
    scene.polygon([(430, 380), (372, 470), (412, 452), (440, 486), (470, 452), (489, 465)], cream)
    scene.polygon([(600, 430), (568, 466), (596, 460), (622, 486), (640, 488)], cream)
    scene.box(0, 690, 1000, 320, "2f5d50")
    for x in (250, 310, 380, 640, 700, 760):
        scene.pine(x, 720, 110 + (x % 7) * 9, "1d3f38")
    art.add(scene, lambda sheet: sheet.circle(500, 505, 296, "ffffff"))
    art.ring(500, 505, 300, 9, cream)
