"""A platform that lives in this process, for what thousands of edits have to show: the connector's interface, and quirks.

Its clock moves a second with each change, so that time of change never lies.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from shop.channels import registry
from shop.channels.connector import (
    ChannelAccount,
    Connector,
    ConnectorSpec,
    Page,
    PublishesListings,
    PullsProducts,
    SyncsCustomers,
)
from shop.channels.models import Connection
from shop.channels.records import (
    CustomerRecord,
    ListingAnswer,
    OptionRecord,
    ProductRecord,
    ProductStatus,
    Unreadable,
    VariantRecord,
)
from shop.channels.syncing.models import SyncSetting
from shop.core.transaction import transaction

START = datetime(2026, 11, 1, tzinfo=UTC)


class World:
    """What is there. `fails`: asked before every call with its name; raises, or spoils by returning a word."""

    def __init__(self) -> None:
        self.products: dict[str, ProductRecord] = {}
        self.customers: dict[str, CustomerRecord] = {}
        self.bad: dict[str, Unreadable] = {}
        self.writes: list[tuple[str, str]] = []
        self.reads = 0
        self.ticks = 0
        self.page_size = 50
        self.fails: Callable[[str], str | None] = lambda name: None
        self.keeps_html_its_way = False

    def now(self) -> datetime:
        self.ticks += 1
        return START + timedelta(seconds=self.ticks)

    def new_id(self, kind: str) -> str:
        self.ticks += 1
        return f"{kind}{self.ticks:06d}"

    # -- the merchant's hand

    def add(self, title: str, skus: Collection[str], price: int = 2000, **more: Any) -> str:
        external_id = self.new_id("p")
        variants = tuple(
            VariantRecord(sku=sku, price_minor=price, options={"Size": f"S{n}"}, external_id=f"{external_id}-{n}")
            for n, sku in enumerate(skus)
        )
        options = (OptionRecord("Size", tuple(v.options["Size"] for v in variants)),)
        self.products[external_id] = ProductRecord(
            title=title, currency=more.pop("currency", "USD"), variants=variants, external_id=external_id,
            options=options, updated_at=self.now(), missing={"seo_title": "none there", "seo_text": "none there"}, **more,
        )  # fmt: skip
        return external_id

    def change(self, external_id: str, **fields: Any) -> None:
        self.products[external_id] = replace(self.products[external_id], updated_at=self.now(), **fields)

    def price(self, external_id: str, price: int) -> None:
        variants = tuple(replace(v, price_minor=price) for v in self.products[external_id].variants)
        self.change(external_id, variants=variants)


class Toy(Connector, PullsProducts, PublishesListings, SyncsCustomers):
    spec = ConnectorSpec(key="toy", name="Toy", auth=(), token_kinds=(), settings=(), overlap=timedelta(seconds=5))
    worlds: ClassVar[dict[int, World]] = {}

    @property
    def world(self) -> World:
        return self.worlds.setdefault(self.connection_id, World())

    def check(self) -> ChannelAccount:
        return ChannelAccount("1", "Toy", "USD")

    def pull_products(self, since: datetime | None, cursor: str) -> Page[ProductRecord]:
        return self._page(self.world.products, "pull_products", since, cursor)

    def _page(self, things: dict[str, Any], name: str, since: datetime | None, cursor: str) -> Page[Any]:
        spoiled = self.world.fails(name)
        self.world.reads += 1
        found = sorted(
            (t for t in things.values() if since is None or t.updated_at >= since),
            key=lambda t: (t.updated_at, t.external_id),
        )
        if spoiled == "empty":
            return Page([], "", True)
        start = int(cursor or 0)
        page: list[Any] = list(found[start : start + self.world.page_size])
        end = start + len(page)
        if spoiled == "truncated":
            page = page[: len(page) // 2]
        if name == "pull_products" and not cursor:
            page += list(self.world.bad.values())
        return Page(page, str(end), end >= len(found))

    def get_product(self, external_id: str) -> ProductRecord | None:
        self.world.fails("get_product")
        return self.world.products.get(external_id)

    def push_product(
        self, product: ProductRecord, known: ListingAnswer | None, fields: Collection[str] | None, key: str
    ) -> ListingAnswer:
        self.world.fails("push_product")
        world = self.world
        if known is None:
            mine = [p for p in world.products.values() if p.raw == key]
            external_id = mine[0].external_id if mine else world.new_id("p")
            if not mine:
                self._save(replace(product, external_id=external_id, raw=key), range(len(product.variants)))
        else:
            external_id = known.external_id
            there = world.products[external_id]
            changes = {n: getattr(product, n) for n in fields or () if "." not in n and n != "variants"}
            by_id = {v.external_id: v for v in product.variants if v.external_id}
            columns = {n.partition(".")[2] for n in fields or () if "." in n}
            variants = tuple(
                replace(v, **{c: getattr(by_id[v.external_id], c) for c in columns}) if v.external_id in by_id else v
                for v in there.variants
            )
            if "variants" in (fields or ()):
                variants += tuple(
                    replace(v, external_id=world.new_id("v")) for v in product.variants if not v.external_id
                )
            self._save(replace(there, variants=variants, **changes))
        world.writes.append(("push", external_id))
        world.fails("pushed")
        return ListingAnswer(external_id, {v.sku: v.external_id for v in world.products[external_id].variants})

    def _save(self, record: ProductRecord, new: range = range(0)) -> None:
        variants = [
            replace(v, external_id=f"{record.external_id}-{n}") if n in new else v
            for n, v in enumerate(record.variants)
        ]
        text = record.description_html
        if self.world.keeps_html_its_way and text and not text.endswith("<!-- kept -->"):
            text = f"{html.unescape(text)}\n<!-- kept -->"
        self.world.products[record.external_id] = replace(
            record, variants=tuple(variants), updated_at=self.world.now(), description_html=text,
            missing={"seo_title": "none there", "seo_text": "none there"},
        )  # fmt: skip

    def archive_product(self, external_id: str) -> None:
        self.world.writes.append(("archive", external_id))
        self.world.change(external_id, status=ProductStatus.ARCHIVED)

    def pull_customers(self, since: datetime | None, cursor: str) -> Page[CustomerRecord]:
        return self._page(self.world.customers, "pull_customers", since, cursor)

    def get_customer(self, external_id: str) -> CustomerRecord | None:
        return self.world.customers.get(external_id)

    def push_customer(self, customer: CustomerRecord, external_id: str | None, key: str) -> str:
        found = external_id or self.world.new_id("c")
        self.world.customers[found] = replace(customer, external_id=found, updated_at=self.world.now())
        self.world.writes.append(("customer", found))
        return found


def connect(
    entity: str = "products", direction: str = "both", default: str = "ask", **options: Any
) -> tuple[int, World]:
    """A connection to a new toy world, and that world."""
    registry.register(Toy)
    with transaction() as session:
        row = Connection(channel="toy", name="Toy", status="active")
        session.add(row)
        session.flush()
        session.add(
            SyncSetting(
                connection_id=row.id, entity=entity, direction=direction, default_rule=default, is_on=True,
                options={"create_here": True, "create_there": False, **options},
            )
        )  # fmt: skip
        Toy.worlds[row.id] = World()
        return row.id, Toy.worlds[row.id]
