"""The merchant's own hand in this shop (sandbox/channels/stall.py)."""

from __future__ import annotations

from typing import Any

from sandbox.channels.routes import register
from sandbox.channels.stall import Json, Stall
from sandbox.shopify import goods, people, sales
from sandbox.shopify.code_calls import CARD, new_card, new_discount
from sandbox.shopify.hooking import HOOK, hooks_of
from sandbox.shopify.shelf import Shelf, shelf_of
from sandbox.shopify.shopfront import CLIENT_ID, CLIENT_SECRET, CURRENCY, LOCATION, SHOP, gid, number_of
from sandbox.world import World

_STATUS = {"active": "ACTIVE", "draft": "DRAFT", "archived": "ARCHIVED"}
_PRODUCT = {"title": "title", "description_html": "html", "vendor": "vendor", "tags": "tags"}
_VARIANT = {"price_minor": "price", "compare_at_minor": "compare_at", "barcode": "barcode", "weight_grams": "grams"}


@register
class ShopifyStall(Stall):
    key = "shopify"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.shelf: Shelf = shelf_of(world)

    def account(self) -> Json:
        at = self.world.settings
        return {
            "store_url": f"http://{at.host}:{at.port}/shopify/{SHOP}",
            "settings": {"client_id": CLIENT_ID},
            "secrets": {"client_secret": CLIENT_SECRET},
            "tokens": {},
        }

    # -- products

    def add_products(self, products: list[Json]) -> list[str]:
        with self.shelf.lock:
            made = [self._new(told) for told in products]
            goods.save(self.shelf, made, is_new=True)
        return [gid("Product", product["id"]) for product in made]

    def _new(self, told: Json) -> Json:
        product = goods.new_product(self.shelf, told["title"])
        self.shelf.handles[product["handle"]] = product["id"]
        names = list(told.get("options") or [])
        variants = told.get("variants") or [{}]
        options = [(n, list(dict.fromkeys(v["options"][n] for v in variants))) for n in names]
        goods.set_options(self.shelf, product, options)
        self._write(product, told)
        goods.add_media(self.shelf, product, [(url, "") for url in told.get("images") or []])
        for variant in variants:
            self._add(product, variant)
        return product

    def _add(self, product: Json, told: Json) -> None:
        names = [option["name"] for option in product["options"]]
        values = [told.get("options", {}).get(name, goods.PLAIN[1]) for name in names]
        made = goods.new_variant(self.shelf, product, values, sku=told.get("sku") or "")
        _write_variant(made, told)

    def _write(self, product: Json, told: Json) -> None:
        for theirs, ours in _PRODUCT.items():
            if theirs in told:
                product[ours] = told[theirs]
        if "status" in told or not product["published_at"]:
            product["status"] = _STATUS[told.get("status") or "active"]
            if product["status"] == "ACTIVE":
                product["published_at"] = product["published_at"] or self.shelf.now()

    def change_product(self, external_id: str, changes: Json) -> None:
        with self.shelf.lock:
            product = self._product(external_id)
            self._write(product, changes)
            if "images" in changes:
                product["media"] = []
                goods.add_media(self.shelf, product, [(url, "") for url in changes["images"]])
            for told in changes.get("variants") or []:
                known = [variant for variant in product["variants"] if variant["sku"] == told["sku"]]
                if known:
                    _write_variant(known[0], told)
                else:
                    self._add(product, told)
            goods.save(self.shelf, [product])

    def remove_product(self, external_id: str) -> None:
        goods.remove(self.shelf, self._product(external_id))

    def break_product(self, external_id: str) -> None:
        with self.shelf.lock:
            goods.save(self.shelf, [{**self._product(external_id), "is_broken": True}])

    def list_products(self) -> dict[str, Json]:
        return {gid("Product", product["id"]): _told(product) for product in self.shelf.products.each()}

    def _product(self, external_id: str) -> Json:
        found = self.shelf.products.get(number_of(external_id, "Product"))
        if found is None:
            raise KeyError(external_id)
        return found

    # -- orders

    def sell(self, sale: Json) -> str:
        lines = [_line(self.shelf, told) for told in sale["lines"]]
        worth = sum(line["unit"] * line["quantity"] for line in lines)
        discount, codes = 0, []
        if sale.get("code"):
            found = self.world.store.get("shopify_discount", sale["code"].lower()) or {}
            discount = min(
                found.get("amount_minor") or round(worth * (found.get("percent_points") or 0) / 10000), worth
            )
            codes = [sale["code"]]
            _spread(lines, discount)
        first, _, last = (sale.get("name") or "Ada Lovelace").partition(" ")
        address = {
            "firstName": first, "lastName": last, "address1": "12 Mill Lane", "city": "Berlin", "zip": "10115",
            "countryCode": sale.get("country") or "DE", "provinceCode": sale.get("state") or "",
        }  # fmt: skip
        order = sales.new_order(
            self.shelf, lines, email=sale.get("email") or "", note=sale.get("note") or "", address=address,
            financial="PAID" if sale.get("is_paid", True) else "PENDING", codes=codes, discount=discount,
            shipping={"title": "Standard", "amount": sale.get("shipping_minor") or 0},
            tax=round((worth - discount) * 19 / 119),
        )  # fmt: skip
        sales.take_stock(self.shelf, order["lines"])
        return gid("Order", order["id"])

    def change_order(self, external_id: str, changes: Json) -> None:
        with self.shelf.lock:
            order = self._order(external_id)
            topics = []
            if changes.get("is_paid") and order["financial"] == "PENDING":
                order["financial"] = "PAID"
                order["transactions"].append(sales.transaction(self.shelf, "SALE", order["total"], "bogus"))
                topics.append("orders/paid")
            order["financial"] = changes.get("status", order["financial"])
            if changes.get("is_cancelled"):
                order["cancelled_at"] = self.shelf.now()
                topics.append("orders/cancelled")
            for name in ("email", "note"):
                order[name] = changes.get(name, order[name])
            sales.save(self.shelf, order, *topics)

    def list_orders(self) -> dict[str, Json]:
        return {gid("Order", order["id"]): _order_told(order) for order in self.shelf.orders.each()}

    def _order(self, external_id: str) -> Json:
        found = self.shelf.orders.get(number_of(external_id, "Order"))
        if found is None:
            raise KeyError(external_id)
        return found

    # -- customers

    def list_customers(self) -> dict[str, Json]:
        names = ("email", "first_name", "last_name", "phone", "tags")
        return {
            gid("Customer", c["id"]): {n: c[n] for n in names} | {"accepts_marketing": c["marketing"] == "SUBSCRIBED"}
            for c in self.shelf.customers.each()
        }

    def add_customers(self, customers: list[Json]) -> list[str]:
        return [gid("Customer", people.new_customer(self.shelf, **_person(told))["id"]) for told in customers]

    def change_customer(self, external_id: str, changes: Json) -> None:
        with self.shelf.lock:
            customer = self.shelf.customers.get(number_of(external_id, "Customer"))
            if customer is None:
                raise KeyError(external_id)
            people.save(self.shelf, {**customer, **_person(changes)})

    # -- codes, hooks

    def add_discount(self, discount: Json) -> str:
        return gid("DiscountCodeNode", new_discount(self.shelf, discount)["id"])

    def add_gift_card(self, card: Json) -> str:
        return gid("GiftCard", new_card(self.shelf, card["code"], card["balance_minor"], card.get("expires_on"))["id"])

    def list_gift_cards(self) -> dict[str, Json]:
        return {
            gid("GiftCard", card["id"]): {"balance_minor": card["balance"], "movements": card["movements"]}
            for card in self.world.store.all(CARD)
        }

    def list_hooks(self) -> list[Json]:
        return [
            {"id": gid("WebhookSubscription", h["id"]), "topic": h["topic"], "url": h["uri"], "is_enabled": True}
            for h in hooks_of(self.world)
        ]

    def disable_hooks(self) -> None:
        self.world.store.reset(HOOK)

    def count_writes(self) -> int:
        return self.shelf.writes()


