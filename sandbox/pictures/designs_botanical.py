"""Botanical: leaves, flowers, fruit and a few mushrooms."""

from __future__ import annotations

import math

from sandbox.pictures.art import Art, shade
from sandbox.pictures.brush import Path, arc, turned


def _card(art: Art) -> None:
    art.box(0, 0, 1000, art.h, "ffffff")


def fern_study(art: Art) -> None:
    green, deep = ("9cc4a0", "6fa07d") if art.dark else ("3f7a57", "255540")
    spine: Path = [(500 + 150 * math.sin(t / 40 * 1.9) - 60, 990 - 960 * t / 40) for t in range(41)]
    for n in range(4, 40, 2):
        x, y = spine[n]
        size = 370 * math.sin(math.pi * min(1.0, (n + 3) / 46)) ** 0.8 * (1 - n / 44) + 24
        lean = -90 + 14 * math.cos(n / 40 * 1.9)
        for side in (-1, 1):
            angle = lean + side * (72 - n * 0.5)
            _frond(art, x, y, angle, size, deep if side < 0 else green)
    art.line(spine, 11, deep)


def _frond(art: Art, x: float, y: float, angle: float, length: float, colour: str) -> None:
    ca, sa = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    count = max(5, int(length / 17))
    for n in range(1, count + 1):
        t = n / (count + 1)
        px, py = x + length * t * ca, y + length * t * sa
        small = (26 + length * 0.12) * (1.15 - t)
        for side in (-1, 1):
            art.leaf(px, py, angle + side * 58, small, small * 0.5, colour)
    art.line([(x, y), (x + length * ca, y + length * sa)], 4, colour)


def _monstera_leaf(art: Art, x: float, y: float, size: float, angle: float, colour: str) -> None:
    outline = [*arc(0, 0, 0.5, 0.46, 100, 260, 26), (0.1, -0.44), (0.42, -0.24), (0.62, 0.0), (0.42, 0.24), (0.1, 0.44)]
    sheet = art.layer()
    leaf = turned([(x + px * size, y + py * size) for px, py in outline], angle, (x, y))
    sheet.polygon(leaf, colour)
    vein = shade(colour, 0.22)
    holes = art.layer()
    for side in (-1, 1):
        for n, px in enumerate((-0.3, -0.13, 0.04, 0.2)):
            start = (px + 0.05, side * 0.11)
            end = (px + 0.17 + n * 0.02, side * 0.6)
            cut = [start, (end[0] - 0.05, end[1]), (end[0] + 0.06, end[1]), (start[0] + 0.035, start[1] + side * 0.02)]
            holes.polygon(turned([(x + qx * size, y + qy * size) for qx, qy in cut], angle, (x, y)), "ffffff")
    sheet.image.paste((0, 0, 0, 0), (0, 0), holes.image.getchannel("A"))
    spine = turned([(x - 0.48 * size, y), (x + 0.58 * size, y)], angle, (x, y))
    sheet.line(spine, size * 0.018, vein)
    for side in (-1, 1):
        for px in (-0.34, -0.2, -0.03, 0.13):
            rib = [(x + px * size, y), (x + (px + 0.13) * size, y + side * 0.36 * size)]
            sheet.line(turned(rib, angle, (x, y)), size * 0.009, vein)
    art.add(sheet)


def monstera(art: Art) -> None:
    scene = art.layer()
    scene.sky("f3dfc6", "eccfae")
    scene.circle(690, art.h * 0.25, 190, "e58b5a")
    for x, y in ((330, 380), (650, 520), (420, 800), (730, 900)):
        scene.line([(470, art.h + 20), (x * 0.5 + 235, art.h * 0.75), (x, y)], 13, "2f5d47")
    _monstera_leaf(scene, 690, 930, 560, 28, "4b8a66")
    _monstera_leaf(scene, 650, 500, 560, -38, "2f6b50")
    _monstera_leaf(scene, 285, 800, 520, 158, "3d7d5c")
    _monstera_leaf(scene, 330, 350, 620, -118, "1f4f3f")
    scene.polygon([(330, art.h + 10), (300, art.h - 150), (650, art.h - 150), (620, art.h + 10)], "b4583c")
    scene.box(286, art.h - 176, 378, 54, "c96b4b", 8)
    art.add(scene, _card)


