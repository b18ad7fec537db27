"""Retro Waves: stripes, arches, records, palms and one large wave."""

from __future__ import annotations

import math

from sandbox.pictures.art import Art, wavy
from sandbox.pictures.brush import Path, arc
from sandbox.pictures.lettering import caption, word

_SUN = ("f6d28b", "f4b860", "ee9448", "e4702f", "cf4d2d", "a83a34")
_CREAM = "f5ecd9"


def _card(art: Art) -> None:
    art.box(0, 0, 1000, art.h, "ffffff")


def _striped_sun(art: Art, x: float, y: float, r: float, colours: tuple[str, ...] = _SUN, cuts: int = 6) -> None:
    sun = art.layer()
    bands = len(colours)
    for n, colour in enumerate(colours):
        sun.box(x - r, y - r + 2 * r * n / bands, 2 * r, 2 * r / bands + 2, colour)
    gaps = art.layer()
    for n in range(cuts):
        top = y + r * (0.04 + 0.96 * n / cuts)
        gaps.box(x - r, top, 2 * r, r * (0.02 + 0.075 * n / cuts), "ffffff")
    sun.image.paste((0, 0, 0, 0), (0, 0), gaps.image.getchannel("A"))
    art.add(sun, lambda sheet: sheet.circle(x, y, r, "ffffff"))


def sunset_stripes(art: Art) -> None:
    _striped_sun(art, 500, 400, 350)
    for n, colour in enumerate(("2f7a76", "3f9a92", "7fc1b4", "c8dfc8")):
        art.line(wavy(110, 890, 806 + n * 46, 15, 3.0, n * 0.16), 25, colour)
    for x, y in ((160, 210), (232, 172), (820, 250)):
        art.line([(x - 34, y - 13), (x, y), (x + 34, y - 13)], 9, art.ink)


def rainbow_arches(art: Art) -> None:
    scene = art.layer()
    scene.sky("f6ead4", "f1dfc3")
    h = art.h
    colours = ("a83a34", "cf5a35", "e9923f", "f2c067", "8fb3a6", "3f7186")
    for cx, cy, size in ((500.0, h * 0.62, 1.0), (180.0, h * 1.02, 0.62), (840.0, h * 1.02, 0.7)):
        for n, colour in enumerate(colours):
            r = (400 - n * 58) * size
            scene.polygon([(cx - r, h + 20), *arc(cx, cy, r, r, 180, 360), (cx + r, h + 20)], colour)
            inner = r - 29 * size
            scene.polygon([(cx - inner, h + 20), *arc(cx, cy, inner, inner, 180, 360), (cx + inner, h + 20)], "f5e7ce")
        r = 52 * size
        scene.polygon([(cx - r, h + 20), *arc(cx, cy, r, r, 180, 360), (cx + r, h + 20)], "a83a34")
    scene.circle(770, h * 0.15, 92, "e9923f")
    scene.circle(770, h * 0.15, 62, "f2c067")
    art.add(scene, _card)


def ocean_scales(art: Art) -> None:
    sheet = art.layer()
    if art.full:
        sheet.sky("f2ead8", "f2ead8")
    r = 100.0
    sets = (("1f4560", "f2ead8", "3f7f99", "f2ead8", "8fc1c9"), ("245a78", "f2ead8", "5a9aad", "f2ead8", "b9dbdb"),
            ("17354d", "f2ead8", "2f6b86", "f2ead8", "e2a54f"))  # fmt: skip
    rows = int(art.h / (r * 0.5)) + 3
    for row in range(rows):
        for column in range(-1, 7):
            x = column * 2 * r + (r if row % 2 else 0)
            colours = sets[(row * 2 + column * 3) % 7 % 3]
            bands = zip((0.98, 0.8, 0.68, 0.5, 0.34), colours, strict=True)
            sheet.circle(x, row * r * 0.5, r, "f2ead8")
            sheet.scallop(x, row * r * 0.5, r, bands)
    art.add(sheet, None if art.full else lambda window: window.box(20, 20, 960, 960, "ffffff", 60))


def side_b(art: Art) -> None:
    rim = "1c1b20" if not art.dark else "2a2831"
    art.circle(500, 500, 470, rim)
    for n in range(15):
        art.ring(500, 500, 448 - n * 16, 3, "3a3843" if n % 3 else "4c4957")
    shine = art.layer()
    for start in (-62, 118):
        shine.polygon([(500, 500), *arc(500, 500, 452, 452, start, start + 26)], "ffffff", 26)
    art.image.alpha_composite(shine.image)
    label = art.layer()
    for n, colour in enumerate(("f6d28b", "f2a952", "e4702f", "c94b35", "8f2f3c")):
        label.box(280, 290 + n * 84, 440, 90, colour)
    label.circle(500, 470, 92, _CREAM)
    label.box(280, 560, 440, 200, "2f7a76")
    label.line(wavy(280, 720, 572, 9, 4), 16, "7fc1b4")
    art.add(label, lambda sheet: sheet.circle(500, 500, 206, "ffffff"))
    word(art, "SIDE B", 500, 610, 54, [(11, _CREAM)], 9)
    art.circle(500, 500, 24, rim)
    art.circle(500, 500, 13, "8a8894")


