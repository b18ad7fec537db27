"""Goods drawn in a few lines, for letters that are looked at before there is anything to sell."""

from __future__ import annotations

import base64

_SHAPES = {
    "shirt": "M34 22l16 8q10 8 20 0l16-8 22 18-12 20-10-6v54H34V54l-10 6-12-20z",
    "mug": "M24 34h58v66q0 10-10 10H34q-10 0-10-10zM82 46h12q14 0 14 18t-14 18H82V72h10q6 0 6-8t-6-8H82z",
    "poster": "M28 16h64v94H28z",
}
_DRAWN = (("shirt", "#46614c", "#e6e2d6"), ("mug", "#b5573a", "#ece4da"), ("poster", "#27364f", "#dfe4e6"))


def drawing(index: int) -> str:
    """A data: address."""
    name, ink, ground = _DRAWN[index % len(_DRAWN)]
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 132" width="240" height="264">'
        f'<rect width="120" height="132" fill="{ground}"/><path fill="{ink}" d="{_SHAPES[name]}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode()
