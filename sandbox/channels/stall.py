"""A merchant's own hand at a platform: what the control API does there, in words that are the same for all of them.

Each platform's stand-in registers one Stall. Everything in and out is plain JSON; money in minor units of the shop's
currency, whatever the platform's own API makes of it.

    product   {"title", "description_html", "status": active|draft|archived, "tags": [...], "vendor",
               "options": ["Size"], "images": ["https://..."],
               "variants": [{"sku", "price_minor", "options": {"Size": "S"}, "stock": int|None, "barcode",
                             "compare_at_minor", "weight_grams"}]}
    sale      {"lines": [{"sku", "quantity"} | {"title", "unit_minor", "quantity"}], "email", "name", "country",
               "code", "shipping_minor", "is_paid": true, "note"}
    order     {"id", "number", "status", "is_cancelled", "our_reference", "total_minor", "currency", "email",
               "lines": [{"sku", "quantity", "unit_minor"}], "parcels": [{"carrier", "number", "url"}]}
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from sandbox.world import World

Json = dict[str, Any]


class NotHere(Exception):
    """This platform has no such thing."""


class Stall(ABC):
    key: str  # "shopify": the platform's name everywhere

    def __init__(self, world: World) -> None:
        self.world = world

    @abstractmethod
    def account(self) -> Json:
        """How to connect: {"store_url", "settings": {…}, "secrets": {…}, "tokens": {kind: value}}, for a shop that
        has granted everything. Names as in the connector's spec; tokens of lasting keys only."""

    @abstractmethod
    def add_products(self, products: list[Json]) -> list[str]:
        """Made in the platform's own panel; hooks leave as they would. Returns the ids as its API tells them."""

    @abstractmethod
    def change_product(self, external_id: str, changes: Json) -> None:
        """Fields of a product; `variants` changes those named by SKU, field by field, and adds unknown SKUs."""

    @abstractmethod
    def remove_product(self, external_id: str) -> None: ...

    @abstractmethod
    def list_products(self) -> dict[str, Json]:
        """All of them by id, in the shape above, with what is archived."""

    def break_product(self, external_id: str) -> None:
        """From now on the API tells this one in a shape that nobody expects (a price that is no number); the others
        stay as they are."""
        raise NotHere

    @abstractmethod
    def sell(self, sale: Json) -> str:
        """Somebody buys there; returns the order's id as its API tells it."""

    @abstractmethod
    def change_order(self, external_id: str, changes: Json) -> None:
        """{"is_paid": true} | {"is_cancelled": true} | {"email"} | {"status": a word of the platform's own, also one
        that nobody knows, as plugins make them} …"""

    @abstractmethod
    def list_orders(self) -> dict[str, Json]: ...

    @abstractmethod
    def list_customers(self) -> dict[str, Json]:
        """{"email", "first_name", "last_name", "phone", "accepts_marketing", "tags"} by id."""

    @abstractmethod
    def add_customers(self, customers: list[Json]) -> list[str]: ...

    @abstractmethod
    def change_customer(self, external_id: str, changes: Json) -> None: ...

    def add_discount(self, discount: Json) -> str:
        """{"code", "percent_points" (basis points) | "amount_minor" | "is_free_shipping", "minimum_minor",
        "starts_at", "ends_at" (ISO), "usage_limit", "used", "is_conditional"}"""
        raise NotHere

    def add_gift_card(self, card: Json) -> str:
        """{"code", "balance_minor", "expires_on"}"""
        raise NotHere

    def list_gift_cards(self) -> dict[str, Json]:
        """{"balance_minor", "movements": [{"amount_minor", "note"}]} by id."""
        raise NotHere

    def list_hooks(self) -> list[Json]:
        """{"id", "topic", "url", "is_enabled"}"""
        raise NotHere

    def disable_hooks(self) -> None:
        """As the platform does after too many failures (Shopify takes them away)."""
        raise NotHere

    @abstractmethod
    def count_writes(self) -> int:
        """How many calls that write were accepted through the platform's API since the last reset."""
