"""Night Sky: moons, planets, constellations."""

from __future__ import annotations

import math

from sandbox.pictures.art import Art, arch, shade, wavy
from sandbox.pictures.brush import Path, arc
from sandbox.pictures.lettering import caption

_CREAM, _GOLD, _NIGHT = "f3e9d2", "e8b04b", "141c3a"


def _disc(art: Art) -> None:
    if art.full:
        art.box(0, 0, 1000, art.h, "ffffff")
    else:
        art.circle(500, 500, 480, "ffffff")


def _phase(art: Art, x: float, y: float, r: float, lit: float, light: str, shadow: str) -> None:
    """A moon whose lit share runs from -1 (waning) over 0 (new) to 1 (full and past)."""
    art.circle(x, y, r, shadow)
    if lit == 0:
        return
    outer = arc(x, y, r, r, -90, 90) if lit > 0 else arc(x, y, r, r, 270, 90)
    bulge = (2 * abs(lit) - 1) * r
    inner = arc(x, y, bulge, r, 90, 270) if lit > 0 else arc(x, y, bulge, r, 90, -90)
    art.polygon([*outer, *inner], light)


def moon_phases(art: Art) -> None:
    light, shadow = (_CREAM, "3b4266") if art.dark else ("e3c27a", "3a3f5c")
    for n, lit in enumerate((0.2, 0.5, 0.8, 1.0, -0.8, -0.5, -0.2)):
        x, y = 500.0, 0.0
        angle = math.radians(-180 + n * 30)
        x, y = 500 + 385 * math.cos(angle), 560 + 385 * math.sin(angle)
        _phase(art, x, y, 104 if lit == 1.0 else 62, lit, light, shadow)
        if lit == 1.0:
            for cx, cy, r in ((-34, -22, 20), (28, 26, 28), (22, -40, 12), (-30, 44, 12)):
                art.circle(x + cx, y + cy, r, "dccfae" if art.dark else "cfa95a")
    art.polygon(arch(500, 600, 150, 600), _GOLD)
    for n in range(13):
        angle = math.radians(180 + n * 15)
        near, far = 178, 232 if n % 2 else 262
        art.line([(500 + near * math.cos(angle), 600 + near * math.sin(angle)),
                  (500 + far * math.cos(angle), 600 + far * math.sin(angle))], 9, _GOLD)  # fmt: skip
    for n in range(6):
        width = 440 - n * 70
        art.line([(500 - width, 640 + n * 44), (500 + width, 640 + n * 44)], 9, art.ink if n % 2 else _GOLD)


_BEAR: dict[str, tuple[float, float, float]] = {
    "alkaid": (90, 300, 17), "mizar": (225, 250, 18), "alioth": (325, 285, 20), "megrez": (440, 330, 13),
    "dubhe": (640, 250, 21), "merak": (655, 400, 18), "phecda": (470, 450, 17), "nose": (850, 205, 14),
    "ear": (770, 165, 10), "chest": (800, 360, 12), "fore": (900, 520, 13), "paw": (935, 560, 13),
    "knee": (560, 610, 12), "hind": (500, 770, 14), "toe": (470, 815, 13),
}  # fmt: skip
_LINES = (("alkaid", "mizar"), ("mizar", "alioth"), ("alioth", "megrez"), ("megrez", "dubhe"), ("dubhe", "merak"),
          ("merak", "phecda"), ("phecda", "megrez"), ("dubhe", "ear"), ("ear", "nose"), ("nose", "chest"),
          ("chest", "merak"), ("chest", "fore"), ("fore", "paw"), ("phecda", "knee"), ("knee", "hind"),
              ("hind", "toe"))  # fmt: skip


def great_bear(art: Art) -> None:
    star = _GOLD if art.dark else "b5722a"
    for _ in range(70):
        art.circle(art.rng.uniform(20, 980), art.rng.uniform(60, 860), art.rng.uniform(2, 5), art.ink)
    for a, b in _LINES:
        (ax, ay, _), (bx, by, _) = _BEAR[a], _BEAR[b]
        art.line([(ax, ay), (bx, by)], 5, art.ink)
    for x, y, r in _BEAR.values():
        art.star(x, y, r * 2.6, star, 8, 0.42)
    art.star(330, 60, 40, star, 4, 0.16)
    for n in range(9):
        t0, t1 = n / 9, (n + 0.5) / 9
        ax, ay, bx, by = 655 - 15, 240, 350, 74
        art.line([(ax + (bx - ax) * t0, ay + (by - ay) * t0), (ax + (bx - ax) * t1, ay + (by - ay) * t1)], 4, star)
    caption(art, "URSA MAJOR", 500, 930, 50, art.ink, "serif", 22)