def _write_variant(variant: Json, told: Json) -> None:
    for theirs, ours in _VARIANT.items():
        if theirs in told:
            variant[ours] = told[theirs]
    variant["grams"] = variant["grams"] or 0
    if "stock" in told:
        variant["tracked"] = told["stock"] is not None
        variant["stock"] = {} if told["stock"] is None else {str(LOCATION): told["stock"]}


def _told(product: Json) -> Json:
    names = [option["name"] for option in product["options"] if option["name"] != goods.PLAIN[0]]
    return {
        "title": product["title"], "description_html": product["html"], "status": product["status"].lower(),
        "tags": product["tags"], "vendor": product["vendor"], "options": names, "handle": product["handle"],
        "images": [media["url"] for media in product["media"]],
        "variants": [
            {"sku": v["sku"], "price_minor": v["price"], "options": dict(zip(names, v["values"], strict=False)),
             "stock": goods.stock_of(v) if v["tracked"] else None, "barcode": v["barcode"] or "",
             "compare_at_minor": v["compare_at"], "weight_grams": v["grams"] or None,
             "id": gid("ProductVariant", v["id"])}
            for v in product["variants"]
        ],
    }  # fmt: skip


def _line(shelf: Shelf, told: Json) -> Json:
    if "sku" in told and "unit_minor" not in told:
        return sales.line_of(shelf, told["sku"], told["quantity"]) | {"properties": told.get("properties") or {}}
    return {
        "title": told["title"],
        "unit": told["unit_minor"],
        "quantity": told["quantity"],
        "sku": told.get("sku", ""),
    }


def _spread(lines: list[Json], discount: int) -> None:
    """Over the lines by their worth, to the last cent."""
    left, worth = discount, sum(line["unit"] * line["quantity"] for line in lines) or 1
    for line in lines:
        line["discount"] = min(left, round(discount * line["unit"] * line["quantity"] / worth))
        left -= line["discount"]
    lines[-1]["discount"] += left


def _order_told(order: Json) -> Json:
    return {
        "id": gid("Order", order["id"]), "number": order["name"], "status": order["financial"].lower(),
        "is_cancelled": bool(order["cancelled_at"]), "our_reference": order["reference"], "total_minor": order["total"],
        "currency": CURRENCY, "email": order["email"], "refunded_minor": order["refunded"],
        "fulfilment": order["fulfilment"].lower(),
        "lines": [
            {"id": gid("LineItem", line["id"]), "sku": line["sku"], "quantity": line["quantity"],
             "unit_minor": line["unit"]}
            for line in order["lines"]
        ],
        "parcels": [
            {"carrier": parcel["company"], "number": parcel["number"], "url": parcel["url"]}
            for parcel in order["parcels"]
        ],
    }  # fmt: skip


def _person(told: Json) -> dict[str, Any]:
    facts: Json = {name: told[name] for name in ("email", "first_name", "last_name", "phone", "tags") if name in told}
    if "accepts_marketing" in told:
        facts["marketing"] = "SUBSCRIBED" if told["accepts_marketing"] else "UNSUBSCRIBED"
    return facts