def eucalyptus(art: Art) -> None:
    tones = ("8fb8a4", "6f9f8e", "a9c9b4", "5d8a7c")
    for start, sweep, size in (((60, 250), 0.9, 1.0), ((120, 800), -0.7, 0.92)):
        x, y = float(start[0]), float(start[1])
        angle = math.radians(16 * sweep)
        path: Path = [(x, y)]
        for n in range(13):
            x, y = x + 66 * math.cos(angle), y + 66 * math.sin(angle)
            angle += math.radians(5.5) * (-1 if sweep > 0 else 1) * (1 if n > 5 else -0.4)
            path.append((x, y))
        art.line(path, 8, "8a6f4d")
        for n, (px, py) in enumerate(path[1:]):
            r = (74 - n * 3.4) * size
            for side in (-1, 1):
                fill = tones[(n + (side > 0)) % 4]
                cx, cy = px + 14 * side, py + side * r * 0.95
                leaf = turned(arc(cx, cy, r * 0.78, r, 0, 360), 20 * side + n * 4, (px, py))
                art.polygon(leaf, fill)
                art.line(
                    turned([(px, py), (cx + 6 * side, cy + side * r * 0.5)], 20 * side + n * 4, (px, py)),
                    3,
                    shade(fill, 0.3),
                )


def wild_meadow(art: Art) -> None:
    stem = "7fae86" if art.dark else "3f6b4f"
    for n in range(24):
        x = 60 + n * 38 + art.rng.uniform(-12, 12)
        art.leaf(
            x, 980, -90 + art.rng.uniform(-16, 16), art.rng.uniform(200, 520), 16, stem, bend=art.rng.uniform(-0.2, 0.2)
        )
    flowers = ((110, 420, "corn"), (220, 250, "daisy"), (330, 480, "bell"), (430, 170, "poppy"), (540, 390, "corn"),
               (640, 240, "daisy"), (730, 470, "bell"), (810, 300, "corn"), (900, 430, "daisy"), (500, 560, "bell"),
               (180, 590, "daisy"), (790, 600, "poppy"))  # fmt: skip
    for x, y, kind in flowers:
        sway = art.rng.uniform(-40, 40)
        path = [(x + sway * math.sin(t / 12 * math.pi), y + (985 - y) * t / 12) for t in range(13)]
        art.line(path, 7, stem)
        art.leaf(path[6][0], path[6][1], -40, 110, 30, stem)
        art.leaf(path[8][0], path[8][1], -140, 120, 32, stem)
        _flower(art, x, y, kind)


def _flower(art: Art, x: float, y: float, kind: str) -> None:
    if kind == "daisy":
        for n in range(12):
            art.leaf(x, y, n * 30, 74, 26, "fbf6ea" if art.dark else "f4e3c1")
        art.circle(x, y, 24, "e8a832")
    elif kind == "corn":
        for n in range(9):
            angle = n * 40 - 90
            for off in (-14, 0, 14):
                art.leaf(x, y, angle + off, 78, 18, "5a7fc2" if off else "7d9dd6")
        art.circle(x, y, 18, "2f3f7a")
    elif kind == "poppy":
        for angle in (0, 90, 180, 270):
            rad = math.radians(angle + 20)
            art.circle(x + 42 * math.cos(rad), y + 42 * math.sin(rad), 58, "d8452f" if angle % 180 else "e8603f")
        art.circle(x, y, 26, "2b2326")
        for n in range(12):
            rad = math.radians(n * 30)
            art.circle(x + 36 * math.cos(rad), y + 36 * math.sin(rad), 5, "2b2326")
    else:
        for n in range(6):
            cx, cy = x + (-26 if n % 2 else 26), y + n * 44 - 60
            art.ellipse(cx, cy, 26 - n * 0.5, 32, "c98bb4" if n % 2 else "b06a9c")
        art.circle(x, y - 96, 18, "b06a9c")


