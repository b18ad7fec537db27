"""The list of designs, and the sheet each is drawn on."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from PIL import Image

from sandbox.pictures import designs_botanical, designs_night, designs_retro, designs_wild, designs_words
from sandbox.pictures.art import Art
from sandbox.pictures.brush import Colour

_MODULES = (designs_wild, designs_night, designs_botanical, designs_words, designs_retro)
_LIGHT_INK: Colour = (244, 237, 222)
_DARK_INK: Colour = (38, 36, 40)
_PAPERS: tuple[tuple[Colour, Colour], ...] = (
    ((243, 233, 214), (238, 224, 200)),
    ((226, 232, 226), (214, 224, 216)),
    ((244, 226, 210), (238, 212, 190)),
)


def find_design(name: str) -> Callable[[Art], None] | None:
    """The function that draws a design, or None."""
    word = name.replace("-", "_")
    for module in _MODULES:
        found = getattr(module, word, None)
        if callable(found) and getattr(found, "__module__", "") == module.__name__ and not word.startswith("_"):
            return found
    return None


def known_designs() -> list[str]:
    """Every name that can be drawn."""
    names = []
    for module in _MODULES:
        names += [name.replace("_", "-") for name in vars(module) if find_design(name.replace("_", "-"))]
    return sorted(set(names))


@lru_cache(maxsize=24)
def print_for(name: str, dark: bool, artwork: Path | None = None) -> Image.Image | None:
    """The print for cloth or clay: a transparent square of 1400 pixels; None for a blank.

    ``dark`` says that the ground is dark, so that lines and letters keep their contrast.
    """
    if artwork is not None:
        return _uploaded(artwork)
    if name == "blank":
        return None
    art = Art.blank(name, 1000, False, _LIGHT_INK if dark else _DARK_INK, dark, 1.4)
    design = find_design(name)
    if design is None:
        _made_up(art)
    else:
        design(art)
    return art.image


@lru_cache(maxsize=8)
def poster_for(name: str, artwork: Path | None = None) -> Image.Image:
    """The design as a sheet of paper, four wide and five high, 1600 by 2000 pixels."""
    dice = random.Random(name)
    art = Art.blank(name, 1250, True, _DARK_INK, False, 1.6)
    art.sky(*dice.choice(_PAPERS))
    design = find_design(name)
    if artwork is None and design is not None:
        sheet = Art.blank(name, 1250, True, _DARK_INK, False, 1.6)
        design(sheet)
        art.image.alpha_composite(sheet.image)
    else:
        motif = print_for(name, False, artwork)
        if motif is not None:
            art.image.alpha_composite(motif.resize((1360, 1360), Image.Resampling.LANCZOS), (120, 300))
    return art.image.convert("RGB")


def _uploaded(artwork: Path) -> Image.Image | None:
    """Uploaded artwork, fitted into the square."""
    try:
        with Image.open(artwork) as image:
            image.draft("RGB", (1400, 1400))
            picture = image.convert("RGBA")
    except (OSError, Image.DecompressionBombError):
        return None
    picture.thumbnail((1400, 1400), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (1400, 1400), (0, 0, 0, 0))
    square.paste(picture, ((1400 - picture.width) // 2, (1400 - picture.height) // 2))
    return square


def _made_up(art: Art) -> None:
    """Something agreeable for a name nobody has drawn: hills and a sun in colours of its own."""
    tones = art.rng.choice(
        (("e9a03b", "c8643c", "7a4b3a", "3f6b5a"), ("7fa3b0", "3f7186", "23344a", "e8b04b"),
         ("e58b7b", "b5433a", "6b4263", "2f2a4a"))
    )  # fmt: skip
    scene = art.layer()
    scene.sky("f6e7cf", "f1d9b8")
    scene.circle(art.rng.uniform(300, 700), 360, art.rng.uniform(100, 170), tones[0])
    for n, tone in enumerate(tones[1:]):
        scene.hills(620 + n * 150, 150, tone, art.rng.uniform(0.7, 1.6), art.rng.random())
    art.add(scene, lambda sheet: sheet.circle(500, 500, 480, "ffffff"))
