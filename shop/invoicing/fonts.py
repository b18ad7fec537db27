"""The letters of our PDFs: DejaVu (Latin, Greek, Cyrillic and more), embedded; readers' own fonts for East Asia."""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from xml.sax.saxutils import escape

from config import ROOT
from shop.errors import Unavailable

FOLDER = ROOT / "static" / "vendor"
PLAIN, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
#: (signs, the font that every PDF reader has or fetches for them)
_EAST_ASIAN = (
    (r"\u3040-\u30ff", "HeiseiKakuGo-W5"),
    (r"\uac00-\ud7a3\u1100-\u11ff", "HYGothic-Medium"),
    (r"\u2e80-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef", "STSong-Light"),
)
_RUNS = re.compile("|".join(f"([{signs}]+)" for signs, _ in _EAST_ASIAN))
_lock = threading.Lock()


@lru_cache(maxsize=1)
def _register() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    try:
        for name in (PLAIN, BOLD):
            pdfmetrics.registerFont(TTFont(name, str(FOLDER / f"{name}.ttf")))
    except (TTFError, OSError) as error:
        raise Unavailable(
            "The fonts for PDF documents are missing. Start the shop with `make run`, or run `make assets`.",
            service="fonts",
            detail=str(error),
        ) from error
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    for _, name in _EAST_ASIAN:
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def have_fonts() -> None:
    """Raises Unavailable where the set-up has not fetched them."""
    with _lock:
        _register()


def set_text(text: str) -> str:
    """A name or a note as the markup of a paragraph: everything it says is shown, nothing of it is obeyed."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    marked, at = [], 0
    for run in _RUNS.finditer(shown):
        marked.append(escape(shown[at : run.start()]))
        font = _EAST_ASIAN[(run.lastindex or 1) - 1][1]
        marked.append(f'<font face="{font}">{escape(run.group())}</font>')
        at = run.end()
    return "".join([*marked, escape(shown[at:])])