def _petal(x: float, y: float, r: float) -> Path:
    """A disc with a crumpled rim."""
    points: Path = []
    for n in range(60):
        turn = n / 60 * math.tau
        wide, high = 0.72 * (1 + 0.05 * math.sin(turn * 9)), 0.6 * (1 + 0.05 * math.cos(turn * 7))
        points.append((x + r * wide * math.cos(turn), y + r * high * math.sin(turn)))
    return points


def red_poppies(art: Art) -> None:
    scene = art.layer()
    scene.sky("f5ead6", "f0dfc2")
    flowers = ((330, 420, 230, -8), (690, 300, 190, 12), (620, 720, 165, 4))
    for x, y, _, lean in flowers:
        foot = 480 + (x - 480) * 0.25
        path = [(x + (foot - x) * t * t, y + (art.h + 20 - y) * t) for t in (n / 14 for n in range(15))]
        scene.line(path, 15, "2f5d47")
        scene.leaf(path[8][0], path[8][1], -150 + lean, 260, 70, "3d7d5c", "2f5d47", 0.2)
        scene.leaf(path[10][0], path[10][1], -30 + lean, 240, 64, "4b8a66", "2f5d47", -0.2)
    scene.line([(860, 600), (850, 700), (760, 900), (600, art.h)], 12, "2f5d47")
    scene.leaf(860, 610, -80, 130, 74, "5d8a52")
    scene.leaf(866, 600, -86, 112, 30, "d8392b")
    for x, y, r, lean in flowers:
        for angle, tone in (
            (200 + lean, "b92b25"),
            (-20 + lean, "c9332a"),
            (90 + lean, "d8452f"),
            (-90 + lean, "e2543a"),
        ):
            rad = math.radians(angle)
            px, py = x + r * 0.42 * math.cos(rad), y + r * 0.42 * math.sin(rad)
            scene.polygon(_petal(px, py, r), tone)
        scene.circle(x, y, r * 0.27, "241d22")
        scene.circle(x, y, r * 0.15, "8fa35b")
        for n in range(18):
            rad = math.radians(n * 20)
            scene.line([(x + r * 0.2 * math.cos(rad), y + r * 0.2 * math.sin(rad)),
                        (x + r * 0.38 * math.cos(rad), y + r * 0.38 * math.sin(rad))], 4, "241d22")  # fmt: skip
            scene.circle(x + r * 0.39 * math.cos(rad), y + r * 0.39 * math.sin(rad), 8, "241d22")
    art.add(scene, _card)


def _mushroom(art: Art, x: float, y: float, size: float, cap: str, spots: bool) -> None:
    stem = "f0e2c8"
    art.polygon(
        [
            (x - size * 0.13, y - size * 0.6),
            (x + size * 0.13, y - size * 0.6),
            (x + size * 0.2, y),
            (x - size * 0.2, y),
        ],
        stem,
    )
    art.polygon([(x + size * 0.02, y - size * 0.6), (x + size * 0.13, y - size * 0.6), (x + size * 0.2, y),
        (x + size * 0.06, y)],
                "d9c6a3")  # fmt: skip
    art.ellipse(x, y, size * 0.2, size * 0.05, stem)
    top = [
        *arc(x, y - size * 0.6, size * 0.52, size * 0.52, 180, 360),
        *arc(x, y - size * 0.6, size * 0.52, size * 0.12, 0, 180),
    ]
    art.polygon(top, cap)
    art.ellipse(x, y - size * 0.57, size * 0.4, size * 0.07, shade(cap, -0.42))
    if spots:
        for dx, dy, r in (
            (-0.24, -0.78, 0.07),
            (0.02, -0.98, 0.09),
            (0.27, -0.78, 0.065),
            (0.06, -0.73, 0.05),
            (-0.1, -0.87, 0.04),
        ):
            art.ellipse(x + dx * size, y + dy * size, r * size, r * size * 0.8, "fbf1df")