def _palm(art: Art, x: float, foot: float, tall: float, lean: float, colour: str) -> None:
    trunk: Path = [(x + lean * (t / 20) ** 1.8, foot - tall * t / 20) for t in range(21)]
    art.line(trunk, tall * 0.042, colour)
    cx, cy = trunk[-1]
    for angle, length in ((-172, 0.46), (-150, 0.5), (-122, 0.44), (-92, 0.36), (-58, 0.44), (-30, 0.5), (-8,
        0.46), (22, 0.38),
                          (158, 0.38)):  # fmt: skip
        reach = tall * length
        rad = math.radians(angle)
        spine = [
            (cx + reach * t / 14 * math.cos(rad), cy + reach * t / 14 * math.sin(rad) + reach * 0.55 * (t / 14) ** 2)
            for t in range(15)
        ]
        art.line(spine, tall * 0.013, colour)
        for n in range(1, 15):
            px, py = spine[n]
            size = reach * 0.34 * (1 - n / 19)
            for side in (62, 112):
                art.leaf(px, py, side, size, size * 0.2, colour)


def palm_drive(art: Art) -> None:
    _striped_sun(art, 500, 470, 370, ("ffd98a", "ffb86b", "ff8f66", "f0647a", "c94b8c", "7d3f98"), 7)
    dark = "181430" if not art.dark else "120f26"
    _palm(art, 330, 880, 620, -60, dark)
    _palm(art, 700, 880, 500, 70, dark)
    _palm(art, 520, 880, 330, 20, dark)
    art.box(120, 862, 760, 20, art.ink, 10)
    for n in range(3):
        art.box(180 + n * 70, 902 + n * 30, 640 - n * 140, 10, ("f0647a", "c94b8c", "7d3f98")[n], 5)


def big_swell(art: Art) -> None:
    scene = art.layer()
    h = art.h
    scene.sky("f7ecd8", "f3dcb8")
    scene.circle(730, h * 0.24, 120, "e4572e")
    tones = ("12324f", "1c4a6b", "286487", "3b82a0", "62a3b5", "9cc8cc")
    for n, colour in enumerate(tones):
        k = n / 5
        crest = (430 - 60 * k, h * (0.3 + 0.075 * n))
        body: Path = [(-40, h + 20), (-40, h * (0.62 + 0.05 * n))]
        body += [(-40 + (crest[0] + 40) * t,
            h * (0.62 + 0.05 * n) + (crest[1] - h * (0.62 + 0.05 * n)) * (t**2.2)) for t in
                 (i / 20 for i in range(21))]  # fmt: skip
        r = 205 - n * 26
        body += arc(crest[0] + 10, crest[1] + r, r * 1.35, r, -90, 72, 30)
        body += [(crest[0] + 60, crest[1] + r * 1.55)]
        body += arc(crest[0] + 250 - n * 6, h * (0.7 + 0.032 * n), 300, h * 0.15, 180, 90, 20)
        body += [(1040, h * (0.80 + 0.03 * n)), (1040, h + 20)]
        scene.polygon(body, colour)
    for n in range(26):
        angle = math.radians(-100 + n * 7.2)
        x, y = 440 + 290 * math.cos(angle), h * 0.3 + 205 + 214 * math.sin(angle)
        scene.circle(x, y, 20 + 15 * abs(math.sin(n * 1.7)), "fdf8ec")
    for _ in range(40):
        scene.circle(art.rng.uniform(560, 860), h * art.rng.uniform(0.28, 0.62), art.rng.uniform(3, 9), "fdf8ec")
    for n in range(5):
        y = h * (0.86 + 0.03 * n)
        scene.line(wavy(-20, 1020, y, 10, 3.5, n * 0.23), 8, ("fdf8ec", "9cc8cc")[n % 2])
    art.add(scene, _card)


def groovy_bloom(art: Art) -> None:
    spots = ((500, 500, 230, "e4702f", "f6d28b"), (190, 210, 130, "d8587a", "fbe3b0"), (820, 200, 140,
        "f2b950", "a83a34"),
             (180, 800, 140, "f2b950", "a83a34"), (820, 810, 130, "3f8f8a", "fbe3b0"), (500, 115, 84, "3f8f8a",
                 "f6d28b"),
             (500, 890, 88, "d8587a", "f6d28b"), (120, 505, 84, "a83a34", "f2b950"), (885, 505, 84, "a83a34",
                 "f2b950"))  # fmt: skip
    for x, y, r, petal, middle in spots:
        for n in range(6):
            angle = math.radians(n * 60 + (r % 7) * 6)
            art.circle(x + r * 0.58 * math.cos(angle), y + r * 0.58 * math.sin(angle), r * 0.42, petal)
        art.circle(x, y, r * 0.5, petal)
        art.circle(x, y, r * 0.32, middle)
        if r > 200:
            art.circle(x - 28, y - 16, 10, "5c2430")
            art.circle(x + 28, y - 16, 10, "5c2430")
            art.line(arc(x, y + 2, 34, 30, 20, 160), 9, "5c2430")