def ringed_planet(art: Art) -> None:
    for _ in range(34):
        art.circle(art.rng.uniform(40, 960), art.rng.uniform(60, 940), art.rng.uniform(2, 4), art.ink)

    def ellipse_ring(sheet: Art, rx: float, ry: float, width: float, colour: str, half: str) -> None:
        start, end = (180, 360) if half == "back" else (0, 180)
        path = arc(500, 500, rx, ry, start, end, 80)
        tilt = math.radians(-18)
        turned = [
            (500 + (x - 500) * math.cos(tilt) - (y - 500) * math.sin(tilt),
             500 + (x - 500) * math.sin(tilt) + (y - 500) * math.cos(tilt)) for x, y in path
        ]  # fmt: skip
        sheet.line(turned, width, colour, False)

    rings = ((452, 128, 26, "d9a066"), (406, 112, 20, "b86f52"), (366, 98, 18, _CREAM))
    for rx, ry, width, colour in rings:
        ellipse_ring(art, rx, ry, width, colour, "back")
    ball = art.layer()
    bands = ("f2c98a", "e8a86a", "f6dcb0", "d98757", "efbd80", "c96f4e", "e8a86a", "a9543f")
    for n, colour in enumerate(bands):
        y = 250 + n * 66
        tilted = [(x, py - (x - 500) * 0.325) for x, py in wavy(150, 850, y, 7, 2.0, n * 0.31)]
        ball.polygon([*tilted, (900, 1000), (100, 1000)], colour)
    night = art.layer()
    night.polygon(arc(500, 500, 270, 270, 0, 360), "3a1f3d", 96)
    day = art.layer()
    day.circle(440, 445, 268, "ffffff")
    night.image.paste((0, 0, 0, 0), (0, 0), day.image.getchannel("A"))
    ball.image.alpha_composite(night.image)
    art.add(ball, lambda sheet: sheet.circle(500, 500, 250, "ffffff"))
    for rx, ry, width, colour in rings:
        ellipse_ring(art, rx, ry, width, colour, "front")
    for x, y, r in ((140, 210, 34), (850, 180, 22), (820, 800, 36), (210, 800, 20), (500, 110, 16), (930, 560, 14)):
        art.star(x, y, r * 1.5, _GOLD if art.dark else "b5722a")


