"""The sample payloads of contracts/shopify.md, as Python."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

SHOP = {"currencyCode": "EUR", "taxesIncluded": True}
PRODUCT: dict[str, Any] = {
    "id": "gid://shopify/Product/9001", "title": "Fjord Tee", "handle": "fjord-tee", "status": "ACTIVE",
    "descriptionHtml": "<p>Organic cotton</p>", "vendor": "PodShop", "productType": "T-Shirt", "tags": ["pod"],
    "createdAt": "2026-10-02T08:00:00Z", "updatedAt": "2026-11-20T09:15:00Z", "publishedAt": "2026-10-02T08:05:00Z",
    "isGiftCard": False, "seo": {"title": None, "description": None},
    "options": [{"id": "gid://shopify/ProductOption/1", "name": "Size", "position": 1, "optionValues": [
        {"id": "gid://shopify/ProductOptionValue/1", "name": "S"},
        {"id": "gid://shopify/ProductOptionValue/2", "name": "M"}]}],
    "media": {"nodes": [{"id": "gid://shopify/MediaImage/5", "alt": "front", "mediaContentType": "IMAGE",
        "fileStatus": "READY",
        "image": {"url": "https://cdn.shopify.com/s/files/1/0001/front.png", "width": 1200, "height": 1200}}]},
    "variants": {"pageInfo": {"hasNextPage": False, "endCursor": "c1"}, "nodes": [
        {"id": "gid://shopify/ProductVariant/70", "sku": "FJ-S", "barcode": None, "price": "24.90",
         "compareAtPrice": None, "inventoryPolicy": "DENY", "inventoryQuantity": 12,
         "selectedOptions": [{"name": "Size", "value": "S"}], "media": {"nodes": []},
         "inventoryItem": {"id": "gid://shopify/InventoryItem/170", "tracked": True, "requiresShipping": True,
             "unitCost": {"amount": "7.10", "currencyCode": "EUR"},
             "measurement": {"weight": {"value": 180.0, "unit": "GRAMS"}}}}]},
}  # fmt: skip


def money(amount: str, currency: str = "EUR") -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


ADDRESS = {
    "firstName": "Ada", "lastName": "Lovelace", "company": None, "address1": "Main 1", "address2": None, "city": "Berlin",
    "provinceCode": None, "zip": "10115", "countryCodeV2": "DE", "phone": None,
}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": "gid://shopify/Order/1001", "name": "#1001", "createdAt": "2026-11-21T10:00:00Z",
    "processedAt": "2026-11-21T10:00:00Z", "updatedAt": "2026-11-21T10:01:00Z", "cancelledAt": None, "test": False,
    "note": "Ring twice", "email": "a@example.com", "currencyCode": "EUR", "displayFinancialStatus": "PAID",
    "displayFulfillmentStatus": "UNFULFILLED", "sourceName": "web", "sourceIdentifier": "POS-2026-000123",
    "taxesIncluded": True, "discountCodes": ["WELCOME5"], "totalShippingPriceSet": money("4.90"),
    "totalTaxSet": money("7.95"), "totalDiscountsSet": money("5.00"), "totalPriceSet": money("49.70"),
    "totalRefundedSet": money("0.00"), "customAttributes": [], "customer": {"id": "gid://shopify/Customer/3"},
    "shippingAddress": ADDRESS, "billingAddress": None,
    "shippingLines": {"nodes": [{"title": "Post", "code": "POST"}]},
    "lineItems": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": [
        {"id": "gid://shopify/LineItem/5", "title": "Fjord Tee", "variantTitle": "S", "sku": "FJ-S", "quantity": 2,
         "currentQuantity": 2, "isGiftCard": False, "requiresShipping": True, "originalUnitPriceSet": money("24.90"),
         "totalDiscountSet": money("0.00"), "discountAllocations": [{"allocatedAmountSet": money("5.00")}],
         "taxLines": [{"rate": 0.19, "priceSet": money("7.95")}],
         "customAttributes": [{"key": "Text", "value": "For Grace 🦋"}],
         "variant": {"id": "gid://shopify/ProductVariant/70"}, "product": {"id": "gid://shopify/Product/9001"}}]},
}  # fmt: skip


def product(**changes: Any) -> dict[str, Any]:
    return deepcopy(PRODUCT) | changes


def order(**changes: Any) -> dict[str, Any]:
    return deepcopy(ORDER) | changes