def checker_sun(art: Art) -> None:
    board = art.layer()
    for row in range(12):
        for column in range(12):
            if (row + column) % 2:
                board.box(column * 84, row * 84, 84, 84, "2b2a2f")
            else:
                board.box(column * 84, row * 84, 84, 84, _CREAM)
    art.add(board, lambda sheet: sheet.box(30, 560, 940, 340, "ffffff", 30))
    for n, colour in enumerate(_SUN):
        r = 400 - n * 62
        art.polygon(arc(500, 560, r, r, 180, 360), colour)
    for n in range(15):
        angle = math.radians(180 + n * 180 / 14)
        art.line([(500 + 424 * math.cos(angle), 548 + 424 * math.sin(angle)),
                  (500 + 482 * math.cos(angle), 548 + 482 * math.sin(angle))], 17, "e4702f")  # fmt: skip


def open_road(art: Art) -> None:
    scene = art.layer()
    scene.sky("f6c667", "fbe3b0")
    for n, colour in enumerate(("f4ab55", "ee8a45", "e4602f")):
        scene.circle(500, 470, 300 - n * 76, colour)
    scene.ridge(590, 230, "a83a4a", 4, 0.6)
    scene.ridge(600, 120, "6b2f45", 6, 0.6)
    scene.box(0, 590, 1000, 420, "c98a4a")
    for n in range(4):
        scene.box(0, 620 + n * n * 26, 1000, 8 + n * 5, "b5763d")
    scene.polygon([(488, 590), (512, 590), (820, 1010), (180, 1010)], "2b2a33")
    scene.polygon([(486, 590), (490, 590), (196, 1010), (160, 1010)], _CREAM)
    scene.polygon([(510, 590), (514, 590), (840, 1010), (804, 1010)], _CREAM)
    for n in range(6):
        t0, t1 = (n / 6) ** 1.8, ((n + 0.55) / 6) ** 1.8
        y0, y1 = 596 + 410 * t0, 596 + 410 * t1
        w0, w1 = 1.5 + 14 * t0, 1.5 + 14 * t1
        scene.polygon([(500 - w0, y0), (500 + w0, y0), (500 + w1, y1), (500 - w1, y1)], "f6c667")
    for x, size in ((140, 150), (250, 80), (880, 130), (760, 70)):
        y = 640 + size * 0.7
        scene.line([(x, y), (x, y - size)], size * 0.15, "2d4a3e")
        scene.line(
            [(x, y - size * 0.4), (x - size * 0.26, y - size * 0.4), (x - size * 0.26, y - size * 0.7)],
            size * 0.11,
            "2d4a3e",
        )
        scene.line(
            [(x, y - size * 0.3), (x + size * 0.26, y - size * 0.3), (x + size * 0.26, y - size * 0.75)],
            size * 0.11,
            "2d4a3e",
        )
    art.add(scene, lambda sheet: sheet.box(40, 40, 920, 920, "ffffff", 200))


def mixtape(art: Art) -> None:
    art.box(60, 190, 880, 600, "e9dcc3", 46)
    art.box(84, 214, 832, 552, "23344a", 34)
    art.box(130, 254, 740, 330, _CREAM, 22)
    for n, colour in enumerate(("e4572e", "f29e4c", "f6c667", "3f8f8a")):
        art.box(130, 392 + n * 36, 740, 37, colour)
    art.box(130, 536, 740, 48, _CREAM, 22)
    caption(art, "for the drive home", 500, 325, 84, "23344a", "italic")
    art.box(270, 420, 460, 120, "23344a", 60)
    for x in (345, 655):
        art.circle(x, 480, 48, _CREAM)
        art.circle(x, 480, 30, "23344a")
        for n in range(6):
            angle = math.radians(n * 60 + 15)
            art.line([(x + 30 * math.cos(angle), 480 + 30 * math.sin(angle)),
                      (x + 46 * math.cos(angle), 480 + 46 * math.sin(angle))], 9, "23344a")  # fmt: skip
    art.box(430, 440, 140, 80, "8a6f4d", 8)
    art.polygon([(250, 766), (290, 650), (710, 650), (750, 766)], "33475f")
    for x in (330, 420, 580, 670):
        art.circle(x, 716, 15, "e9dcc3")
    for x, y in ((112, 242), (888, 242), (112, 738), (888, 738)):
        art.circle(x, y, 11, "e9dcc3")
    caption(art, "A", 190, 560, 44, "23344a", "bold")
    caption(art, "90 min", 780, 560, 38, "23344a", "bold")