def forest_floor(art: Art) -> None:
    fern = "8fb38f" if art.dark else "4b7a5a"
    for x, angle, length in ((90, -70, 420), (910, -112, 430), (200, -84, 330), (800, -98, 320)):
        _frond(art, x, 900, angle, length, fern)
    art.ellipse(500, 905, 470, 62, "4d3b30")
    art.ellipse(500, 892, 440, 44, "6b8a4d")
    _mushroom(art, 680, 880, 470, "c98b4a", False)
    _mushroom(art, 400, 895, 690, "c8402f", True)
    _mushroom(art, 220, 905, 300, "b5722a", False)
    _mushroom(art, 560, 915, 240, "d8583f", True)
    _mushroom(art, 830, 905, 250, "e0b070", False)
    for n in range(40):
        root = 70 + n * 22 + art.rng.uniform(-8, 8)
        art.leaf(
            root,
            930,
            -90 + art.rng.uniform(-30, 30),
            art.rng.uniform(30, 80),
            12,
            art.rng.choice(("6b8a4d", "89a862", "557540")),
        )


def windowsill(art: Art) -> None:
    green, light = "4b8a66", "7db58d"
    art.line([(200, 600), (200, 330)], 120, green)
    for dx in (-34, 0, 34):
        art.line([(200 + dx, 590), (200 + dx * 0.9, 320)], 5, light)
    art.line([(140, 480), (82, 480), (82, 400)], 56, green)
    art.line([(260, 430), (322, 430), (322, 330)], 56, green)
    art.circle(200, 262, 34, "e7759a")
    art.circle(178, 250, 22, "f29ab8")
    art.ellipse(500, 480, 158, 132, "3d7d5c")
    for n in range(-3, 4):
        art.line([(500 + n * 26, 602), (500 + n * 46, 480), (500 + n * 24, 356)], 5, light)
    for angle in (-130, -90, -50):
        art.leaf(500, 366, angle, 84, 40, "f6c667")
    for angle, length in ((-150, 250), (-122, 300), (-98, 330), (-76, 330), (-54, 290), (-30, 240)):
        art.leaf(800, 612, angle, length, 66, green if angle % 4 else "3d7d5c", light)
    for x, colour, trim in ((200, "c8643c", "a94f2f"), (500, "e2a33f", "c08426"), (800, "3f7186", "2e5869")):
        art.polygon([(x - 118, 640), (x + 118, 640), (x + 88, 880), (x - 88, 880)], colour)
        art.box(x - 132, 600, 264, 62, trim, 10)
        for n in range(5):
            art.star(x - 72 + n * 36, 760, 17, "f7ead0", 4, 0.4)
    art.box(40, 880, 920, 26, art.ink, 13)


