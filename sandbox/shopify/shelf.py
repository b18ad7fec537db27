"""The shop's things in the sandbox's store, with indexes in memory, so that a page costs a page and not the whole."""

from __future__ import annotations

import bisect
import threading
import weakref
from collections.abc import Iterable, Iterator

from sandbox.shopify.shopfront import Json
from sandbox.world import World

_shelves: weakref.WeakKeyDictionary[World, Shelf] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class Drawer:
    """Things of one kind by number, and in the order of their last change."""

    def __init__(self, world: World, kind: str) -> None:
        self.world, self.kind = world, f"shopify_{kind}"
        self.order: list[tuple[float, int]] = []
        self._at: dict[int, float] = {}
        for thing in world.store.all(self.kind):
            self._place(thing)
        self.order.sort()

    def get(self, number: int) -> Json | None:
        return self.world.store.get(self.kind, str(number))

    def get_many(self, numbers: Iterable[int]) -> list[Json]:
        return self.world.store.get_many(self.kind, [str(number) for number in numbers])

    def put_many(self, things: list[Json]) -> None:
        self.world.store.put_many(self.kind, [(str(thing["id"]), thing) for thing in things])
        for thing in things:
            old = self._at.get(thing["id"])
            if old is not None:
                del self.order[bisect.bisect_left(self.order, (old, thing["id"]))]
            self._at[thing["id"]] = float(thing["updated_at"])
            bisect.insort(self.order, (float(thing["updated_at"]), thing["id"]))

    def remove(self, number: int) -> None:
        if self.world.store.delete(self.kind, str(number)):
            del self.order[bisect.bisect_left(self.order, (self._at.pop(number), number))]

    def page(self, after: tuple[float, int] | None, since: float, most: int) -> tuple[list[Json], bool]:
        """At most `most` changed at or after `since`, after a place in the order; and whether there are more."""
        start = bisect.bisect_left(self.order, (since, 0))
        if after is not None:
            start = max(start, bisect.bisect_right(self.order, after))
        numbers = [number for _, number in self.order[start : start + most]]
        return self.get_many(numbers), start + most < len(self.order)

    def each(self) -> Iterator[Json]:
        """All, oldest change first."""
        for start in range(0, len(self.order), 200):
            yield from self.get_many(number for _, number in self.order[start : start + 200])

    def __len__(self) -> int:
        return len(self.order)

    def _place(self, thing: Json) -> None:
        self._at[thing["id"]] = float(thing["updated_at"])
        self.order.append((float(thing["updated_at"]), thing["id"]))


class Shelf:
    """All drawers of the shop. Hold `lock` around read-modify-write."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lock = world.store.lock
        self.products = Drawer(world, "product")
        self.orders = Drawer(world, "order")
        self.customers = Drawer(world, "customer")
        self.files: dict[str, bytes] = {}
        self.points: list[float] = [2000.0, world.clock.now()]
        self.variants: dict[int, int] = {}  # variant → product
        self.items: dict[int, int] = {}  # inventory item → product
        self.handles: dict[str, int] = {}
        self.skus: dict[str, int] = {}  # SKU → product (the last one that took it)
        for product in self.products.each():
            self.index(product)

    def index(self, product: Json) -> None:
        self.handles[product["handle"]] = product["id"]
        for variant in product["variants"]:
            self.variants[variant["id"]] = self.items[variant["item_id"]] = product["id"]
            self.skus[variant["sku"]] = product["id"]

    def forget(self, product: Json) -> None:
        self.handles.pop(product["handle"], None)
        for variant in product["variants"]:
            self.variants.pop(variant["id"], None)
            self.items.pop(variant["item_id"], None)
            self.skus.pop(variant["sku"], None)

    def numbers(self, name: str, count: int = 1) -> range:
        """The next `count` numbers of a counter that survives a restart."""
        with self.lock:
            first = int((self.world.store.get("shopify_number", name) or {"next": 9000})["next"])
            self.world.store.put("shopify_number", name, {"next": first + count})
        return range(first, first + count)

    def number(self, name: str) -> int:
        return self.numbers(name)[0]

    def now(self) -> float:
        return self.world.clock.now()

    def note_write(self) -> None:
        self.count("writes")

    def count(self, what: str) -> None:
        with self.lock:
            before = int((self.world.store.get("shopify_count", what) or {"n": 0})["n"])
            self.world.store.put("shopify_count", what, {"n": before + 1})

    def writes(self) -> int:
        return int((self.world.store.get("shopify_count", "writes") or {"n": 0})["n"])


def shelf_of(world: World) -> Shelf:
    with _lock:
        if world not in _shelves:
            _shelves[world] = Shelf(world)
        return _shelves[world]


def forget_shelf(world: World) -> None:
    """After a reset of the store."""
    with _lock:
        _shelves.pop(world, None)
