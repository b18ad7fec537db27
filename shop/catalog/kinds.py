"""What kind of goods a blank is: product types and size guides, by small tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

#: first match wins; searched in the blank's title, then in the tags, then in the product's own title
_TYPES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), name)
    for pattern, name in (
        (r"hoodies?|hooded|zip[- ]up", "Hoodies"),
        (r"sweatshirts?|crewneck", "Sweatshirts"),
        (r"tank(?: ?tops?)?|racerback", "Tank tops"),
        (r"long[- ]sleeved?(?: tees?| t-?shirts?)?", "Long sleeves"),
        (r"onesies?|bodysuits?|baby|infant", "Baby"),
        (r"t-?shirts?|tees?", "T-shirts"),
        (r"mugs?|tumblers?|bottles?", "Mugs & bottles"),
        (r"posters?|prints?|canvas(?! tote| bag)|wall art", "Posters & prints"),
        (r"totes?|bags?|backpacks?", "Bags"),
        (r"caps?|hats?|beanies?", "Hats"),
        (r"socks?", "Socks"),
        (r"phone cases?|cases?", "Phone cases"),
        (r"stickers?|decals?|magnets?", "Stickers"),
        (r"pillows?|blankets?|cushions?", "Home textiles"),
        (r"notebooks?|journals?|cards?|postcards?", "Stationery"),
        (r"leggings?|joggers?|shorts|pants", "Bottoms"),
    )
)
OTHER = "Other"

#: (brand, model) → [size, width, length] in inches, garment laid flat, as the makers publish them
_MEASURED: dict[tuple[str, str], tuple[tuple[str, float, float], ...]] = {
    ("bella+canvas", "3001"): (
        ("XS", 16.5, 27), ("S", 18, 28), ("M", 20, 29), ("L", 22, 30), ("XL", 24, 31), ("2XL", 26, 32), ("3XL", 28, 33),
    ),
    ("gildan", "64000"): (
        ("S", 18, 28), ("M", 20, 29), ("L", 22, 30), ("XL", 24, 31), ("2XL", 26, 32), ("3XL", 28, 33),
    ),
    ("gildan", "5000"): (
        ("S", 18, 28), ("M", 20, 29), ("L", 22, 30), ("XL", 24, 31), ("2XL", 26, 32), ("3XL", 28, 33), ("4XL", 30, 34),
        ("5XL", 32, 35),
    ),
    ("gildan", "18500"): (
        ("S", 20, 27), ("M", 22, 28), ("L", 24, 29), ("XL", 26, 30), ("2XL", 28, 31), ("3XL", 30, 32), ("4XL", 32, 33),
        ("5XL", 34, 34),
    ),
    ("gildan", "18000"): (
        ("S", 20, 27), ("M", 22, 28), ("L", 24, 29), ("XL", 26, 30), ("2XL", 28, 31), ("3XL", 30, 32), ("4XL", 32, 33),
        ("5XL", 34, 34),
    ),
}  # fmt: skip
_CM_PER_INCH = 2.54


def type_of(blank_title: str, tags: Sequence[str], title: str = "") -> str:
    """type_of("Unisex Heavy Cotton Tee", []) -> "T-shirts"; "Other" when nothing tells."""
    return _type_in(blank_title) or _type_in(" ; ".join(tags)) or _type_in(title) or OTHER


@lru_cache(maxsize=1024)
def _type_in(text: str) -> str:
    return next((name for pattern, name in _TYPES if pattern.search(text)), "") if text else ""


def size_guide_of(brand: str, model: str, sizes: Sequence[str]) -> dict[str, Any] | None:
    """{"unit": "in", "columns": ["Size", "Width", "Length"], "rows": [["S", 18, 28], …], "rows_cm": […]} of the sizes
    on offer; None where the maker's measures are not known to us."""
    rows = [list(row) for row in _MEASURED.get((brand.strip().lower(), model.strip().lower()), ()) if row[0] in sizes]
    if not rows:
        return None
    metric = [[size, round(width * _CM_PER_INCH), round(length * _CM_PER_INCH)] for size, width, length in rows]  # type: ignore[operator]
    return {"unit": "in", "columns": ["Size", "Width", "Length"], "rows": rows, "rows_cm": metric}
