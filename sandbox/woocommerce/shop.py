"""One shop's memory: its things by kind, its clock, and an index of what changed when, so that 10,000 page quickly."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sandbox.settings import ARE_AMERICAN
from sandbox.world import World

Json = dict[str, Any]
MAIN = "main"
SITE_HOURS = 1  # its own time zone, so that who mistakes local time for UTC is found out
FORM = "%Y-%m-%dT%H:%M:%S"
KEYS = {"consumer_key": "ck_" + "5a" * 20, "consumer_secret": "cs_" + "7b" * 20}
#: what a test or the demo may change (POST /control/api/woocommerce/<shop>)
DEFAULTS: Json = {
    "name": "Wooden Shop", "currency": "USD" if ARE_AMERICAN else "EUR", "decimals": 2,
    "prices_include_tax": not ARE_AMERICAN, "tax_rate": 0 if ARE_AMERICAN else 19,
    "weight_unit": "kg", "keys": [{**KEYS, "permissions": "read_write"}],
    "drops_authorization": False,  # a server in front takes the header away
    "pretty_permalinks": True, "is_old": False,  # cannot sort by change
    "fulfillments": False, "shipment_tracking": True, "gift_cards": False, "has_woocommerce": True,
    "notices": False,  # PHP prints a warning before each answer
    "waf_limit": 0,  # requests a minute before a firewall answers 429; 0: none
    "blocks_put": False,
}  # fmt: skip
_indexes: WeakKeyDictionary[World, dict[str, Index]] = WeakKeyDictionary()


class Index:
    """Of one kind: ids by time of change, and SKUs. Kept in memory, made from the store when it is first asked."""

    def __init__(self, things: Iterable[Json]) -> None:
        self.changed: dict[int, str] = {}
        self.skus: dict[str, int] = {}
        self._sorted: list[tuple[str, int]] | None = None
        for thing in things:
            self.put(thing)

    def put(self, thing: Json) -> None:
        number = int(thing["id"])
        if thing.get("status") == "trash":
            self.changed.pop(number, None)
        else:
            self.changed[number] = str(thing.get("date_modified_gmt") or "")
        self._sorted = None

    def drop(self, number: int) -> None:
        self.changed.pop(number, None)
        self._sorted = None

    def by_change(self) -> list[tuple[str, int]]:
        if self._sorted is None:
            self._sorted = sorted((changed, number) for number, changed in self.changed.items())
        return self._sorted

    def after(self, bound: str) -> list[int]:
        """Changed later than `bound` (never at it), oldest first."""
        pairs = self.by_change()
        return [number for _, number in pairs[bisect.bisect_right(pairs, (bound, 1 << 60)) :]]


class Shop:
    def __init__(self, world: World, name: str = MAIN) -> None:
        self.world, self.name = world, name

    # -- settings

    @property
    def settings(self) -> Json:
        return DEFAULTS | (self.world.store.get("woo:shops", self.name) or {})

    def set(self, **changes: Any) -> None:
        unknown = set(changes) - set(DEFAULTS)
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        with self.world.store.lock:
            self.world.store.put(
                "woo:shops", self.name, {**(self.world.store.get("woo:shops", self.name) or {}), **changes}
            )

    @property
    def url(self) -> str:
        return f"http://{self.world.settings.host}:{self.world.settings.port}/woocommerce/{self.name}"

    # -- time

    def gmt(self, at: float | None = None) -> str:
        return datetime.fromtimestamp(self.world.clock.now() if at is None else at, UTC).strftime(FORM)

    def stamp(self, thing: Json, *names: str) -> None:
        """Now, in both forms: the site's own time and GMT, neither with a zone."""
        now = self.gmt()
        for name in names:
            thing[f"{name}_gmt"] = now
            thing[name] = local(now)

    # -- things

    def kind(self, what: str) -> str:
        return f"woo:{self.name}:{what}"

    def number(self) -> int:
        """One counter for posts, terms and people: WordPress' ids are not dense."""
        return self.world.store.next_number(f"woo:{self.name}", 501)

    def get(self, what: str, number: int | str) -> Json | None:
        return self.world.store.get(self.kind(what), str(number))

    def put(self, what: str, thing: Json) -> Json:
        with self.world.store.lock:
            self.world.store.put(self.kind(what), str(thing["id"]), thing)
            self.index(what).put(thing)
        return thing

    def drop(self, what: str, number: int | str) -> None:
        with self.world.store.lock:
            self.world.store.delete(self.kind(what), str(number))
            self.index(what).drop(int(number))

    def all(self, what: str) -> list[Json]:
        return self.world.store.all(self.kind(what))

    def many(self, what: str, numbers: Iterable[int | str]) -> list[Json]:
        return self.world.store.get_many(self.kind(what), map(str, numbers))

    def index(self, what: str) -> Index:
        kept = _indexes.setdefault(self.world, {})
        name = self.kind(what)
        if name not in kept:
            with self.world.store.lock:
                kept[name] = Index(self.all(what))
        return kept[name]

    # -- stock keeping units: unique over products and variations, also those in the trash

    def sku_owner(self, sku: str) -> Json | None:
        held = self.world.store.get(self.kind("sku"), sku.lower())
        if held is None:
            return None
        return self.get(held["what"], held["number"])

    def claim_sku(self, what: str, thing: Json, before: str = "") -> None:
        kind = self.kind("sku")
        if before and before.lower() != str(thing.get("sku") or "").lower():
            self.world.store.delete(kind, before.lower())
        if thing.get("sku"):
            self.world.store.put(kind, thing["sku"].lower(), {"what": what, "number": thing["id"]})

    # -- counting

    def count_write(self) -> None:
        self.world.store.next_number(f"woo:{self.name}:writes")

    def writes(self) -> int:
        return int((self.world.store.get("counter", f"woo:{self.name}:writes") or {"value": 0})["value"])


def local(gmt: str) -> str:
    return (datetime.strptime(gmt, FORM) + timedelta(hours=SITE_HOURS)).strftime(FORM)


def to_gmt(text: str) -> str:
    return (datetime.strptime(text, FORM) - timedelta(hours=SITE_HOURS)).strftime(FORM)


def forget(world: World) -> None:
    _indexes.pop(world, None)