def star_trails(art: Art) -> None:
    scene = art.layer()
    scene.sky("0b1531", "2f4a7a")
    cx, cy = 560.0, art.h * 0.36
    colours = ("f3e9d2", "cbd6ee", "8fa8d8", "e8b04b", "f6d9a0", "6f8ac4")
    for n in range(95):
        r = 14 + n * 10.5
        start = art.rng.uniform(0, 360)
        for _ in range(1 + n // 24):
            sweep = art.rng.uniform(24, 62)
            scene.line(
                arc(cx, cy, r, r, start, start + sweep, 36), art.rng.choice((2, 3, 3, 5)), art.rng.choice(colours)
            )
            start += sweep + art.rng.uniform(20, 120)
    scene.circle(cx, cy, 7, _CREAM)
    scene.hills(art.h * 0.93, 90, "101a3a", 0.9, 0.2)
    for n in range(17):
        scene.pine(n * 64 + art.rng.uniform(-20, 20), art.h * 0.97, art.rng.uniform(110, 330), "0a1128")
    scene.box(0, art.h * 0.955, 1000, 100, "0a1128")
    art.add(scene, _disc)


def small_hours(art: Art) -> None:
    for _ in range(44):
        art.circle(art.rng.uniform(20, 980), art.rng.uniform(40, 960), art.rng.uniform(3, 7), art.ink)
    moon = art.layer()
    moon.circle(470, 500, 330, _GOLD)
    hole = art.layer()
    hole.circle(590, 440, 290, "ffffff")
    moon.image.paste((0, 0, 0, 0), (0, 0), hole.image.getchannel("A"))
    art.add(moon)
    for x, y, r in ((640, 430, 92), (820, 250, 52), (850, 640, 44), (700, 700, 28), (520, 300, 26), (120, 180, 40),
                    (80, 820, 34), (900, 860, 26), (300, 70, 24)):  # fmt: skip
        art.star(x, y, r, art.ink if r < 50 else "f6d28b", 4, 0.2)


def comet_season(art: Art) -> None:
    colours = ("e4572e", "f29e4c", "f6d28b", "7fb3b0", "3f7186")
    for _ in range(30):
        art.circle(art.rng.uniform(40, 960), art.rng.uniform(60, 960), art.rng.uniform(2, 6), art.ink)
    hx, hy, angle = 290.0, 690.0, math.radians(-38)
    ux, uy = math.cos(angle), math.sin(angle)
    for n, colour in enumerate(colours):
        off = (n - 2) * 58
        sx, sy = hx - uy * off, hy + ux * off
        length = (640, 740, 830, 720, 600)[n]
        path = [
            (sx + ux * length * t / 30, sy + uy * length * t / 30 - math.sin(t / 30 * math.pi) * 34) for t in range(31)
        ]
        art.line(path, 46, colour)
    art.circle(hx, hy, 168, art.ink)
    art.circle(hx, hy, 140, "f29e4c")
    art.circle(hx - 26, hy + 24, 92, "f6d28b")
    art.circle(hx - 40, hy + 36, 46, "fdf4df")
    for x, y, r in ((120, 260, 46), (760, 760, 52), (900, 560, 28), (430, 180, 30), (90, 900, 30), (560, 900, 34)):
        art.star(x, y, r, art.ink)


def orrery(art: Art) -> None:
    scene = art.layer()
    scene.sky("16213f", "1d2b52")
    cx, cy = 500.0, art.h * 0.46
    scene.stars(90, 10, art.h - 10, "8f9cc4", 3)
    planets = ((110, 12, "c9a27a", 20), (160, 18, "e8c48a", 140), (215, 20, "6fb1c4", 250), (268, 15, "d2603f", 70),
               (340, 50, "e0a878", 205), (400, 40, "f0d6a0", 330), (445, 26, "9fd0cf", 110), (482, 25,
                   "5b86c9", 285))  # fmt: skip
    for n in range(24):
        angle = math.radians(n * 15)
        far = 92 if n % 2 else 104
        scene.line([(cx + 70 * math.cos(angle), cy + 70 * math.sin(angle)),
                    (cx + far * math.cos(angle), cy + far * math.sin(angle))], 5, _GOLD)  # fmt: skip
    scene.circle(cx, cy, 60, _GOLD)
    scene.circle(cx, cy, 44, "f6d28b")
    for orbit, _, _, _ in planets:
        scene.ring(cx, cy, orbit + 16, 3, "c9b98a")
    for orbit, r, colour, degrees in planets:
        angle = math.radians(degrees)
        x, y = cx + (orbit + 15) * math.cos(angle), cy + (orbit + 15) * math.sin(angle)
        scene.circle(x, y, r + 7, "1a2648")
        if orbit == 400:
            scene.line([(x - 70, y + 22), (x + 70, y - 22)], 9, "d9b36a")
        scene.circle(x, y, r, colour)
        scene.circle(x - r * 0.25, y - r * 0.25, r * 0.5, shade(colour, 0.25))
    caption(scene, "ORRERY", 500, art.h - 118, 62, _CREAM, "serif", 34)
    caption(scene, "not to scale", 500, art.h - 58, 32, "c9b98a", "italic")
    art.add(scene, _disc)


def cloud_crescent(art: Art) -> None:
    moon = art.layer()
    moon.circle(500, 420, 300, "f0c368")
    hole = art.layer()
    hole.circle(610, 350, 262, "ffffff")
    moon.image.paste((0, 0, 0, 0), (0, 0), hole.image.getchannel("A"))
    art.add(moon)
    for y, shift, colour in ((650, 0, "8fa9c4"), (730, 60, "c4d3df"), (810, -10, "f4efe4")):
        for x, r in ((190, 74), (300, 104), (430, 132), (580, 118), (700, 92), (800, 66)):
            art.circle(x + shift, y - r * 0.35, r * 0.9, colour)
        art.box(130 + shift, y - 40, 730, 92, colour, 46)
    for x, y, r in ((640, 330, 60), (800, 220, 36), (200, 250, 34), (740, 480, 26), (120, 470, 26), (560, 130, 26)):
        art.star(x, y, r, art.ink)
    for x, top in ((300, 870), (480, 880), (660, 872)):
        art.line([(x, top), (x, top + 44)], 5, art.ink)
        art.star(x, top + 78, 32, "f0c368")


def eclipse(art: Art) -> None:
    hot = ("f6d28b", "f29e4c", "e4572e")
    for n in range(72):
        angle = math.radians(n * 5)
        long = (460, 360, 410, 335)[n % 4]
        art.line([(500 + 292 * math.cos(angle), 500 + 292 * math.sin(angle)),
                  (500 + long * math.cos(angle), 500 + long * math.sin(angle))], 9, hot[n % 3])  # fmt: skip
    art.circle(500, 500, 276, "f29e4c")
    art.circle(500, 500, 262, "fbe3b0")
    art.circle(500, 500, 246, "17161c" if not art.dark else "26232e")
    art.star(690, 318, 92, "fff3d6", 4, 0.12)
    for x, y, r in ((90, 110, 30), (910, 130, 22), (890, 900, 32), (110, 880, 22)):
        art.star(x, y, r, art.ink)


_FIGURES: tuple[tuple[Path, tuple[tuple[int, int], ...]], ...] = (
    ([(280, 250), (350, 300), (410, 260), (470, 320), (540, 290)], ((0, 1), (1, 2), (2, 3), (3, 4))),
    ([(600, 560), (640, 640), (620, 720), (700, 740), (720, 650), (660, 650)], ((0, 1), (1, 2), (2, 3), (3, 4),
        (4, 1), (1, 5))),
    ([(230, 560), (300, 520), (370, 560), (360, 640), (280, 660), (430, 500), (490, 470)],
     ((0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (2, 5), (5, 6))),
    ([(640, 300), (700, 380), (780, 400), (760, 480), (690, 470)], ((0, 1), (1, 2), (2, 3), (3, 4), (4, 1))),
    ([(330, 800), (420, 760), (500, 800), (580, 850)], ((0, 1), (1, 2), (2, 3))),
)  # fmt: skip


def star_map(art: Art) -> None:
    scene = art.layer()
    scene.sky("f1e6cd", "e9dab9")
    cy = art.h * 0.45
    lift = cy - 500
    scene.circle(500, cy, 440, _NIGHT)
    scene.ring(500, cy, 462, 5, _NIGHT)
    scene.ring(500, cy, 428, 3, "c9b98a")
    for r in (130, 240, 340):
        scene.ring(500, cy, r, 2, "4a5688")
    for n in range(12):
        angle = math.radians(n * 30)
        scene.line([(500 + 40 * math.cos(angle), cy + 40 * math.sin(angle)),
                    (500 + 424 * math.cos(angle), cy + 424 * math.sin(angle))], 1.6, "3a4676", False)  # fmt: skip
    for n in range(72):
        angle = math.radians(n * 5)
        near = 446 if n % 6 else 440
        scene.line([(500 + near * math.cos(angle), cy + near * math.sin(angle)),
                    (500 + 462 * math.cos(angle), cy + 462 * math.sin(angle))], 3, _NIGHT)  # fmt: skip
    for _ in range(230):
        far, angle = 415 * math.sqrt(art.rng.random()), art.rng.uniform(0, math.tau)
        scene.circle(500 + far * math.cos(angle), cy + far * math.sin(angle), art.rng.uniform(1, 4), _CREAM)
    for points, lines in _FIGURES:
        for a, b in lines:
            scene.line([(points[a][0], points[a][1] + lift), (points[b][0], points[b][1] + lift)], 4, _GOLD)
        for x, y in points:
            scene.star(x, y + lift, 22, "fbe9c0", 8, 0.4)
    caption(scene, "THE NORTHERN SKY", 500, art.h - 150, 60, _NIGHT, "serif", 18)
    caption(scene, "as seen on a clear night in spring", 500, art.h - 84, 36, "6b5f47", "italic")
    for text, x, y in (("N", 500, cy - 484), ("S", 500, cy + 486), ("E", 20, cy), ("W", 980, cy)):
        caption(scene, text, x, y, 30, _NIGHT, "serif")
    art.add(scene, _disc)
