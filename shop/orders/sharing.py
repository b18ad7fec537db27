"""What each line of an order, and its shipping, is worth in the money that was paid. Pure.

The shares add up to the order's total to the minor unit: a line bears the discount that was given on it (where that is
not known, discounts are spread in the order of the lines), and what is no line's is shipping (with its tax). So all of
it given back piece by piece is exactly what was paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shop.core.money import step
from shop.errors import InvalidInput, NotFound
from shop.orders.models import Order, OrderLine


@dataclass(frozen=True)
class Piece:
    """Some of a line: what it is worth."""

    line_id: int
    title: str
    quantity: int
    minor: int


@dataclass(frozen=True)
class Chosen:
    """What is to be given back for: {line: quantity}, and the rest of the shipping or not."""

    lines: Mapping[int, int]
    shipping: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.shipping and not any(self.lines.values())


@dataclass(frozen=True)
class WorkedOut:
    pieces: tuple[Piece, ...]
    shipping_minor: int

    @property
    def minor(self) -> int:
        return sum(piece.minor for piece in self.pieces) + self.shipping_minor


def worth_of_lines(order: Order, lines: Sequence[OrderLine]) -> dict[int, int]:
    """{line: minor units}: its price, less its share of discounts, with its tax where that was added."""
    found, whole, spread = {}, 0, 0
    base = sum(line.total_minor for line in lines)
    is_known = sum(line.discount_minor for line in lines) == order.discount_minor
    for line in lines:
        whole += line.total_minor
        discount = order.discount_minor * whole // base - spread if base else 0
        discount = line.discount_minor if is_known else discount
        spread += discount
        found[line.id] = line.total_minor - discount + (0 if order.tax_included else line.tax_minor)
    return found


def worth_of_shipping(order: Order, lines: Sequence[OrderLine]) -> int:
    return max(0, order.total_minor - sum(worth_of_lines(order, lines).values()))


def work_out(
    order: Order, lines: Sequence[OrderLine], chosen: Chosen, given: Mapping[int, int], shipping_given: int
) -> WorkedOut:
    """`given`: {line: quantity already given back for}. Raises InvalidInput for more than is left, NotFound for a line
    that is not the order's."""
    worth = worth_of_lines(order, lines)
    if any(line_id not in worth for line_id, n in chosen.lines.items() if n):
        raise NotFound("This order has no such line.")
    pieces, errors = [], {}
    for line in lines:
        n, before = chosen.lines.get(line.id, 0), given.get(line.id, 0)
        if not 0 <= n <= line.quantity - before:
            errors[f"line-{line.id}"] = f"Choose from 0 to {max(0, line.quantity - before)}."
        elif n:
            until, already = (_part(worth[line.id], k, line.quantity, order.currency) for k in (before + n, before))
            pieces.append(Piece(line.id, f"{line.title} ({line.variant_title})", n, until - already))
    if errors:
        raise InvalidInput(fields=errors)
    shipping = max(0, worth_of_shipping(order, lines) - shipping_given) if chosen.shipping else 0
    return WorkedOut(tuple(pieces), shipping)


def _part(worth: int, count: int, quantity: int, currency: str) -> int:
    """What the first `count` of `quantity` are worth, as an amount that can be paid; all of them: all of it."""
    least = step(currency)
    return worth if count == quantity else worth * count // quantity // least * least
