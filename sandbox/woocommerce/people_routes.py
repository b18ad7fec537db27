"""Customers, coupons, gift cards (read-only), webhooks and settings (contracts/woocommerce.md §2, §5–8)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import request

from sandbox.woocommerce.door import CHANGE, Listed, Wrong, page_of, route, said
from sandbox.woocommerce.notices import TOPICS, notify, ping
from sandbox.woocommerce.shop import Json, Shop

NAMESPACES = ["oembed/1.0", "wp/v2", "wc/v1", "wc/v2", "wc/v3"]


@route("/", "GET")
def index(shop: Shop) -> Json:
    settings = shop.settings
    spaces = [space for space in NAMESPACES if settings["has_woocommerce"] or not space.startswith("wc")]
    spaces += ["wc-shipment-tracking/v3"] if settings["shipment_tracking"] else []
    return {
        "name": settings["name"], "description": "", "url": shop.url, "home": shop.url, "gmt_offset": 1,
        "timezone_string": "Europe/Berlin", "namespaces": spaces,
    }  # fmt: skip


@route("/wc/v3", "GET")
def namespace(shop: Shop) -> Json:
    return {"namespace": "wc/v3", "routes": {}}


@route("/wc/v3/data/currencies/current", "GET")
def currency(shop: Shop) -> Json:
    return {"code": shop.settings["currency"], "name": shop.settings["currency"], "symbol": shop.settings["currency"]}


@route("/wc/v3/settings/tax/woocommerce_prices_include_tax", "GET")
def prices_include_tax(shop: Shop) -> Json:
    return _setting("woocommerce_prices_include_tax", "yes" if shop.settings["prices_include_tax"] else "no")


@route("/wc/v3/settings/products/woocommerce_weight_unit", "GET")
def weight_unit(shop: Shop) -> Json:
    return _setting("woocommerce_weight_unit", shop.settings["weight_unit"])


@route("/wc/v3/settings/general", "GET")
def general(shop: Shop) -> list[Json]:
    values = {"woocommerce_currency": shop.settings["currency"], "woocommerce_default_country": "DE:DE-BE"}
    return [_setting(name, value) for name, value in values.items()]


def _setting(name: str, value: str) -> Json:
    return {"id": name, "label": name, "type": "select", "default": "", "value": value}


# -- customers: no filter by change (§5)


@route("/wc/v3/customers", "GET")
def list_customers(shop: Shop) -> Listed:
    email = request.args.get("email", "").lower()
    ids = [c["id"] for c in shop.all("customer") if not email or c["email"].lower() == email]
    ids.sort(reverse=request.args.get("order", "asc") == "desc")
    numbers, total, per_page = page_of(ids)
    return Listed(shop.many("customer", numbers), total, per_page)


@route("/wc/v3/customers", "POST")
def make_customer(shop: Shop) -> tuple[Json, int]:
    return add_customer(shop, said()), 201


def add_customer(shop: Shop, body: Json) -> Json:
    email = str(body.get("email") or "")
    if "@" not in email:
        raise Wrong("rest_missing_callback_param", "Missing parameter(s): email", params=["email"])
    with shop.world.store.lock:
        if any(held["email"].lower() == email.lower() for held in shop.all("customer")):
            raise Wrong("registration-error-email-exists", "An account is already registered with that email address.")
        customer: Json = {
            "id": shop.number(), "email": email, "first_name": "", "last_name": "", "role": "customer",
            "username": email.partition("@")[0], "billing": {}, "shipping": {}, "is_paying_customer": False,
            "avatar_url": "", "meta_data": [],
        }  # fmt: skip
        shop.stamp(customer, "date_created")
        return write_customer(shop, customer, body, "customer.created")


@route("/wc/v3/customers/<number>", "GET")
def read_customer(shop: Shop, number: int) -> Json:
    return _held(shop, "customer", number, "woocommerce_rest_invalid_id")


@route("/wc/v3/customers/<number>", *CHANGE)
def change_customer(shop: Shop, number: int) -> Json:
    with shop.world.store.lock:
        held = _held(shop, "customer", number, "woocommerce_rest_invalid_id")
        return write_customer(shop, held, said(), "customer.updated")


def write_customer(shop: Shop, customer: Json, body: Json, topic: str) -> Json:
    customer |= {name: body[name] for name in ("email", "first_name", "last_name") if name in body}
    for name in ("billing", "shipping"):
        customer[name] |= body.get(name) or {}
    shop.stamp(customer, "date_modified")
    notify(shop, topic, shop.put("customer", customer))
    return customer


# -- coupons


@route("/wc/v3/coupons", "GET")
def list_coupons(shop: Shop) -> Listed:
    code = request.args.get("code")
    ids = [c["id"] for c in shop.all("coupon") if code is None or c["code"] == code.lower()]
    numbers, total, per_page = page_of(ids)
    return Listed(shop.many("coupon", numbers), total, per_page)


def add_coupon(shop: Shop, body: Json) -> Json:
    coupon: Json = {
        "id": shop.number(), "code": "", "amount": "0.00", "status": "publish", "discount_type": "fixed_cart",
        "description": "", "date_expires": None, "date_expires_gmt": None, "usage_count": 0, "individual_use": False,
        "product_ids": [], "excluded_product_ids": [], "usage_limit": None, "usage_limit_per_user": None,
        "limit_usage_to_x_items": None, "free_shipping": False, "product_categories": [],
        "excluded_product_categories": [], "exclude_sale_items": False, "minimum_amount": "0.00",
        "maximum_amount": "0.00", "email_restrictions": [], "used_by": [], "meta_data": [],
    }  # fmt: skip
    shop.stamp(coupon, "date_created", "date_modified")
    return shop.put("coupon", coupon | body)


# -- gift cards: the extension tells, and takes nothing (§7)


@route("/wc/v3/gift-cards", "GET", needs="gift_cards")
def list_gift_cards(shop: Shop) -> Listed:
    code = request.args.get("code")
    ids = [card["id"] for card in shop.all("giftcard") if code is None or card["code"] == code]
    numbers, total, per_page = page_of(ids)
    return Listed(shop.many("giftcard", numbers), total, per_page)


# -- webhooks


@route("/wc/v3/webhooks", "GET")
def list_hooks(shop: Shop) -> Listed:
    numbers, total, per_page = page_of([hook["id"] for hook in shop.all("hook")])
    return Listed([_shown(hook) for hook in shop.many("hook", numbers)], total, per_page)


@route("/wc/v3/webhooks", "POST")
def make_hook(shop: Shop) -> tuple[Json, int]:
    body = said()
    url, topic = str(body.get("delivery_url") or ""), str(body.get("topic") or "")
    if topic not in TOPICS and not topic.startswith("action."):
        raise Wrong("woocommerce_rest_webhook_invalid_topic", "Webhook topic must be valid.")
    if urlsplit(url).scheme not in ("http", "https"):
        raise Wrong("woocommerce_rest_webhook_invalid_delivery_url", "Webhook delivery URL must be a valid URL.")
    number = shop.number()
    hook: Json = {
        "id": number, "name": body.get("name") or f"Webhook #{number}", "status": body.get("status", "active"),
        "topic": topic, "delivery_url": url, "secret": body.get("secret") or f"generated-{number}", "failure_count": 0,
    }  # fmt: skip
    shop.stamp(hook, "date_created", "date_modified")
    shop.put("hook", hook)
    ping(shop, hook)
    return _shown(hook), 201


@route("/wc/v3/webhooks/<number>", "GET")
def read_hook(shop: Shop, number: int) -> Json:
    return _shown(_held(shop, "hook", number, "woocommerce_rest_shop_webhook_invalid_id"))


@route("/wc/v3/webhooks/<number>", *CHANGE)
def change_hook(shop: Shop, number: int) -> Json:
    with shop.world.store.lock:
        hook = _held(shop, "hook", number, "woocommerce_rest_shop_webhook_invalid_id")
        body = said()
        hook |= {name: body[name] for name in ("name", "status", "topic", "delivery_url", "secret") if name in body}
        if body.get("status") == "active":
            hook["failure_count"] = 0
        shop.stamp(hook, "date_modified")
        return _shown(shop.put("hook", hook))


@route("/wc/v3/webhooks/<number>", "DELETE")
def remove_hook(shop: Shop, number: int) -> Json:
    if request.args.get("force") != "true":
        raise Wrong("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    hook = _held(shop, "hook", number, "woocommerce_rest_shop_webhook_invalid_id")
    shop.drop("hook", number)
    return _shown(hook)


def _shown(hook: Json) -> Json:
    """The secret is never told."""
    return {name: value for name, value in hook.items() if name not in ("secret", "failure_count")}


def _held(shop: Shop, what: str, number: int, code: str) -> Json:
    found: Any = shop.get(what, number)
    if found is None:
        raise Wrong(code, "Invalid ID.", 404)
    return dict(found)