def lemon_grove(art: Art) -> None:
    leafy, bark = ("7fae86", "c9b08a") if art.dark else ("3f7a57", "7a5b3c")
    branch: Path = [(70, 170), (250, 250), (450, 300), (660, 380), (850, 520)]
    art.line(branch, 17, bark)
    art.line([(450, 300), (430, 480), (360, 640)], 12, bark)
    art.line([(660, 380), (690, 560), (680, 700)], 12, bark)
    leaves = ((150, 200, -70), (210, 240, 80), (330, 270, -60), (390, 290, -110), (520, 320, -50), (600, 360,
        -95), (720, 420, -40),
              (800, 480, 60), (850, 520, 100), (430, 470, 160), (436, 440, 20), (690, 540, 20), (684, 520,
                  165), (360, 620, 190),
              (270, 255, 100), (560, 340, 70))  # fmt: skip
    for n, (x, y, angle) in enumerate(leaves):
        art.leaf(x, y, angle, 190 + n % 3 * 24, 78, leafy if n % 2 else shade(leafy, -0.16), shade(leafy, 0.3), 0.12)
    for x, y, r, lean in (
        (330, 730, 132, 20),
        (690, 800, 140, -14),
        (520, 590, 112, 8),
        (870, 690, 98, 18),
        (150, 420, 104, -20),
    ):
        body = [(x + r * 1.0 * math.cos(a) * (1 + 0.16 * abs(math.sin(a)) ** 9), y + r * 1.2 * math.sin(a) *
                 (1 + 0.16 * abs(math.sin(a)) ** 9)) for a in (k / 60 * math.tau for k in range(60))]  # fmt: skip
        body = turned(body, lean, (x, y))
        art.polygon(body, "f2c230")
        art.polygon(turned(arc(x - r * 0.22, y - r * 0.12, r * 0.62, r * 0.8, 0, 360), lean, (x, y)), "f8d757")
        art.ellipse(x - r * 0.4, y - r * 0.42, r * 0.13, r * 0.22, "fdf0b0")
    for x, y in ((600, 250), (280, 170), (790, 360)):
        for n in range(5):
            art.leaf(x, y, n * 72 - 90, 58, 34, "fdf6ea" if art.dark else "f3dcc0")
        art.circle(x, y, 15, "e8a832")


def _ginkgo_leaf(art: Art, x: float, y: float, size: float, angle: float, colour: str) -> None:
    fan: Path = [(x, y)]
    for n in range(41):
        t = n / 40
        a = math.radians(angle - 74 + 148 * t)
        r = size * (1 - 0.34 * math.exp(-(((t - 0.5) / 0.035) ** 2))) * (1 + 0.035 * math.sin(t * 46))
        fan.append((x + r * math.cos(a), y + r * math.sin(a)))
    art.polygon(fan, colour)
    for n in range(11):
        a = math.radians(angle - 62 + 12.4 * n)
        art.line([(x, y), (x + size * 0.8 * math.cos(a), y + size * 0.8 * math.sin(a))], 3, shade(colour, -0.14))
    back = math.radians(angle + 180)
    art.line(
        [(x, y), (x + size * 0.5 * math.cos(back + 0.12), y + size * 0.5 * math.sin(back + 0.12))],
        11,
        shade(colour, -0.14),
    )


def ginkgo(art: Art) -> None:
    tones = ("e8b53a", "f0cb62", "d99a2b", "c98a2a")
    for n, (x, y, size, angle) in enumerate(((390, 440, 270, -125), (620, 390, 230, -48), (640, 640, 270, 28),
        (330, 690, 220, 142),
                                             (500, 790, 150, 84), (850, 200, 110, -60), (150, 200, 110,
                                                 -130))):  # fmt: skip
        _ginkgo_leaf(art, x, y, size, angle, tones[n % 4])


def olive_wreath(art: Art) -> None:
    leaf, light = ("a9bd94", "c3d0ae") if art.dark else ("5f7a4f", "87a06f")
    for side in (-1, 1):
        path = arc(500, 500, 380, 380, 90 + side * 5, 90 + side * 158, 44)
        art.line(path, 8, "8a6f4d")
        for n in range(2, 44, 2):
            x, y = path[n]
            along = math.degrees(
                math.atan2(path[min(44, n + 1)][1] - path[n - 1][1], path[min(44, n + 1)][0] - path[n - 1][0])
            )
            art.leaf(x, y, along + 42, 128 - n * 0.9, 36, leaf if n % 4 else light, shade(leaf, 0.35))
            art.leaf(x, y, along - 42, 122 - n * 0.9, 34, light if n % 4 else leaf, shade(leaf, 0.35))
            if n % 10 == 4:
                art.ellipse(x + 34 * side, y + 26, 21, 27, "3d3350")
                art.ellipse(x + 28 * side, y + 18, 6, 8, "7a6e94")
    art.star(500, 500, 54, "c9a24a", 8, 0.4)
