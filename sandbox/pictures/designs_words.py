"""Type & Words: lettering, big and small."""

from __future__ import annotations

import math

from sandbox.pictures.art import Art, Paint, wavy
from sandbox.pictures.brush import arc
from sandbox.pictures.lettering import caption, fitted, word

_CREAM = "f5ecd9"


def _paper(art: Art, top: str, bottom: str) -> None:
    if art.full:
        art.sky(top, bottom)


def go_outside(art: Art) -> None:
    a, b = ("f5ecd9", "e8b04b") if art.dark else ("23443a", "c8562f")
    for n in range(21):
        angle = math.radians(180 + n * 9)
        near, far = 196, 268 if n % 2 else 300
        art.line([(500 + near * math.cos(angle), 330 + near * math.sin(angle)),
                  (500 + far * math.cos(angle), 330 + far * math.sin(angle))], 12, b)  # fmt: skip
    art.polygon([*arc(500, 330, 160, 160, 180, 360)], b)
    word(art, "GO", 500, 370, 250, [(58, a)], 34)
    fitted(art, "OUTSIDE", 500, 676, 900, 40, a, 18)
    art.line(wavy(120, 880, 915, 14, 5), 13, b)


def made_slowly(art: Art) -> None:
    ink, spot = art.ink, "c8562f"
    caption(art, "made", 500, 300, 330, ink, "italic")
    caption(art, "slowly", 500, 560, 330, ink, "italic")
    art.line([(210, 748), (790, 748)], 9, spot)
    caption(art, "ON PURPOSE", 500, 822, 64, spot, "bold", 26)
    for n in range(3):
        path = [(430 + n * 70 + 16 * math.sin(t / 20 * math.tau), 110 - 80 * t / 20) for t in range(21)]
        art.line(path, 9, spot)


def good_things(art: Art) -> None:
    a, b = art.ink, "e2953f" if art.dark else "c8562f"
    fitted(art, "GOOD", 500, 70, 800, 56, a, 26)
    word(art, "THINGS", 500, 345, 190, [(42, b)], 24)
    word(art, "TAKE", 500, 560, 178, [(40, a)], 30)
    for n, letter in enumerate("TIME"):
        word(art, letter, 215 + n * 190, 770 + (n % 2) * 14, 190, [(44, b if n == 1 else a)])


def stay_curious(art: Art) -> None:
    stripes: list[tuple[float, Paint]] = [(56, "e4572e"), (42, "f6c667"), (26, "3f8f8a"), (11, _CREAM)]
    if not art.dark:
        stripes = [(56, "b9432a"), (42, "f2b950"), (26, "2f7a76"), (11, "fdf4df")]
    word(art, "STAY", 500, 210, 280, stripes, 24)
    word(art, "CURIOUS", 500, 540, 214, stripes, 4)
    for x, y in ((90, 180), (920, 220), (500, 880)):
        art.star(x, y, 46, "f2b950")


def coffee_first(art: Art) -> None:
    ink, brown = art.ink, "8a4b2f"
    for n, x in enumerate((400, 500, 600)):
        path = [(x + 26 * math.sin(t / 24 * math.tau * 1.2 + n), 300 - 200 * t / 24) for t in range(25)]
        art.line(path, 15, "c9a27a")
    art.polygon([(270, 340), (730, 340), (690, 560), *arc(500, 560, 190, 60, 0, 180), (310, 560)], brown)
    art.ellipse(500, 340, 230, 42, "a8623c")
    art.ellipse(500, 344, 200, 31, "3a2119")
    art.line(arc(730, 440, 84, 74, -90, 96), 32, brown)
    word(art, "COFFEE", 500, 690, 160, [(37, ink)], 22)
    caption(art, "first, everything else after", 500, 915, 70, "c9a27a" if art.dark else brown, "italic")


def small_joys(art: Art) -> None:
    _paper(art, "f6e7cf", "f1d9b8")
    words = (("the cold side of the pillow", "3f6b5a"), ("a train that waits", "c8562f"),
        ("first coffee outside", "7a4b3a"),
             ("clean sheets", "2f5d7a"), ("an empty lane", "b5722a"), ("finding the other glove", "6b4263"),
             ("toast", "c8562f"), ("nowhere to be", "23443a"))  # fmt: skip
    word(art, "SMALL", 500, 80, 190, [(44, "23344a")], 26)
    word(art, "JOYS", 500, 300, 190, [(44, "c8562f")], 34)
    art.line(wavy(150, 850, 540, 10, 6), 7, "23344a")
    for n, (text, colour) in enumerate(words):
        caption(art, text, 500, 612 + n * 72, 62, colour, "italic")


def one_more_chapter(art: Art) -> None:
    books = (("c8562f", 560, 0), ("e8b04b", 470, 24), ("3f6b5a", 600, -14), ("7fa3b0", 500, 30), ("6b4263", 545, -6))
    for n, (colour, length, shift) in enumerate(books):
        y = 560 - n * 82
        x = 500 - length / 2 + shift
        art.box(x, y, length, 76, colour, 9)
        art.box(x + length - 30, y + 9, 36, 58, _CREAM, 4)
        art.box(x + 46, y, 14, 76, _CREAM)
        art.box(x + 74, y, 6, 76, _CREAM)
        art.box(x + 140, y + 31, length * 0.36, 14, _CREAM, 7)
    art.polygon([(600, 232), (660, 232), (660, 350), (630, 322), (600, 350)], "d8433b")
    word(art, "ONE MORE", 500, 700, 108, [(24, art.ink)], 15)
    word(art, "CHAPTER", 500, 838, 124, [(29, art.ink)], 17)


def kind_regards(art: Art) -> None:
    accent = "e58b7b" if art.dark else "b5433a"
    caption(art, "kind", 440, 380, 360, art.ink, "italic")
    caption(art, "regards,", 520, 640, 290, art.ink, "italic")
    flourish = [(150 + 700 * t / 60, 820 + 34 * math.sin(t / 60 * math.tau) * (1 - t / 90)) for t in range(61)]
    art.line(flourish, 13, accent)
    for side in (-1, 1):
        art.circle(800 + side * 32, 205, 36, accent)
    art.polygon([(735, 222), (865, 222), (800, 296)], accent)


def onwards(art: Art) -> None:
    _paper(art, "d8492f", "c93f2a")
    ink = _CREAM if art.full else art.ink
    h = art.h
    art.line([(160, h * 0.72), (790, h * 0.18)], 86, ink)
    art.line([(430, h * 0.17), (806, h * 0.165), (800, h * 0.47)], 86, ink)
    word(art, "ONWARDS", 500, h * 0.8, 150, [(33, ink)], 18)
    if art.full:
        caption(art, "step by step", 170, 80, 44, ink, "italic")
        caption(art, "No. 9", 850, 80, 44, ink, "italic")
