"""One shop: its facts, its keys, and what its check finds out (contracts/woocommerce.md §1, §2, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from shop.channels.connector import (
    AuthKind,
    ChannelAccount,
    Connector,
    ConnectorSpec,
    HandsOverKeys,
    Scope,
    Setting,
    TokenKind,
)
from shop.channels.keeping import secrets_held
from shop.channels.models import Connection
from shop.channels.tokens import Held, Token, register_token_provider
from shop.channels.woocommerce.client import DOCS, NAME, Client
from shop.channels.woocommerce.values import GRAMS, Terms
from shop.errors import NeedsReconnect, Refused
from shop.inbound.verifying import Forged

SPEC = ConnectorSpec(
    key=NAME,
    name="WooCommerce",
    auth=(AuthKind.KEYS,),
    token_kinds=(TokenKind.API_KEY,),
    settings=(
        Setting(
            "store_url",
            "Address of your shop",
            "The address that your shop's visitors see, for example https://www.example.com. It must begin with https.",
            kind="url",
        ),
        Setting(
            "consumer_key",
            "Consumer key",
            "In WordPress: WooCommerce → Settings → Advanced → REST API → Add key, with the permission Read/Write "
            "and an administrator as its user. It begins with ck_.",
            kind="secret",
        ),
        Setting(
            "consumer_secret",
            "Consumer secret",
            "Shown once, beside the consumer key. It begins with cs_.",
            kind="secret",
        ),
        Setting(
            "tax_rate",
            "Tax rate of your prices there, in percent",
            "Only if the prices in WooCommerce are entered without tax and yours here include it: 19 adds 19 % when we "
            "read a price, and takes it off when we write one. Otherwise leave it empty.",
            required=False,
        ),
    ),
    scopes=(
        Scope("read", "To read products, orders, customers and coupons."),
        Scope("write", "To list products, set stock, and tell about parcels and refunds."),
    ),
    summary="Your WordPress shop: products and stock both ways, orders in, parcels back, coupons, webhooks.",
    colour="woocommerce",
    docs=DOCS,
    overlap=timedelta(minutes=5),
)


class WooAccount(Connector, HandsOverKeys):
    spec = SPEC

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._account: dict[str, Any] = dict(connection.account or {})
        self.client = Client(self.connection_id, self.store_url, self.facts)
        self._term_ids: dict[tuple[str, str], int] = {}

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the last check remembered about this shop."""
        return self._account.get("facts") or {}

    @property
    def terms(self) -> Terms:
        if not self._account.get("currency"):
            self.check()
        return Terms(
            currency=str(self._account["currency"]),
            weight_unit=str(self._account.get("weight_unit") or "kg"),
            taxes_included=self._account.get("taxes_included"),
            tax_rate=_rate(self.settings.get("tax_rate")),
        )

    def check(self) -> ChannelAccount:
        """Who they are, in which units they speak, and which way parcels are told. Writes nothing."""
        index = self._find_api()
        currency = self.client.get("/data/currencies/current").data
        included = self._setting("tax", "woocommerce_prices_include_tax")
        unit = self._setting("products", "woocommerce_weight_unit") or "kg"
        namespaces = index.get("namespaces") or []
        facts = {
            "auth": self.client.auth,
            "route": self.client.route,
            "tracking": self._tracking_way(namespaces),
            "sorts_by_change": self._sorts_by_change(),
            "gift_cards": "none" if self.client.find("/gift-cards", per_page=1) is None else "readable",
        }
        found = ChannelAccount(
            external_id=str(index.get("url") or self.store_url).rstrip("/"),
            name=str(index.get("name") or urlsplit(self.store_url).hostname or "WooCommerce"),
            currency=str(currency.get("code") or "").upper(),
            time_zone=str(index.get("timezone_string") or ""),
            taxes_included=None if included is None else included == "yes",
            weight_unit=unit if unit in GRAMS else "kg",
            missing=self._missing(),
            facts=facts,
        )
        self._account = {
            "currency": found.currency, "weight_unit": found.weight_unit, "taxes_included": found.taxes_included,
            "facts": facts,
        }  # fmt: skip
        return found

    def _find_api(self) -> dict[str, Any]:
        """The index of their API, by whichever form of address answers. Raises Refused in words for the merchant."""
        wanted = "name,url,timezone_string,namespaces"
        for route in (self.client.route, "query" if self.client.route == "pretty" else "pretty"):
            self.client.route = route
            try:
                reply = self.client.find("/wp-json/", _fields=wanted)
            except Refused as error:
                if error.facts.get("code") or error.facts.get("status") in (301, 302, 307, 308, None):
                    raise
                reply = None
            if reply is not None and isinstance(reply.data, dict):
                if "wc/v3" not in (reply.data.get("namespaces") or []):
                    raise Refused("This WordPress has no WooCommerce, or a very old one.", service=NAME)
                return reply.data
        raise Refused(
            "No WordPress shop answers at this address. Check the address, and that its API (wp-json) is not blocked.",
            service=NAME,
        )

    def _setting(self, group: str, name: str) -> str | None:
        """None: this key may not read settings, or there is no such one."""
        try:
            found = self.client.find(f"/settings/{group}/{name}")
        except Refused:
            return None
        return str(found.data.get("value") or "") if found is not None and isinstance(found.data, dict) else None

    def _missing(self) -> tuple[str, ...]:
        """A batch of nothing tells whether the key may write, and changes nothing."""
        try:
            self.client.send("POST", "/products/batch", body={}, repeatable=True)
        except Refused as error:
            if error.facts.get("status") in (401, 403):
                return ("write",)
        return ()

    def _tracking_way(self, namespaces: list[str]) -> str:
        """§4: fulfilments of the core, else a plugin, else a note to the customer."""
        try:
            self.client.get("/orders/0/fulfillments")
            return "fulfillments"
        except Refused as error:
            if error.facts.get("code") != "rest_no_route":
                return "fulfillments"
        for plugin in ("wc-shipment-tracking/v3", "wc-ast/v3"):
            if plugin in namespaces:
                return plugin
        return "note"

    def _sorts_by_change(self) -> bool:
        """Older versions answer 400 (§2)."""
        try:
            self.client.get("/products", orderby="modified", per_page=1, _fields="id")
        except Refused as error:
            return error.facts.get("status") != 400
        return True

    # -- keys without typing (§1)

    @classmethod
    def handover_url(
        cls, settings: Mapping[str, str], connection_token: str, return_url: str, callback_url: str
    ) -> str:
        """Where the merchant agrees; the shop then POSTs the keys to `callback_url` (https), our token as user_id."""
        asked = {
            "app_name": "Imprint", "scope": "read_write", "user_id": connection_token, "return_url": return_url,
            "callback_url": callback_url,
        }  # fmt: skip
        return f"{settings['store_url'].rstrip('/')}/wc-auth/v1/authorize?{urlencode(asked)}"

    @classmethod
    def read_handover(cls, body: bytes) -> tuple[str, dict[str, str]]:
        """Our token and the secrets, by the names of `spec.settings`. Nothing of it is signed: the caller accepts the
        token once. Raises Forged for any other shape."""
        try:
            told = orjson.loads(body[:10_000])
            token, key, secret = (told[name] for name in ("user_id", "consumer_key", "consumer_secret"))
            fits = told["key_permissions"] == "read_write" and key.startswith("ck_") and secret.startswith("cs_")
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise Forged from None
        if not fits or not isinstance(token, str) or not 16 <= len(token) <= 200 or len(key) + len(secret) > 400:
            raise Forged
        return token, {"consumer_key": key, "consumer_secret": secret}


def give_token(held: Held) -> list[Token]:
    """The typed pair as one token; it lasts until the merchant takes it back."""
    secrets = secrets_held(held)
    pair = {name: secrets.get(name, "") for name in ("consumer_key", "consumer_secret")}
    if not all(pair.values()):
        raise NeedsReconnect("The consumer key or its secret is missing; please enter both.", service=NAME)
    return [Token(TokenKind.API_KEY, orjson.dumps(pair).decode())]


register_token_provider(NAME, give_token)


def _rate(text: Any) -> Decimal | None:
    try:
        rate = Decimal(str(text).replace(",", ".").strip("% ")) if text not in (None, "") else None
    except InvalidOperation:
        return None
    return rate if rate is not None and 0 < rate < 100 else None
