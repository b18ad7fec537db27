"""What every PDF of ours is set with: the sheet's size, the brand, styles, tables, page numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shop.invoicing.fonts import BOLD, PLAIN, have_fonts, set_text

LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "CL", "CO", "PH"})
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Brand:
    """`logo` is a picture's bytes (PNG or JPEG) or None; `country` chooses the size of the paper."""

    name: str
    accent: str = "#23553f"
    logo: bytes | None = None
    country: str = ""


class Paper:
    """One document in the making; `build` returns the PDF's bytes."""

    def __init__(self, brand: Brand, title: str) -> None:
        have_fonts()
        from reportlab.lib.colors import HexColor
        from reportlab.lib.pagesizes import A4, LETTER

        self.brand, self.title = brand, title
        self.size = LETTER if brand.country in LETTER_COUNTRIES else A4
        self.margin = 54.0
        self.width = self.size[0] - 2 * self.margin
        self.accent = HexColor(brand.accent if _COLOUR.fullmatch(brand.accent) else "#23553f")
        self.ink, self.muted, self.line = HexColor("#1f1d19"), HexColor("#645d51"), HexColor("#d9d3c6")
        self.story: list[Any] = []

    def text(
        self, text: str, size: float = 9.5, *, bold: bool = False, muted: bool = False, right: bool = False,
        accent: bool = False, space: float = 0,
    ) -> Any:  # fmt: skip
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        style = ParagraphStyle(
            "text",
            fontName=BOLD if bold else PLAIN,
            fontSize=size,
            leading=size * 1.38,
            textColor=self.accent if accent else self.muted if muted else self.ink,
            alignment=2 if right else 0,
            spaceAfter=space,
            splitLongWords=1,
        )
        return Paragraph(set_text(text), style)

    def add(self, *things: Any) -> None:
        self.story.extend(things)

    def gap(self, points: float) -> None:
        from reportlab.platypus import Spacer

        self.story.append(Spacer(1, points))

    def new_page(self) -> None:
        from reportlab.platypus import PageBreak

        self.story.append(PageBreak())

    def table(
        self, rows: Sequence[Sequence[Any]], widths: Sequence[float], rules: Sequence[tuple[Any, ...]] = (),
        head: int = 0,
    ) -> Any:  # fmt: skip
        """`widths` are shares of the page's width."""
        from reportlab.platypus import Table

        table = Table([list(row) for row in rows], colWidths=[self.width * w for w in widths], repeatRows=head)
        table.setStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                *rules,
            ]
        )
        return table

    def goods(self, rows: Sequence[Sequence[Any]], widths: Sequence[float]) -> Any:
        """The table of what was bought: a head that comes again on each page, a line below each row."""
        rules = [
            ("LINEBELOW", (0, 0), (-1, 0), 1.2, self.accent),
            ("LINEBELOW", (0, 1), (-1, -1), 0.5, self.line),
            ("TOPPADDING", (0, 1), (-1, -1), 6),
            ("BOTTOMPADDING", (0, 1), (-1, -1), 6),
        ]
        return self.table(rows, widths, rules, head=1)

    def masthead(self) -> Any:
        """The logo; without one the shop's name."""
        from reportlab.platypus import Image

        if self.brand.logo:
            try:
                picture = Image(io.BytesIO(self.brand.logo), lazy=0)
                scale = min(150 / picture.imageWidth, 46 / picture.imageHeight)
                picture.drawWidth, picture.drawHeight = picture.imageWidth * scale, picture.imageHeight * scale
                picture.hAlign = "LEFT"
                return picture
            except (OSError, ValueError):
                pass  # a logo that cannot be read must not keep an invoice back
        return self.text(self.brand.name, 15, bold=True, accent=True)

    def build(self, footer: str = "") -> bytes:
        from reportlab.platypus import SimpleDocTemplate

        held = io.BytesIO()
        document = SimpleDocTemplate(
            held,
            pagesize=self.size,
            leftMargin=self.margin - 6,  # its frame keeps six points on every side
            rightMargin=self.margin - 6,
            topMargin=self.margin - 6,
            bottomMargin=self.margin + 14,
            title=self.title,
            author=self.brand.name,
            invariant=1,  # the same facts give the same bytes
        )
        document.build(
            self.story,
            onFirstPage=lambda canvas, _: self._foot(canvas, footer),
            onLaterPages=lambda canvas, _: self._foot(canvas, footer),
        )
        return held.getvalue()

    def _foot(self, canvas: Any, footer: str) -> None:
        canvas.saveState()
        canvas.setFillColor(self.accent)
        canvas.rect(0, self.size[1] - 7, self.size[0], 7, stroke=0, fill=1)
        canvas.setStrokeColor(self.line)
        canvas.setLineWidth(0.5)
        canvas.line(self.margin, self.margin + 8, self.size[0] - self.margin, self.margin + 8)
        said = self.text(footer or self.brand.name, 7.5, muted=True)
        _, height = said.wrap(self.width * 0.85, 60)
        said.drawOn(canvas, self.margin, self.margin + 2 - min(height, 44))
        canvas.setFont(PLAIN, 7.5)
        canvas.setFillColor(self.muted)
        canvas.drawRightString(self.size[0] - self.margin, self.margin - 6, str(canvas.getPageNumber()))
        canvas.restoreState()
