"""Documents as PDF: A4, or US Letter where that is what printers hold. Looks like the HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from shop.invoicing.paper import Brand, Paper
from shop.invoicing.sheet import Sheet
from shop.invoicing.slip import Slip


def draw_document(sheet: Sheet, brand: Brand) -> bytes:
    """An invoice or a credit note."""
    paper = Paper(brand, f"{sheet.title} {sheet.name}")
    _head(paper, sheet.title, sheet.name)
    paper.gap(20)
    seller = [paper.text(sheet.seller_name, bold=True), *(paper.text(line, 9, muted=True) for line in sheet.seller)]
    facts = paper.table(
        [[paper.text(label, 9, muted=True), paper.text(value, 9, right=True)] for label, value in sheet.facts],
        [0.19, 0.26],
        [("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)],
    )
    paper.add(paper.table([[seller, facts]], [0.55, 0.45]))
    paper.gap(16)
    paper.add(paper.table([[_address(paper, sheet.buyer_heading, sheet.buyer), _address(paper, sheet.ship_heading, sheet.ship_to)]], [0.5, 0.5]))  # noqa: E501
    paper.gap(18)
    rows = [[paper.text(name, 8.5, muted=True, right=i > 0) for i, name in enumerate(sheet.columns)]]
    for line in sheet.lines:
        what = [paper.text(line.title)] + ([paper.text(line.detail, 8.5, muted=True)] if line.detail else [])
        rows.append([what, *(paper.text(t, right=True) for t in (line.quantity, line.unit, line.total))])
    paper.add(paper.goods(rows, [0.52, 0.12, 0.18, 0.18]))
    paper.gap(8)
    _totals(paper, sheet)
    if sheet.thanks:
        paper.gap(26)
        paper.add(paper.text(sheet.thanks, muted=True))
    return paper.build(sheet.footer)


def draw_packing_slips(slips: Sequence[Slip], brand: Brand) -> bytes:
    """One slip a page (long ones more), in one document."""
    paper = Paper(brand, slips[0].title if len(slips) != 1 else f"{slips[0].title} {slips[0].number}")
    for i, slip in enumerate(slips):
        if i:
            paper.new_page()
        _head(paper, slip.title, slip.number)
        paper.gap(20)
        facts = [
            [paper.text(label, 9, muted=True), paper.text(value, 9, right=True)] for label, value in slip.facts
        ]
        right = paper.table(facts, [0.19, 0.26]) if facts else ""
        paper.add(paper.table([[_address(paper, slip.ship_heading, slip.ship_to), right]], [0.55, 0.45]))
        paper.gap(20)
        rows = [[paper.text(name, 8.5, muted=True, right=n > 0) for n, name in enumerate(slip.columns)]]
        for line in slip.lines:
            what = [paper.text(line.title)] + ([paper.text(line.detail, 8.5, muted=True)] if line.detail else [])
            rows.append([what, paper.text(str(line.quantity), 11, bold=True, right=True)])
        paper.add(paper.goods(rows, [0.82, 0.18]))
        paper.gap(6)
        paper.add(paper.text(slip.count, 9, muted=True, right=True))
        if slip.note:
            paper.gap(14)
            paper.add(paper.text(slip.note_heading, 8.5, muted=True), paper.text(slip.note))
        paper.gap(24)
        paper.add(paper.text(slip.thanks, muted=True))
    shop = " · ".join([slips[0].shop_name, *slips[0].shop]) if slips else ""
    return paper.build(shop)


def _head(paper: Paper, title: str, name: str) -> None:
    words = [paper.text(title, 18, bold=True, right=True), paper.text(name, 10.5, muted=True, right=True)]
    paper.add(paper.table([[paper.masthead(), words]], [0.5, 0.5], [("VALIGN", (0, 0), (-1, -1), "MIDDLE")]))


def _address(paper: Paper, heading: str, lines: Sequence[str]) -> list[object]:
    if not lines:
        return []
    first, *rest = lines
    return [
        paper.text(heading, 8.5, muted=True, space=2),
        paper.text(first, bold=True),
        *(paper.text(line) for line in rest),
    ]


def _totals(paper: Paper, sheet: Sheet) -> None:
    rows = [
        ["", paper.text(label, 10.5 if strong else 9.5, bold=strong), paper.text(amount, 10.5 if strong else 9.5, bold=strong, right=True)]  # noqa: E501
        for label, amount, strong in sheet.totals
    ]
    rules = [
        ("LINEABOVE", (1, i), (-1, i), 0.8, paper.ink) for i, (_, _, strong) in enumerate(sheet.totals) if strong
    ]
    paper.add(paper.table(rows, [0.5, 0.32, 0.18], rules))
    if sheet.taxes:
        paper.gap(12)
        head = ["", *(paper.text(name, 8, muted=True, right=n > 0) for n, name in enumerate(sheet.tax_columns))]
        body = [
            ["", paper.text(label, 8.5), paper.text(net, 8.5, right=True), paper.text(tax, 8.5, right=True)]
            for label, net, tax in sheet.taxes
        ]
        paper.add(paper.table([head, *body], [0.5, 0.2, 0.15, 0.15], [("LINEBELOW", (1, 0), (-1, 0), 0.5, paper.line)]))
