"""The grid of products, drawn from the design's own macro; what it makes of a card is kept with the card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import g
from markupsafe import Markup

from shop.catalog.shelf import Card

Macro = Callable[..., Markup]
_END = "</ul>"


def kept_grid(macro: Macro) -> Macro:
    """`product_grid` that draws each card once for each language and way of drawing.

    The grid without cards is the frame; the grid of one card, without the frame, is the card.
    """

    def product_grid(cards: Sequence[Any], eager: int = 0, **options: Any) -> Markup:
        frame = str(macro((), eager, **options))
        if not frame.endswith(_END) or not all(type(card) is Card for card in cards):
            return macro(cards, eager, **options)
        head = frame[: -len(_END)]
        way = (g.get("locale"), options.get("sizes"), options.get("kind"))
        parts = [head]
        for place, card in enumerate(cards):
            key = (place < eager, *way)
            drawn = card.drawn.get(key)
            if drawn is None:
                alone = str(macro((card,), int(place < eager), **options))
                drawn = card.drawn[key] = alone[len(head) : -len(_END)]
            parts.append(drawn)
        parts.append(_END)
        return Markup("".join(parts))  # noqa: S704  (the macro escaped it)

    return product_grid
