"""PrestaShop: products, stock, orders, parcels, customers and codes by the XML webservice (contracts/prestashop.md).

It has no webhooks and no gift cards, and computes every order again from a cart of its own: so it is read in turns, and
takes no orders made elsewhere (create_order would end with other totals than ours, and its buyer with a second letter).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shop.channels import tokens
from shop.channels.connector import (
    AuthKind,
    ChannelAccount,
    ChecksDiscounts,
    Connector,
    ConnectorSpec,
    Page,
    PublishesListings,
    PullsProducts,
    ReportsOrders,
    Scope,
    Setting,
    SyncsCustomers,
    TakesStock,
    TakesTracking,
    TokenKind,
)
from shop.channels.keeping import secrets_held
from shop.channels.models import Connection
from shop.channels.prestashop import wire
from shop.channels.prestashop.around import Surroundings
from shop.channels.prestashop.client import BUDGETS, Client
from shop.channels.prestashop.dictionaries import Dictionaries
from shop.channels.prestashop.discounts import can_be_asked, judge
from shop.channels.prestashop.listing import Listing
from shop.channels.prestashop.paging import pull_rows
from shop.channels.prestashop.people import push_customer
from shop.channels.prestashop.reading import links, read_products, text
from shop.channels.prestashop.reading_orders import read_customers, read_orders
from shop.channels.prestashop.terms import SETTINGS, Terms, flag, number, read_terms
from shop.channels.prestashop.tracking import tell_parcel
from shop.channels.prestashop.wire import SERVICE
from shop.channels.prestashop.writing import READ_ONLY, change_stock
from shop.channels.records import (
    CodeWhy,
    CustomerRecord,
    DiscountAnswer,
    ListingAnswer,
    OrderRecord,
    ProductRecord,
    Unreadable,
    Verdict,
)
from shop.channels.registry import register
from shop.core import clock
from shop.errors import Misunderstood, NeedsReconnect, Refused

PAGE = 100
KEPT_SECONDS = 600.0

SCOPES = (
    Scope("products: GET, PUT, POST", "To read what you sell there, and to list our products"),
    Scope("combinations: GET, PUT, POST", "Sizes and colours"),
    Scope("product_options: GET, POST", "The names of sizes and colours"),
    Scope("product_option_values: GET, POST", "The names of sizes and colours"),
    Scope("stock_availables: GET, PUT", "To read and tell stock"),
    Scope("images: GET, POST, DELETE", "Pictures of our products", required=False),
    Scope("tags: GET, POST", "Tags of products"),
    Scope("manufacturers: GET, POST", "Brands of products"),
    Scope("taxes: GET", "So that new products get your tax rule"),
    Scope("tax_rules: GET", "So that new products get your tax rule"),
    Scope("configurations: GET", "Your shop's currency, language, time zone and units"),
    Scope("currencies: GET", "What orders were paid in"),
    Scope("countries: GET", "Addresses"),
    Scope("states: GET", "Addresses"),
    Scope("orders: GET", "To make and send what is sold there"),
    Scope("order_states: GET", "To know which orders are paid"),
    Scope("order_histories: POST", "To say that an order has left"),
    Scope("order_carriers: GET, PUT", "To tell tracking numbers"),
    Scope("order_cart_rules: GET", "Codes that were used", required=False),
    Scope("carriers: GET", "The way an order is sent", required=False),
    Scope("customizations: GET", "What buyers had printed on it", required=False),
    Scope("customers: GET, PUT, POST", "Who bought"),
    Scope("addresses: GET, POST", "Where it goes"),
    Scope("cart_rules: GET", "To check your codes at our till"),
)


@register
class PrestaShop(
    Connector,
    PullsProducts,
    PublishesListings,
    TakesStock,
    ReportsOrders,
    TakesTracking,
    SyncsCustomers,
    ChecksDiscounts,
):
    spec = ConnectorSpec(
        key="prestashop",
        name=SERVICE,
        auth=(AuthKind.KEYS,),
        token_kinds=(TokenKind.API_KEY,),
        settings=(
            Setting("store_url", "Address of your shop", "For example https://www.myshop.com", kind="url"),
            Setting(
                "api_key",
                "Webservice key",
                "Advanced Parameters > Webservice: switch it on, add a key, and tick the rights listed below.",
                kind="secret",
            ),
            Setting(
                "tax_rate",
                "Tax in your prices, in percent",
                "PrestaShop keeps prices without tax. With 19, a price of 20.92 there is 24.89 here.",
                required=False,
            ),
        ),
        budgets=BUDGETS,
        scopes=SCOPES,
        summary="Products, stock, orders, parcels, customers and codes of a PrestaShop 1.7, 8 or 9. It tells nothing "
        "by itself: it is asked every few minutes.",
        colour="prestashop",
        docs="contracts/prestashop.md, webservice of 8.x and 9.x",
        overlap=timedelta(minutes=10),
    )

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.client = Client(self.connection_id, self.store_url)
        self._words = Dictionaries(self.client)
        self._around = Surroundings(self.client)
        self._lock = threading.Lock()
        self._terms: tuple[float, Terms] | None = None
        self._tax_group: str | None = None

    def check(self) -> ChannelAccount:
        if not self.store_url:
            raise Refused("The address of the shop is missing.", service=SERVICE)
        rights = self.client.list_rights()
        missing = tuple(_lacking(rights))
        if lacking := [name for name in missing if name.startswith(("configurations", "currencies"))]:
            told = (
                f"The webservice key lacks the right {', '.join(lacking)}: tick it in Advanced Parameters > Webservice."
            )
            raise Refused(told, service=SERVICE)
        self._terms = None
        terms = self.terms
        return ChannelAccount(
            external_id=terms.base_url.partition("://")[2],
            name=terms.setting("PS_SHOP_NAME") or rights.get("shopName") or SERVICE,
            currency=terms.currency,
            time_zone=terms.zone.key,
            taxes_included=terms.includes_tax,
            weight_unit=terms.setting("PS_WEIGHT_UNIT", "kg"),
            missing=missing,
            facts={"language_id": terms.language_id},
        )

    @property
    def terms(self) -> Terms:
        """What the shop counts in, read again every ten minutes."""
        with self._lock:
            if self._terms is None or time.monotonic() > self._terms[0]:
                self._terms = (time.monotonic() + KEPT_SECONDS, self._read_terms())
            return self._terms[1]

    def _read_terms(self) -> Terms:
        rows = self.client.list_rows("configurations", {"filter[name]": f"[{'|'.join(SETTINGS)}]"})
        told = {text(row.get("name")): text(row.get("value")) for row in rows}
        currencies = self.client.by_ids("currencies", [told.get("PS_CURRENCY_DEFAULT", "1")])
        code = text(currencies[0].get("iso_code")).upper() if currencies else ""
        if len(code) != 3:
            raise Misunderstood("The shop does not tell its currency.", service=SERVICE, detail=f"currency {code[:20]}")
        try:
            return read_terms(rows, code, str(self.settings.get("tax_rate") or ""), self.client.base_url)
        except ValueError:
            told_rate = str(self.settings.get("tax_rate"))[:20]
            raise Refused(
                f"{told_rate} is no tax rate: write it in percent, for example 19.", service=SERVICE
            ) from None

    # -- products

    def pull_products(self, since: datetime | None, cursor: str) -> Page[ProductRecord]:
        rows, following, is_last = pull_rows(self.client, "products", self.terms, since, cursor, PAGE)
        return Page(self._products(rows), following, is_last)

    def get_product(self, external_id: str) -> ProductRecord | None:
        rows = self.client.by_ids("products", [external_id], language=self.terms.language_id)
        if not rows:
            return None
        return _readable(self._products(rows)[0])

    def _products(self, rows: list[dict[str, Any]]) -> Sequence[ProductRecord | Unreadable]:
        """Combinations and stock of all of them in one call each; names from the dictionaries that are kept."""
        ids = [row.get("id") for row in rows]
        combinations = self.client.by_ids("combinations", ids, "id_product")
        stocks = self.client.by_ids("stock_availables", ids, "id_product")
        values = {text(item.get("id")) for found in combinations for item in links(found, "product_option_values")}
        tags = {text(item.get("id")) for row in rows for item in links(row, "tags")}
        words = self._words.words(values, tags, self.terms)
        return read_products(rows, combinations, stocks, words, self.terms)

    def push_product(
        self, product: ProductRecord, known: ListingAnswer | None, fields: Collection[str] | None, key: str
    ) -> ListingAnswer:
        if product.currency != self.terms.currency:
            told = f"The shop sells in {self.terms.currency}, this product is priced in {product.currency}."
            raise Refused(told, service=SERVICE)
        if not product.variants:
            raise Refused("This product has no variant that could be listed.", service=SERVICE)
        return Listing(self.client, self._words, self.terms, self._tax_rules_group()).push(product, known, fields)

    def archive_product(self, external_id: str) -> None:
        node = self.client.get_node("products", external_id)
        if node is not None and wire.set_text(wire.without(node, READ_ONLY), "active", "0"):
            self.client.replace("products", node)

    def set_stock(self, variant_external_id: str, quantity: int, key: str) -> None:
        """Read and written close together: the shop takes no differences (§3)."""
        product_id, _, combination_id = variant_external_id.partition(":")
        for node in self.client.list_nodes("stock_availables", "id_product", product_id):
            if (node.findtext("id_product_attribute") or "0").strip() == (combination_id or "0"):
                if change_stock(wire.without(node, ()), max(0, quantity), self.terms):
                    self.client.replace("stock_availables", node)
                return
        raise Refused(
            "This variant is not in the shop any more.", service=SERVICE, detail=variant_external_id, status=404
        )

    def _tax_rules_group(self) -> str:
        """The group of tax rules that has our rate, for new products; "0" where there is none."""
        if self._tax_group is None:
            percent = self.terms.rate * 100
            taxes = [text(t.get("id")) for t in self.client.list_rows("taxes") if number(t.get("rate")) == percent]
            rules = self.client.list_rows("tax_rules") if taxes and percent else []
            groups = [text(r.get("id_tax_rules_group")) for r in rules if text(r.get("id_tax")) in taxes]
            self._tax_group = min(groups, key=lambda found: int(found or 0), default="0")
        return self._tax_group

    # -- orders

    def pull_orders(self, since: datetime | None, cursor: str) -> Page[OrderRecord]:
        rows, following, is_last = pull_rows(self.client, "orders", self.terms, since, cursor, PAGE)
        return Page(read_orders(rows, self._around.of_orders(rows, self.terms), self.terms), following, is_last)

    def get_order(self, external_id: str) -> OrderRecord | None:
        rows = self.client.by_ids("orders", [external_id])
        if not rows:
            return None
        return _readable(read_orders(rows, self._around.of_orders(rows, self.terms), self.terms)[0])

    def add_fulfilment(
        self, external_id: str, lines: Mapping[str, int] | None, carrier: str, number: str, url: str, key: str
    ) -> str:
        """The carrier's name and link are the shop's own: only the number is told."""
        return tell_parcel(self.client, self.terms, external_id, lines, number, self._around.states(self.terms))

    # -- customers

    def pull_customers(self, since: datetime | None, cursor: str) -> Page[CustomerRecord]:
        """Those with an account; guests repeat and come with their orders (§5)."""
        some = {"filter[is_guest]": "[0]", "filter[deleted]": "[0]"}
        rows, following, is_last = pull_rows(self.client, "customers", self.terms, since, cursor, PAGE, some)
        return Page(self._customers(rows), following, is_last)

    def get_customer(self, external_id: str) -> CustomerRecord | None:
        rows = [row for row in self.client.by_ids("customers", [external_id]) if not flag(row.get("deleted"))]
        return _readable(self._customers(rows)[0]) if rows else None

    def _customers(self, rows: list[dict[str, Any]]) -> Sequence[CustomerRecord | Unreadable]:
        addresses = self.client.by_ids("addresses", [row.get("id") for row in rows], "id_customer")
        return read_customers(rows, addresses, self._around.of_addresses(addresses), self.terms)

    def push_customer(self, customer: CustomerRecord, external_id: str | None, key: str) -> str:
        return push_customer(self.client, self._around, self.terms, customer, external_id)

    # -- codes

    def check_discount(self, code: str) -> DiscountAnswer:
        typed = code.strip()
        if not can_be_asked(typed):
            return DiscountAnswer(Verdict.INVALID, CodeWhy.UNKNOWN, code=typed[:100])
        rows = self.client.find_rows("cart_rules", "code", typed, language=self.terms.language_id)
        if not rows:
            return DiscountAnswer(Verdict.INVALID, CodeWhy.UNKNOWN, code=typed)
        try:
            found = [judge(row, self.terms, clock.now()) for row in rows]
        except (ValueError, ArithmeticError) as error:
            return DiscountAnswer(
                Verdict.UNCERTAIN, f"The shop tells this code in a way we cannot read: {error}", code=typed
            )
        return next((answer for answer in found if answer.verdict is not Verdict.INVALID), found[0])


def _lacking(rights: Any) -> list[str]:
    """Rights of SCOPES that the key has not: "orders: GET"."""
    found = []
    for scope in SCOPES:
        name, _, methods = scope.name.partition(": ")
        node = rights.find(name)
        lacking = [m for m in methods.split(", ") if node is None or node.get(m.lower()) != "true"]
        if lacking and scope.required:
            found.append(f"{name}: {', '.join(lacking)}")
    return found


def _readable(record: Any) -> Any:
    """For one thing alone: what cannot be read is an error then."""
    if isinstance(record, Unreadable):
        raise Misunderstood(
            f"The shop tells this in a way we cannot read: {record.why}", service=SERVICE, detail=record.why
        )
    return record


def _give_key(held: tokens.Held) -> list[tokens.Token]:
    """The key lasts until it is taken back: "renewing" it is looking at what the merchant typed last."""
    key = secrets_held(held).get("api_key", "").strip()
    if not key:
        raise NeedsReconnect("The webservice key is missing.", service=SERVICE)
    return [tokens.Token(TokenKind.API_KEY, key)]


tokens.register_token_provider("prestashop", _give_key)
