"""The one shop of this stand-in, its app, and small words of Shopify's: gids, money, times."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.settings import ARE_AMERICAN

SHOP = "demo-pod.myshopify.com"
SHOP_ID = 71001
CLIENT_ID = "sandbox-shopify-client"
CLIENT_SECRET = "sandbox-shopify-secret"
CURRENCY = "USD" if ARE_AMERICAN else "EUR"
TAXES_INCLUDED = not ARE_AMERICAN
LOCATION = 501
PUBLICATION = 601
VERSION = "2026-10"
SCOPES = (
    "read_products,write_products,read_inventory,write_inventory,read_locations,read_publications,write_publications,"
    "read_orders,write_orders,read_customers,write_customers,read_discounts,write_discounts,"
    "read_merchant_managed_fulfillment_orders,write_merchant_managed_fulfillment_orders,"
    "read_gift_cards,write_gift_cards,write_gift_card_transactions"
)

Json = dict[str, Any]


def gid(kind: str, number: object) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(gid_: str, kind: str) -> int:
    """The number in a gid of this kind; 0 for anything else."""
    head = f"gid://shopify/{kind}/"
    tail = str(gid_ or "")[len(head) :].split("?")[0]
    return int(tail) if str(gid_).startswith(head) and tail.isdigit() and len(tail) < 19 else 0


def money(minor: int) -> str:
    """The decimal text: money(2490) -> "24.90"."""
    return f"{Decimal(minor).scaleb(-2):.2f}"


def minor_of(text: object) -> int:
    return int((Decimal(str(text)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def amount(minor: int) -> Json:
    """MoneyV2."""
    return {"amount": money(minor), "currencyCode": CURRENCY}


def bag(minor: int) -> Json:
    """MoneyBag."""
    return {"shopMoney": amount(minor), "presentmentMoney": amount(minor)}


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """A date, or a time; raises ValueError."""
    told = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
