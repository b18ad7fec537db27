"""Shopify: products, stock, orders, parcels, refunds, customers, codes, gift cards, webhooks (contracts/shopify.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Never

from shop.channels.connector import (
    AcceptsOrders,
    AuthKind,
    AuthorisesByOAuth,
    ChannelAccount,
    ChecksDiscounts,
    Connector,
    ConnectorSpec,
    HoldsGiftCards,
    HookCall,
    Page,
    PublishesListings,
    PullsProducts,
    ReportsOrders,
    Scope,
    SendsWebhooks,
    Setting,
    SyncsCustomers,
    TakesRefunds,
    TakesStock,
    TakesTracking,
    TokenKind,
)
from shop.channels.records import (
    CustomerRecord,
    DiscountAnswer,
    GiftCardAnswer,
    ListingAnswer,
    OrderRecord,
    ProductRecord,
    Unreadable,
)
from shop.channels.registry import register
from shop.channels.shopify import bulk, checking, documents, granting, hearing, listing, ordering, people, stocking
from shop.channels.shopify import order_documents as more
from shop.channels.shopify.addressing import DOCS, base_url, read_domain
from shop.channels.shopify.client import Client, TooDear
from shop.channels.shopify.reading import read_product
from shop.channels.shopify.reading_orders import read_customer, read_order
from shop.errors import InvalidInput, Misunderstood, Refused

Json = dict[str, Any]
PAGE = 50
ORDERS_PAGE = 15
LARGE = 1000  # from so many products on, a full read goes by a bulk operation

_WHY = {
    "read_products": "to bring your products here",
    "write_products": "to list our products in your shop",
    "read_inventory": "to see how many there are",
    "write_inventory": "to tell your shop how many there are",
    "read_locations": "to know where your stock is",
    "read_publications": "to know where products are shown",
    "write_publications": "to show a product we list",
    "read_orders": "to print what is sold in your shop",
    "write_orders": "to tell your shop of sales and refunds made here",
    "read_customers": "to know your customers here, too",
    "write_customers": "to tell your shop of customers from here",
    "read_discounts": "to take your shop's discount codes here",
    "read_merchant_managed_fulfillment_orders": "to see what is still to be sent",
    "write_merchant_managed_fulfillment_orders": "to tell your customers where their parcel is",
}
_WHY_NOT_NEEDED = {
    "read_gift_cards": "to take your shop's gift cards here (Shopify grants it on request)",
    "write_gift_card_transactions": "to take money from a gift card here (Shopify grants it on request)",
}
SCOPES = tuple(Scope(name, why) for name, why in _WHY.items()) + tuple(
    Scope(name, why, required=False) for name, why in _WHY_NOT_NEEDED.items()
)


@register
class Shopify(
    Connector, PullsProducts, PublishesListings, TakesStock, ReportsOrders, AcceptsOrders, TakesTracking, TakesRefunds,
    SyncsCustomers, ChecksDiscounts, HoldsGiftCards, SendsWebhooks, AuthorisesByOAuth,
):  # fmt: skip
    spec = ConnectorSpec(
        key="shopify",
        name="Shopify",
        auth=(AuthKind.CLIENT_CREDENTIALS, AuthKind.OAUTH),
        token_kinds=(TokenKind.ACCESS, TokenKind.REFRESH),
        settings=(
            Setting("store_url", "Shop address", "The one that ends in .myshopify.com (Settings, Domains).", "url"),
            Setting("client_id", "Client ID", "In Shopify's Dev Dashboard: your app, Settings."),
            Setting(
                "client_secret", "Client secret",
                "Stands beside the client ID. It also proves that messages come from Shopify.", "secret",
            ),
            Setting(
                "admin_token", "Admin API access token",
                "Only for a custom app made before 2026, which has a lasting token. Else leave it empty.", "secret",
                required=False,
            ),
            Setting(
                "location_id", "Location",
                "The number of the location whose stock we keep; empty: the first that ships online orders.",
                required=False,
            ),
        ),
        scopes=SCOPES,
        summary="Products both ways, orders and their parcels, customers, stock, discount codes and gift cards.",
        colour="shopify",
        docs=DOCS,
        overlap=timedelta(minutes=1),
    )  # fmt: skip
    topics: ClassVar[tuple[str, ...]] = hearing.TOPICS

    @classmethod
    def read_address(cls, typed: str) -> str:
        """Where its API is; nothing but the strict pattern is ever called."""
        try:
            return base_url(read_domain(typed))
        except Refused as error:
            raise InvalidInput(fields={"store_url": error.user_message}) from error

    @property
    def client(self) -> Client:
        return Client(self.connection_id, read_domain(self.store_url))

    def check(self) -> ChannelAccount:
        found = self.client.read(documents.SHOP)
        shop = found["shop"]
        granted = {one["handle"] for one in found["currentAppInstallation"]["accessScopes"]}
        missing = [s.name for s in SCOPES if s.name not in granted and f"write{s.name[4:]}" not in granted]
        return ChannelAccount(
            external_id=str(shop["id"]),
            name=str(shop["name"]),
            currency=str(shop["currencyCode"]),
            time_zone=str(shop["ianaTimezone"] or ""),
            taxes_included=bool(shop["taxesIncluded"]),
            weight_unit="g",
            missing=tuple(missing),
            facts={"domain": str(shop["myshopifyDomain"])},
        )

    # -- products

    def pull_products(self, since: datetime | None, cursor: str) -> Page[ProductRecord]:
        """A full read of a large catalogue goes by a bulk operation; it may give pages without records meanwhile."""
        client = self.client
        if cursor.startswith("bulk:"):
            return bulk.go_on(client, cursor)
        if since is None and not cursor and self._is_large(client):
            return Page([], bulk.begin(client), False)
        found, nodes = _page(client, documents.PRODUCTS, "products", since, cursor, PAGE)
        shop = found["shop"]
        records = [read_product(_whole(client, node), shop) for node in nodes]
        return Page(records, *_end(found["products"]))

    def get_product(self, external_id: str) -> ProductRecord | None:
        client = self.client
        found = client.read(documents.ONE_PRODUCT, {"id": external_id})
        if found["product"] is None:
            return None
        record = read_product(_whole(client, found["product"]), found["shop"])
        return record if isinstance(record, ProductRecord) else raise_odd(record)

    def _is_large(self, client: Client) -> bool:
        return int(client.read(documents.COUNT)["productsCount"]["count"]) > LARGE

    def push_product(
        self, product: ProductRecord, known: ListingAnswer | None, fields: Collection[str] | None, key: str
    ) -> ListingAnswer:
        return listing.push(self.client, product, known, fields, key)

    def archive_product(self, external_id: str) -> None:
        listing.archive(self.client, external_id)

    def set_stock(self, variant_external_id: str, quantity: int, key: str) -> None:
        location = str(self.settings.get("location_id") or "").strip()
        if location.isdigit():
            location = f"gid://shopify/Location/{location}"
        stocking.set_stock(self.client, variant_external_id, quantity, key, location)

    # -- orders

    def pull_orders(self, since: datetime | None, cursor: str) -> Page[OrderRecord]:
        client = self.client
        found, nodes = _page(client, more.ORDERS, "orders", since, cursor, ORDERS_PAGE)
        return Page([read_order(_with_lines(client, node)) for node in nodes], *_end(found["orders"]))

    def get_order(self, external_id: str) -> OrderRecord | None:
        client = self.client
        node = client.read(more.ONE_ORDER, {"id": external_id})["order"]
        if node is None:
            return None
        record = read_order(_with_lines(client, node))
        return record if isinstance(record, OrderRecord) else raise_odd(record)

    def find_order(self, key: str) -> str | None:
        return ordering.find(self.client, key)

    def create_order(self, order: OrderRecord, key: str) -> str:
        return ordering.create(self.client, order, key)

    def add_fulfilment(
        self, external_id: str, lines: Mapping[str, int] | None, carrier: str, number: str, url: str, key: str
    ) -> str:
        return ordering.fulfil(self.client, external_id, lines, {"company": carrier, "number": number, "url": url})

    def record_refund(self, external_id: str, amount_minor: int, currency: str, key: str) -> str:
        return ordering.refund(self.client, external_id, amount_minor, currency, key)

    # -- customers

    def pull_customers(self, since: datetime | None, cursor: str) -> Page[CustomerRecord]:
        """Their filter knows whole days only (§6)."""
        day = None if since is None else since - timedelta(days=1)
        found, nodes = _page(self.client, more.CUSTOMERS, "customers", day, cursor, PAGE)
        return Page([read_customer(node) for node in nodes], *_end(found["customers"]))

    def get_customer(self, external_id: str) -> CustomerRecord | None:
        node = self.client.read(more.ONE_CUSTOMER, {"id": external_id})["customer"]
        if node is None:
            return None
        record = read_customer(node)
        return record if isinstance(record, CustomerRecord) else raise_odd(record)

    def push_customer(self, customer: CustomerRecord, external_id: str | None, key: str) -> str:
        return people.push(self.client, customer, external_id)

    # -- codes

    def check_discount(self, code: str) -> DiscountAnswer:
        return checking.check_discount(self.client, code)

    def check_gift_card(self, code: str) -> GiftCardAnswer:
        return checking.check_card(self.client, code)

    def debit_gift_card(self, external_id: str, amount_minor: int, currency: str, key: str) -> str:
        return checking.move(self.client, "debit", external_id, amount_minor, currency, key)

    def credit_gift_card(self, external_id: str, amount_minor: int, currency: str, key: str) -> str:
        return checking.move(self.client, "credit", external_id, amount_minor, currency, key)

    def find_gift_card_move(self, external_id: str, key: str) -> str | None:
        return checking.find_move(self.client, external_id, key)

    # -- hooks

    def ensure_webhooks(self, url: str, secret: str) -> dict[str, str]:
        """`secret` is not sent: Shopify signs with the app's client secret."""
        client = self.client
        standing = {hook["topic"]: str(hook["id"]) for hook in people.hooks(client) if hook["uri"] == url}
        for topic in self.topics:
            if topic not in standing:
                standing[topic] = people.subscribe(client, topic, url)
        return {topic: standing[topic] for topic in self.topics}

    def list_webhooks(self) -> dict[str, str]:
        return {hook["topic"]: str(hook["id"]) for hook in people.hooks(self.client) if hook["topic"] in self.topics}

    def remove_webhooks(self) -> None:
        """All of this app in this shop: it hears of nothing else."""
        client = self.client
        for hook in people.hooks(client):
            people.unsubscribe(client, str(hook["id"]))

    @classmethod
    def read_webhook(cls, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> list[HookCall]:
        return hearing.read(headers, body, secrets)

    # -- consent

    @classmethod
    def consent_url(cls, settings: Mapping[str, str], redirect_uri: str, state: str, challenge: str) -> str:
        return granting.consent_url(settings, tuple(scope.name for scope in SCOPES), redirect_uri, state)

    @classmethod
    def check_callback(cls, settings: Mapping[str, str], arguments: Mapping[str, str]) -> None:
        granting.check_callback(settings, arguments)

    @classmethod
    def trade_code(
        cls, settings: Mapping[str, str], arguments: Mapping[str, str], redirect_uri: str, verifier: str
    ) -> list[Any]:
        return granting.trade_code(settings, arguments)


def raise_odd(record: Unreadable) -> Never:
    raise Misunderstood(record.why, service="shopify", detail=record.why)


# -- pages


def _page(
    client: Client, query: str, name: str, since: datetime | None, cursor: str, first: int
) -> tuple[Json, list[Json]]:
    """The whole answer, and its nodes. Asks for less where so much costs too much (§2)."""
    asked: Json = {"first": first, "after": cursor or None, "query": _changed(since, name)}
    while True:
        try:
            found = client.read(query, asked)
            return found, list(found[name]["nodes"])
        except TooDear:
            if asked["first"] <= 1:
                raise
            asked["first"] = max(asked["first"] // 2, 1)


def _changed(since: datetime | None, name: str) -> str | None:
    words = ["status:any"] if name == "orders" else []
    if since is not None:
        words.insert(0, f"updated_at:>='{since.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}'")
    return " ".join(words) or None


def _end(connection: Json) -> tuple[str, bool]:
    info = connection["pageInfo"]
    return str(info["endCursor"] or ""), not info["hasNextPage"]


def _whole(client: Client, node: Json) -> Json:
    """With the variants that did not fit into the first answer (up to 2,048)."""
    return _grown(client, node, "variants", documents.MORE_VARIANTS, "product", 250)


def _with_lines(client: Client, node: Json) -> Json:
    return _grown(client, node, "lineItems", more.MORE_LINES, "order", 100)


def _grown(client: Client, node: Json, name: str, query: str, root: str, first: int) -> Json:
    if not isinstance(node.get(name), dict) or not node[name]["pageInfo"]["hasNextPage"]:
        return node
    nodes, info = list(node[name]["nodes"]), node[name]["pageInfo"]
    while info["hasNextPage"]:
        found = client.read(query, {"id": node["id"], "first": first, "after": info["endCursor"]})[root]
        if found is None:
            break
        nodes += found[name]["nodes"]
        info = found[name]["pageInfo"]
    return {**node, name: {**node[name], "nodes": nodes, "pageInfo": info}}
