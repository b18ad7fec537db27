"""Which discounts hold for these goods, and what each takes off each line. Pure, integer minor units.

The order in which discounts, codes or lines are given makes no difference. Discounts that combine are taken off one
after the other, each from what is left; one that does not combine stands alone. Of these the buyer gets the dearest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from shop.promotions.spreading import percent_of, spread

#: goods first, so that a percentage is of what is really paid for
_RANK = {"buy_x_get_y": 0, "tiered": 1, "percentage": 2, "fixed": 3, "free_shipping": 4}


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of a cart."""

    line_id: int
    product_id: int
    quantity: int
    unit_minor: int
    collections: frozenset[int] = frozenset()

    @property
    def total_minor(self) -> int:
        return self.quantity * self.unit_minor


@dataclass(frozen=True, slots=True)
class Offer:
    """A discount's rules: see models.Discount for what each means. `tiers`: (from_minor, basis_points)."""

    id: int
    title: str
    kind: str
    by_code: bool = False
    basis_points: int = 0
    amount_minor: int = 0
    buy_quantity: int = 0
    get_quantity: int = 0
    tiers: tuple[tuple[int, int], ...] = ()
    scope: str = "all"
    scope_ids: frozenset[int] = frozenset()
    min_minor: int = 0
    min_quantity: int = 0
    first_order_only: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    per_customer: int | None = None
    is_used_up: bool = False
    combines: bool = False
    is_active: bool = True


    def told(self, amount: Callable[[int], int]) -> Offer:
        """The same discount with each amount of it as `amount` tells it: in another currency."""
        return replace(
            self,
            amount_minor=amount(self.amount_minor),
            min_minor=amount(self.min_minor),
            tiers=tuple((amount(least), points) for least, points in self.tiers),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A code in the cart. `discount_id` None: nobody knows it."""

    code: str
    discount_id: int | None
    code_id: int | None = None
    is_used_up: bool = False


@dataclass(frozen=True)
class Facts:
    """`orders_before` and `used` are about the customer, where they are known. `shipping_minor`: of the way chosen;
    `shipping_may_be_free`:
    standard, or the cheapest way there is."""

    now: datetime
    shipping_minor: int = 0
    shipping_may_be_free: bool = True
    orders_before: int | None = None
    used: Mapping[int, int] = field(default_factory=dict)


class Reduction(NamedTuple):
    """One row: what a discount takes off one line (`line_id` None: off the shipping)."""

    discount_id: int
    code: str
    code_id: int | None
    label: str
    line_id: int | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RefusedCode:
    """`why`: a word that the shop window turns into a sentence; the other fields are what the sentence needs."""

    code: str
    why: str
    minor: int = 0
    count: int = 0
    at: datetime | None = None
    other: str = ""


@dataclass(frozen=True)
class Evaluation:
    reductions: tuple[Reduction, ...] = ()
    refused: tuple[RefusedCode, ...] = ()

    @property
    def off_minor(self) -> int:
        """Off the goods, without shipping."""
        return sum(row.amount_minor for row in self.reductions if row.line_id is not None)

    @property
    def shipping_off_minor(self) -> int:
        return sum(row.amount_minor for row in self.reductions if row.line_id is None)

    def off_line(self, line_id: int) -> int:
        return sum(row.amount_minor for row in self.reductions if row.line_id == line_id)

    def times(self, factor: int) -> Evaluation:
        """Worked out in greater units than minor ones: back into minor ones."""
        if factor == 1:
            return self
        return Evaluation(
            tuple(row._replace(amount_minor=row.amount_minor * factor) for row in self.reductions),
            tuple(replace(row, minor=row.minor * factor) for row in self.refused),
        )

    def by_discount(self) -> list[tuple[Reduction, int, bool]]:
        """(any row of it, what it takes off the goods, whether it frees the shipping), in the order of taking off."""
        first: dict[int, Reduction] = {}
        goods: dict[int, int] = {}
        ships: set[int] = set()
        for row in self.reductions:
            first.setdefault(row.discount_id, row)
            goods[row.discount_id] = goods.get(row.discount_id, 0) + (
                row.amount_minor if row.line_id is not None else 0
            )
            if row.line_id is None:
                ships.add(row.discount_id)
        return [(row, goods[id_], id_ in ships) for id_, row in first.items()]


@dataclass(frozen=True, slots=True)
class _Candidate:
    offer: Offer
    asked: Asked | None
    goods: tuple[Goods, ...]
    basis_points: int  # of the tier that was reached


def evaluate(lines: Sequence[Goods], discounts: Iterable[Offer], codes: Iterable[Asked], facts: Facts) -> Evaluation:
    """Rows of what is taken off, and a reason for each code that takes nothing off. Never more than the goods cost."""
    lines = sorted(lines, key=lambda line: line.line_id)
    offers = sorted(discounts, key=lambda offer: offer.id)
    asked, refused = _read_codes(offers, codes)
    candidates = []
    places = _places(lines)
    for offer in offers:
        code = asked.get(offer.id)
        if offer.by_code and code is None:
            continue
        fit = tuple(lines) if offer.scope == "all" else _in_scope(offer, lines, places)
        basis_points, why = _judge(offer, fit, facts, code)
        if why is None:
            candidates.append(_Candidate(offer, code, fit, basis_points))
        elif code is not None:
            refused.append(why)
    reductions, winners = _best(lines, candidates, facts)
    names = ", ".join(c.offer.title for c in candidates if c.offer.id in winners)
    for c in candidates:
        if c.asked is not None and c.offer.id not in winners:
            refused.append(RefusedCode(c.asked.code, "better" if names else "nothing_left", other=names))
    return Evaluation(tuple(reductions), tuple(sorted(refused, key=lambda row: row.code)))


def _read_codes(offers: list[Offer], codes: Iterable[Asked]) -> tuple[dict[int, Asked], list[RefusedCode]]:
    known = {offer.id for offer in offers if offer.by_code}
    asked: dict[int, Asked] = {}
    refused = []
    for code in sorted(set(codes), key=lambda c: (c.is_used_up, c.code)):
        if code.discount_id is None or code.discount_id not in known:
            refused.append(RefusedCode(code.code, "unknown"))
        elif code.is_used_up:
            refused.append(RefusedCode(code.code, "used_up"))
        elif code.discount_id in asked:
            refused.append(RefusedCode(code.code, "same", other=asked[code.discount_id].code))
        else:
            asked[code.discount_id] = code
    return asked, refused


_Places = dict[tuple[str, int], set[int]]


def _places(lines: Sequence[Goods]) -> _Places:
    """Which lines are of a product or in a collection, by their place in the list."""
    found: _Places = {}
    for n, line in enumerate(lines):
        found.setdefault(("products", line.product_id), set()).add(n)
        for collection_id in line.collections:
            found.setdefault(("collections", collection_id), set()).add(n)
    return found


def _in_scope(offer: Offer, lines: Sequence[Goods], places: _Places) -> tuple[Goods, ...]:
    inside = [places[offer.scope, id_] for id_ in offer.scope_ids if (offer.scope, id_) in places]
    return tuple(lines[n] for n in sorted(set().union(*inside)))


def _judge(offer: Offer, fit: Sequence[Goods], facts: Facts, asked: Asked | None) -> tuple[int, RefusedCode | None]:
    """(basis points that hold, or why it does not)."""
    code = asked.code if asked else ""
    why = _closed(offer, facts, code)
    if why is not None:
        return 0, why
    subtotal = sum([line.quantity * line.unit_minor for line in fit])
    quantity = sum([line.quantity for line in fit])
    if not fit:
        return 0, RefusedCode(code, "nothing_fits")
    if subtotal < offer.min_minor:
        return 0, RefusedCode(code, "spend_more", minor=offer.min_minor - subtotal)
    least = max(offer.min_quantity, offer.buy_quantity + offer.get_quantity if offer.kind == "buy_x_get_y" else 0)
    if quantity < least:
        return 0, RefusedCode(code, "add_more", count=least - quantity)
    if offer.kind == "free_shipping":
        if facts.shipping_minor <= 0:
            return 0, RefusedCode(code, "shipping_is_free")
        return 0, None if facts.shipping_may_be_free else RefusedCode(code, "standard_way")
    if offer.kind != "tiered":
        return offer.basis_points, None
    reached = [points for least_minor, points in offer.tiers if subtotal >= least_minor]
    if reached:
        return max(reached), None
    first = min((least_minor for least_minor, _ in offer.tiers), default=0)
    return 0, RefusedCode(code, "spend_more", minor=first - subtotal)


def _closed(offer: Offer, facts: Facts, code: str) -> RefusedCode | None:
    """Reasons that no change of the cart helps against."""
    if not offer.is_active:
        return RefusedCode(code, "off")
    if offer.starts_at is not None and facts.now < offer.starts_at:
        return RefusedCode(code, "not_yet", at=offer.starts_at)
    if offer.ends_at is not None and facts.now >= offer.ends_at:
        return RefusedCode(code, "ended", at=offer.ends_at)
    if offer.is_used_up:
        return RefusedCode(code, "used_up")
    if offer.first_order_only and facts.orders_before:
        return RefusedCode(code, "first_order")
    if offer.per_customer is not None and facts.used.get(offer.id, 0) >= offer.per_customer:
        return RefusedCode(code, "per_customer", count=offer.per_customer)
    return None


def _best(lines: Sequence[Goods], candidates: list[_Candidate], facts: Facts) -> tuple[list[Reduction], set[int]]:
    """The rows of the dearest choice, and the discounts in it. All that combine win a tie, then the older one."""
    together = [c for c in candidates if c.offer.combines]
    rows = _take_off(lines, together, facts)
    best = sum([row.amount_minor for row in rows])
    alone = max(
        (c for c in candidates if not c.offer.combines),
        key=lambda c: (_worth(c, facts), -c.offer.id),
        default=None,
    )
    if alone is not None and _worth(alone, facts) > best:
        rows = _take_off(lines, [alone], facts)
    return rows, {row.discount_id for row in rows}


def _worth(c: _Candidate, facts: Facts) -> int:
    """What it takes off when it stands alone."""
    if c.offer.kind == "free_shipping":
        return facts.shipping_minor
    if c.offer.kind == "buy_x_get_y":
        return sum(_given(c).values())
    subtotal = sum(line.quantity * line.unit_minor for line in c.goods)
    return min(c.offer.amount_minor, subtotal) if c.offer.kind == "fixed" else percent_of(subtotal, c.basis_points)


def _take_off(lines: Sequence[Goods], group: list[_Candidate], facts: Facts) -> list[Reduction]:
    left = {line.line_id: line.total_minor for line in lines}
    shipping = facts.shipping_minor
    rows = []
    for c in sorted(group, key=lambda c: (_RANK[c.offer.kind], c.offer.id)):
        if c.offer.kind == "free_shipping":
            shares: dict[int | None, int] = {None: shipping}
            shipping = 0
        else:
            shares = _shares(c, left)
        code, code_id = (c.asked.code, c.asked.code_id) if c.asked else ("", None)
        about = (c.offer.id, code, code_id, c.offer.title)
        for line_id, amount in shares.items():
            if amount > 0:
                if line_id is not None:
                    left[line_id] -= amount
                rows.append(Reduction(*about, line_id, amount))
    return rows


def _shares(c: _Candidate, left: Mapping[int, int]) -> dict[int | None, int]:
    if c.offer.kind == "buy_x_get_y":
        return {line_id: min(amount, left[line_id]) for line_id, amount in _given(c).items()}
    weights = [left[line.line_id] for line in c.goods]
    whole = sum(weights)
    amount = min(c.offer.amount_minor, whole) if c.offer.kind == "fixed" else percent_of(whole, c.basis_points)
    return {line.line_id: share for line, share in zip(c.goods, spread(amount, weights), strict=True)}


def _given(c: _Candidate) -> dict[int, int]:
    """Of each full set of X and Y, the cheapest Y are reduced: {line: minor units}."""
    bundle = c.offer.buy_quantity + c.offer.get_quantity
    count = sum(line.quantity for line in c.goods) // bundle * c.offer.get_quantity if bundle else 0
    given = {}
    for line in sorted(c.goods, key=lambda line: (line.unit_minor, line.line_id)):
        units = min(count, line.quantity)
        if units <= 0:
            break
        count -= units
        given[line.line_id] = percent_of(units * line.unit_minor, c.basis_points)
    return given
