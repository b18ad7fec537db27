"""The account's balance, added up from its balance transactions."""

from __future__ import annotations

from collections import defaultdict

from sandbox.stripe import book
from sandbox.stripe.book import Obj
from sandbox.world import World


def read(world: World) -> Obj:
    """``available`` (two days old and more) and ``pending``, per currency, in minor units."""
    moment = book.now(world)
    sums: dict[str, dict[str, int]] = {"available": defaultdict(int), "pending": defaultdict(int)}
    for entry in world.store.all(book.KINDS["balance_transaction"]):
        side = "available" if entry["available_on"] <= moment else "pending"
        for other in sums:
            sums[other][entry["currency"]] += entry["net"] if other == side else 0
    shown: Obj = {"object": "balance", "livemode": False, "connect_reserved": []}
    for side, amounts in sums.items():
        shown[side] = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(amounts.items() or {"usd": 0}.items())
        ]
    return shown
