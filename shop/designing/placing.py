"""Where a design lies on the printed area, and whether it is sharp enough. Pure.

x and y are the middle of the picture, 0 to 1 of the area; scale 1 is as wide as the area (contracts/printify.md §5.3).
"""

from __future__ import annotations

from dataclasses import dataclass

from shop.designing.blanks import Position

SHARP, SOFT = 0.99, 0.5  # pixels of the picture for each pixel printed


@dataclass(frozen=True)
class Placement:
    position: str
    x: float = 0.5
    y: float = 0.5
    scale: float = 1.0
    angle: int = 0

    def as_row(self) -> dict[str, object]:
        return {"position": self.position, "x": self.x, "y": self.y, "scale": self.scale, "angle": self.angle}


@dataclass(frozen=True)
class Drawn:
    """The placement as a drawing in the area's own pixels."""

    left: float
    top: float
    width: float
    height: float
    turn: str


def draw(placement: Placement, area: Position, width: int, height: int) -> Drawn:
    """`width` and `height` of the picture, in pixels."""
    wide = placement.scale * area.width
    high = wide * height / width
    middle = (placement.x * area.width, placement.y * area.height)
    turn = f"rotate({placement.angle} {middle[0]:.0f} {middle[1]:.0f})"
    return Drawn(round(middle[0] - wide / 2), round(middle[1] - high / 2), round(wide), round(high), turn)


def sharpness(placement: Placement, area: Position, width: int) -> str:
    """ "sharp" | "soft" | "blurred": how the picture prints at this size."""
    share = width / max(1.0, placement.scale * area.width)
    return "sharp" if share >= SHARP else "soft" if share >= SOFT else "blurred"


def fit_scale(area: Position, width: int, height: int) -> float:
    """The largest scale at which the whole picture lies within the area."""
    return min(1.0, round(area.height * width / (height * area.width), 3))
