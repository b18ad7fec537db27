"""The catalogue as bit sets: one Python integer per facet value, bit n for the n-th product by id.

Filtering is `&` and `|`, counting is `bit_count()`: microseconds at any size we mean to serve. The index is pure and
built from plain rows; `catalog/index.py` keeps the current one of each store.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from shop.catalog.cards import GROUP, HEX, VALUE
from shop.catalog.sizes import size_rank
from shop.catalog.words import slug_of

FACETS = ("type", "color", "size", "collection")
SORTS = ("featured", "newest", "best_selling", "price_up", "price_down", "title")
_BLOCK = 256  # products between two remembered price masks


class Row(NamedTuple):
    """One product as the index reads it. `facets` and `collections` are packed texts (catalog/cards.py)."""

    id: int
    title: str
    product_type: str
    price_minor: int
    in_stock: bool
    sold_count: int
    created: float
    facets: str
    collections: str  # "slug:position" joined by spaces
    fixed: Mapping[str, Any] | None = None  # catalog/fixed_prices.Spans


@dataclass(slots=True)
class FacetValue:
    slug: str
    title: str
    hex: str | None
    bits: int
    rank: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a visitor chose: facet → slugs; prices in minor units, both ends included."""

    values: Mapping[str, tuple[str, ...]]
    price_min: int | None = None
    price_max: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The products of a selection: a mask, and for each facet the mask that ignores the facet's own choice."""

    mask: int
    without: Mapping[str, int]
    total: int


