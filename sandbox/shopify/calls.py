"""Every top-level field of this stand-in, and the scope that it needs."""

from __future__ import annotations

from typing import Any

from sandbox.shopify import bulk, code_calls, hook_calls, order_calls, people, product_calls, stock_calls
from sandbox.shopify.executing import Call, Resolver
from sandbox.shopify.shopfront import CURRENCY, SCOPES, SHOP, SHOP_ID, TAXES_INCLUDED, Json, gid


def shop(call: Call, asked: Json) -> Json:
    return {
        "__typename": "Shop", "id": gid("Shop", SHOP_ID), "name": "Demo Pod", "myshopifyDomain": SHOP,
        "currencyCode": CURRENCY, "ianaTimezone": "Europe/Berlin", "weightUnit": "GRAMS", "email": "demo@example.com",
        "taxesIncluded": TAXES_INCLUDED, "primaryDomain": {"url": f"https://{SHOP}", "host": SHOP},
        "plan": {"publicDisplayName": "Basic"},
    }  # fmt: skip


def app_installation(call: Call, asked: Json) -> Any:
    scopes = call.variables.get("__scopes") or SCOPES.split(",")
    return {"id": gid("AppInstallation", 1), "accessScopes": [{"handle": name} for name in sorted(scopes)]}


_PARTS = (product_calls, stock_calls, order_calls, people, code_calls, hook_calls, bulk)
RESOLVERS: dict[str, Resolver] = {"shop": shop, "currentAppInstallation": app_installation}
MUTATIONS: frozenset[str] = frozenset(name for part in _PARTS for name in part.MUTATIONS)
for _part in _PARTS:
    RESOLVERS |= _part.QUERIES | _part.MUTATIONS

#: top-level field → the scope without which it is ACCESS_DENIED; those that are not named need none
SCOPE_OF: dict[str, str] = {
    "products": "read_products", "product": "read_products", "productByIdentifier": "read_products",
    "productSet": "write_products", "productUpdate": "write_products", "productVariantsBulkUpdate": "write_products",
    "productVariantsBulkCreate": "write_products", "publications": "read_publications",
    "publishablePublish": "write_publications", "locations": "read_locations",
    "inventorySetQuantities": "write_inventory", "orders": "read_orders", "order": "read_orders",
    "orderCreate": "write_orders", "refundCreate": "write_orders",
    "fulfillmentCreate": "write_merchant_managed_fulfillment_orders", "customers": "read_customers",
    "customerSet": "write_customers", "codeDiscountNodeByCode": "read_discounts", "giftCards": "read_gift_cards",
    "giftCardDebit": "write_gift_card_transactions", "giftCardCredit": "write_gift_card_transactions",
}  # fmt: skip