class CatalogIndex:
    """Immutable once built; positions ("at") are places in id order."""

    def __init__(self, rows: Sequence[Row]) -> None:
        rows = sorted(rows, key=lambda r: r.id)
        self.ids = array("q", [r.id for r in rows])
        self.size = len(rows)
        self.all = (1 << self.size) - 1
        self.values: dict[str, dict[str, FacetValue]] = {name: {} for name in FACETS}
        self._orders = {name: array("I", sorted(range(self.size), key=_order_key(name, rows))) for name in SORTS}
        self._ranks: dict[str, array[int]] = {}
        self._in_collection: dict[str, dict[int, int]] = {}
        self._read_types(rows)
        self._read_options(rows)
        self._read_collections(rows)
        self._spans = [(row.price_minor, row.fixed) for row in rows]
        self._read_prices([row.price_minor for row in rows])
        self._told: dict[Any, CatalogIndex] = {}

    def told(self, key: Any, price: Callable[[int, Mapping[str, Any] | None], int]) -> CatalogIndex:
        """The same index with each product at the price that `price(lowest, fixed spans)` tells; kept by `key`."""
        found = self._told.get(key)
        if found is None:
            prices = [price(low, fixed) for low, fixed in self._spans]
            found = copy(self)
            found._told, found._ranks = {}, {}
            up = sorted(range(self.size), key=lambda at: (prices[at], -self.ids[at]))
            down = sorted(range(self.size), key=lambda at: (-prices[at], -self.ids[at]))
            found._orders = {**self._orders, "price_up": array("I", up), "price_down": array("I", down)}
            found._read_prices(prices)
            self._told[key] = found
        return found

    # -- building

    def _read_types(self, rows: Sequence[Row]) -> None:
        grouped: dict[str, list[int]] = {}
        for at, row in enumerate(rows):
            if row.product_type:
                grouped.setdefault(row.product_type, []).append(at)
        for title, places in grouped.items():
            self._join("type", title, None, _mask(places, self.size), (title.casefold(),))

    def _read_options(self, rows: Sequence[Row]) -> None:
        grouped: dict[str, list[int]] = {}
        for at, row in enumerate(rows):
            if len(row.facets) > 1:
                grouped.setdefault(row.facets, []).append(at)
        colours: dict[str, int] = {}
        sizes: dict[str, int] = {}
        for packed, places in grouped.items():
            bits = _mask(places, self.size)
            colour_text, _, size_text = packed.partition(GROUP)
            for text, masks in ((colour_text, colours), (size_text, sizes)):
                for value in text.split(VALUE) if text else ():
                    masks[value] = masks.get(value, 0) | bits
        for value, bits in colours.items():
            title, _, hex_ = value.partition(HEX)
            self._join("color", title, hex_ or None, bits, ())
        for title, bits in sizes.items():
            self._join("size", title, None, bits, size_rank(title))
        for entry in self.values["color"].values():
            entry.rank = (-entry.bits.bit_count(), entry.title)

    def _read_collections(self, rows: Sequence[Row]) -> None:
        members: dict[str, dict[int, int]] = {}
        for at, row in enumerate(rows):
            for part in row.collections.split():
                slug, _, position = part.rpartition(":")
                members.setdefault(slug, {})[at] = int(position)
        for slug, places in members.items():
            self.values["collection"][slug] = FacetValue(slug, slug, None, _mask(places, self.size), (slug,))
            if any(places.values()):
                self._in_collection[slug] = places

    def _read_prices(self, prices: Sequence[int]) -> None:
        by_price = sorted(range(self.size), key=prices.__getitem__)
        self._price_places = array("I", by_price)
        self._prices = array("q", [prices[at] for at in by_price])
        self._price_masks = [0]
        for start in range(0, self.size, _BLOCK):
            block = _mask(by_price[start : start + _BLOCK], self.size)
            self._price_masks.append(self._price_masks[-1] | block)

    def _join(self, facet: str, title: str, hex_: str | None, bits: int, rank: tuple[object, ...]) -> None:
        """Values that differ in case or accents alone are one value."""
        slug = slug_of(title)
        known = self.values[facet].get(slug)
        if known is None:
            self.values[facet][slug] = FacetValue(slug, title, hex_, bits, rank)
        else:
            known.bits |= bits
            known.hex = known.hex or hex_

    # -- asking

    def find(self, chosen: Selection, within: int | None = None) -> Found:
        """OR inside a facet, AND across facets. `within` is a mask to start from (search results, a collection).

        Unknown slugs match nothing by themselves; a facet of which only unknown slugs are chosen finds nothing.
        """
        start = self.all if within is None else within
        start &= self._priced(chosen.price_min, chosen.price_max)
        masks = {name: self._chosen(name, slugs) for name, slugs in chosen.values.items() if slugs}
        mask = start
        for bits in masks.values():
            mask &= bits
        without: dict[str, int] = {}
        for name in FACETS:
            if name not in masks:
                without[name] = mask
                continue
            rest = start
            for other, bits in masks.items():
                if other != name:
                    rest &= bits
            without[name] = rest
        return Found(mask, without, mask.bit_count())

    def _chosen(self, facet: str, slugs: Iterable[str]) -> int:
        known = self.values[facet]
        bits = 0
        for slug in slugs:
            if slug in known:
                bits |= known[slug].bits
        return bits

    def _priced(self, low: int | None, high: int | None) -> int:
        if low is None and high is None:
            return self.all
        first = 0 if low is None else bisect_left(self._prices, low)
        last = self.size if high is None else bisect_right(self._prices, high)
        return self._cheapest(last) & ~self._cheapest(first) if first < last else 0

    def _cheapest(self, count: int) -> int:
        """The mask of the `count` cheapest products."""
        block, rest = divmod(count, _BLOCK)
        return self._price_masks[block] | _mask(self._price_places[block * _BLOCK : block * _BLOCK + rest], self.size)

    def price_range(self) -> tuple[int, int]:
        """Lowest and highest price (minor units) of all products; (0, 0) when there are none."""
        return (self._prices[0], self._prices[-1]) if self.size else (0, 0)

    def places_of(self, product_ids: Iterable[int]) -> array[int]:
        """Where these ids stand, in the order given; ids the index does not know are left out."""
        ids, size = self.ids, self.size
        found = array("I")
        for product_id in product_ids:
            at = bisect_left(ids, product_id)
            if at < size and ids[at] == product_id:
                found.append(at)
        return found

    def mask_at(self, places: Iterable[int]) -> int:
        return _mask(places, self.size)

    def mask_of(self, product_ids: Iterable[int]) -> int:
        """The mask of these ids; ids the index does not know are left out."""
        return _mask(self.places_of(product_ids), self.size)

    def page(
        self, mask: int, sort: str, offset: int, limit: int, *, collection: str = "", ranked: Sequence[int] = ()
    ) -> list[int]:
        """Product ids of one page. `ranked` (places, best first) decides when sort is "relevance"; the order a
        merchant gave a collection decides when sort is "featured"."""
        if sort == "relevance":
            bits = _bytes(mask, self.size)
            fitting = (at for at in ranked if bits[at >> 3] >> (at & 7) & 1)
            return [self.ids[at] for at in islice(fitting, offset, offset + limit)]
        by_hand = self._in_collection.get(collection) if sort == "featured" else None
        if by_hand is None and self._is_dense(mask, offset + limit):
            return [self.ids[at] for at in self._scan(mask, self._orders[sort], offset, limit)]
        rank = self._rank(sort)
        key: Callable[[int], Any] = rank.__getitem__
        if by_hand is not None:
            placed = by_hand
            key = lambda at: (placed.get(at, 0) or 1 << 30, rank[at])  # noqa: E731
        return [self.ids[at] for at in sorted(_places(mask, self.size), key=key)[offset : offset + limit]]

    def _is_dense(self, mask: int, wanted: int) -> bool:
        """Is it cheaper to walk the whole order until the page is full than to sort what was found?"""
        count = mask.bit_count()
        return count > 0 and min(wanted, count) * self.size < count * (self.size // 8 + 8 * count)

    def _scan(self, mask: int, order: array[int], offset: int, limit: int) -> list[int]:
        if mask == self.all:
            return list(order[offset : offset + limit])
        bits = _bytes(mask, self.size)
        found: list[int] = []
        skipped = 0
        for at in order:
            if bits[at >> 3] >> (at & 7) & 1:
                if skipped < offset:
                    skipped += 1
                    continue
                found.append(at)
                if len(found) == limit:
                    break
        return found

    def _rank(self, sort: str) -> array[int]:
        rank = self._ranks.get(sort)
        if rank is None:
            rank = array("I", bytes(4 * self.size))
            for place, at in enumerate(self._orders[sort]):
                rank[at] = place
            self._ranks[sort] = rank
        return rank


def _order_key(sort: str, rows: Sequence[Row]) -> Callable[[int], tuple[object, ...]]:
    """Every order ends with the newest id, so that it is total and the same in every process."""
    keys: dict[str, Callable[[Row], tuple[object, ...]]] = {
        "featured": lambda r: (not r.in_stock, -r.sold_count, -r.created, -r.id),
        "newest": lambda r: (-r.created, -r.id),
        "best_selling": lambda r: (-r.sold_count, not r.in_stock, -r.id),
        "price_up": lambda r: (r.price_minor, -r.id),
        "price_down": lambda r: (-r.price_minor, -r.id),
        "title": lambda r: (r.title.casefold(), -r.id),
    }
    made = [keys[sort](row) for row in rows]
    return made.__getitem__


def _mask(places: Iterable[int], size: int) -> int:
    held = bytearray((size >> 3) + 1)
    for at in places:
        held[at >> 3] |= 1 << (at & 7)
    return int.from_bytes(held, "little")


def _bytes(mask: int, size: int) -> bytes:
    return mask.to_bytes((size >> 3) + 1, "little")


def _places(mask: int, size: int) -> list[int]:
    found = []
    for index, byte in enumerate(_bytes(mask, size)):
        if byte:
            base = index << 3
            found += [base + bit for bit in range(8) if byte >> bit & 1]
    return found
