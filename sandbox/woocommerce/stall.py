"""The merchant's own hand in the shop "main" (channels/stall.py)."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson

from sandbox.channels.routes import register
from sandbox.channels.stall import Stall
from sandbox.woocommerce.door import Wrong
from sandbox.woocommerce.goods import (
    new_product,
    new_variation,
    save_product,
    settle_parent,
    write_product,
    write_variation,
)
from sandbox.woocommerce.people_routes import add_coupon, add_customer, write_customer
from sandbox.woocommerce.product_routes import delete_product, make_term
from sandbox.woocommerce.sales import add_up, apply_coupon, line_of, move, new_order, save_order
from sandbox.woocommerce.shop import FORM, KEYS, MAIN, Json, Shop

HOOK_SECRET = "woo-sandbox-hook-secret-4e5f6a"
_STATUS = {"active": "publish", "draft": "draft", "archived": "private"}
_PLAIN = {"title": "name", "description_html": "description", "slug": "slug"}
_WHOLE = {"tags": "tags", "images": "images"}


@register
class WooStall(Stall):
    key = "woocommerce"

    @property
    def shop(self) -> Shop:
        return Shop(self.world, MAIN)

    def account(self) -> Json:
        return {
            "store_url": self.shop.url,
            "settings": {},
            "secrets": {**KEYS, "webhook_secret": HOOK_SECRET},
            "tokens": {"api_key": orjson.dumps(KEYS).decode()},
        }

    # -- products

    def add_products(self, products: list[Json]) -> list[str]:
        return [str(self._add(product)["id"]) for product in products]

    def _add(self, given: Json) -> Json:
        shop, variants = self.shop, given.get("variants") or []
        body = self._top(given)
        is_simple = len(variants) == 1 and not variants[0].get("options")
        if is_simple:
            body |= {"type": "simple"} | self._variant(variants[0])
        else:
            body |= {"type": "variable", "attributes": _attributes(given, variants)}
        product = write_product(shop, new_product(shop), body, is_new=True)
        if not is_simple:
            for variant in variants:
                body = self._variant(variant) | {"attributes": _chosen(variant)}
                write_variation(shop, product, new_variation(shop, product), body, is_new=True)
            settle_parent(shop, product)
        return product

    def change_product(self, external_id: str, changes: Json) -> None:
        shop = self.shop
        with self.world.store.lock:
            product = _wanted(shop, "product", external_id)
            body = self._top(changes)
            if body:
                product = write_product(shop, product, body)
            for variant in changes.get("variants") or []:
                self._change_variant(product, variant)

    def _change_variant(self, product: Json, variant: Json) -> None:
        shop, body = self.shop, self._variant(variant)
        owner = shop.sku_owner(variant["sku"])
        if owner is not None and owner["id"] == product["id"]:
            write_product(shop, product, _merged(owner, body))
            return
        if owner is None:
            product["attributes"] = _attributes({"options": list(variant.get("options") or {})}, [variant], product)
            body |= {"attributes": _chosen(variant)}
            write_variation(shop, product, new_variation(shop, product), body, is_new=True)
        else:
            body |= {"attributes": _chosen(variant)} if "options" in variant else {}
            write_variation(shop, product, owner, _merged(owner, body))
        settle_parent(shop, product)

    def remove_product(self, external_id: str) -> None:
        delete_product(self.shop, _wanted(self.shop, "product", external_id))

    def break_product(self, external_id: str) -> None:
        """A plugin wrote a price that is none."""
        shop = self.shop
        product = _wanted(shop, "product", external_id)
        for variation in shop.many("variation", product["variations"][:1]):
            shop.put("variation", variation | {"price": "on request", "regular_price": "on request", "sale_price": ""})
        product |= {"price": "on request", "regular_price": "on request"}
        save_product(shop, product)

    def list_products(self) -> dict[str, Json]:
        return {str(product["id"]): self._shape(product) for product in self.shop.all("product")}

    def _shape(self, product: Json) -> Json:
        names = {word: ours for ours, word in _STATUS.items()}
        things = self.shop.many("variation", product["variations"]) or (
            [] if product["type"] == "variable" else [product]
        )
        return {
            "title": product["name"],
            "description_html": product["description"],
            "slug": product["slug"],
            "status": names.get(product["status"], "archived" if product["status"] == "trash" else "draft"),
            "tags": [html.unescape(term["name"]) for term in product["tags"]],
            "vendor": html.unescape(product["brands"][0]["name"]) if product["brands"] else "",
            "options": [entry["name"] for entry in product["attributes"] if entry["variation"]],
            "images": [entry["src"] for entry in product["images"]],
            "variants": [self._variant_shape(thing) for thing in things],
        }

    def _variant_shape(self, thing: Json) -> Json:
        is_reduced = bool(thing["sale_price"])
        return {
            "sku": thing["sku"],
            "price_minor": self._minor(thing["price"]),
            "compare_at_minor": self._minor(thing["regular_price"]) if is_reduced else None,
            "options": {entry["name"]: entry["option"] for entry in thing["attributes"] if "option" in entry},
            "stock": thing["stock_quantity"] if thing["manage_stock"] is True else None,
            "barcode": thing["global_unique_id"],
            "weight_grams": round(Decimal(thing["weight"]) * 1000) if thing["weight"] else None,
        }

    def _top(self, given: Json) -> Json:
        shop = self.shop
        body = {theirs: given[ours] for ours, theirs in _PLAIN.items() if ours in given}
        if "status" in given:
            body["status"] = _STATUS[given["status"]]
        if "tags" in given:
            body["tags"] = [{"id": _term(shop, "tags", name)} for name in given["tags"]]
        if given.get("vendor"):
            body["brands"] = [{"id": _term(shop, "brands", given["vendor"])}]
        if "images" in given:
            body["images"] = [{"src": address} for address in given["images"]]
        return body

    def _variant(self, given: Json) -> Json:
        body: Json = {"sku": given["sku"]} if "sku" in given else {}
        if "price_minor" in given or "compare_at_minor" in given:
            price, before = given.get("price_minor"), given.get("compare_at_minor")
            body |= {"_price": None if price is None else self._text(price)}
            body |= {"_before": self._text(before) if before else ""} if "compare_at_minor" in given else {}
        if "stock" in given:
            counted = given["stock"] is not None
            body |= {"manage_stock": counted} | ({"stock_quantity": given["stock"]} if counted else {})
        if "barcode" in given:
            body["global_unique_id"] = given["barcode"] or ""
        if given.get("weight_grams"):
            body["weight"] = f"{(Decimal(given['weight_grams']) / 1000).normalize():f}"
        return _priced({}, body)

    def _text(self, minor: int) -> str:
        return f"{Decimal(minor).scaleb(-int(self.shop.settings['decimals'])):f}"

    def _minor(self, text: Any) -> int:
        try:
            value = Decimal(str(text or "0")).scaleb(int(self.shop.settings["decimals"]))
        except ArithmeticError:
            return 0
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    # -- orders

    def sell(self, sale: Json) -> str:
        shop = self.shop
        with self.world.store.lock:
            order = new_order(shop, "checkout")
            order["line_items"] = [line_of(shop, self._line(line)) for line in sale["lines"]]
            first, _, last = str(sale.get("name") or "Grace Hopper").rpartition(" ")
            home = {
                "first_name": first, "last_name": last, "country": sale.get("country") or "DE", "city": "Berlin",
                "address_1": "Main Street 1", "postcode": "10115",
            }  # fmt: skip
            order["billing"] |= {**home, "email": str(sale.get("email") or "")}
            order["shipping"] |= home
            order["customer_note"] = str(sale.get("note") or "")
            if sale.get("shipping_minor"):
                order["shipping_lines"] = [self._shipping(int(sale["shipping_minor"]))]
            if sale.get("code"):
                apply_coupon(shop, order, sale["code"])
            add_up(shop, order)
            order |= {"payment_method": "stripe", "payment_method_title": "Card", "transaction_id": f"pi_{order['id']}"}
            move(shop, order, "processing" if sale.get("is_paid", True) else "pending")
            save_order(shop, order, "order.created")
        return str(order["id"])

    def _line(self, line: Json) -> Json:
        if "sku" in line:
            if self.shop.sku_owner(line["sku"]) is None:
                raise KeyError(line["sku"])
            return {"sku": line["sku"], "quantity": line["quantity"]}
        return {"name": line["title"], "unit_gross": self._text(line["unit_minor"]), "quantity": line["quantity"]}

    def _shipping(self, minor: int) -> Json:
        rate = Decimal(self.shop.settings["tax_rate"]) / 100
        gross = Decimal(self._text(minor))
        net = (gross / (1 + rate)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        names = {"id": self.shop.number(), "method_id": "flat_rate", "method_title": "Flat rate"}
        return {**names, "total": str(net), "total_tax": str(gross - net)}

    def change_order(self, external_id: str, changes: Json) -> None:
        shop = self.shop
        with self.world.store.lock:
            order = _wanted(shop, "order", external_id)
            if changes.get("is_paid"):
                move(shop, order, "processing")
            if changes.get("is_cancelled"):
                move(shop, order, "cancelled")
            if "status" in changes:
                order["status"] = changes["status"]
            if "email" in changes:
                order["billing"]["email"] = changes["email"]
            save_order(shop, order)

    def list_orders(self) -> dict[str, Json]:
        return {str(order["id"]): self._order_shape(order) for order in self.shop.all("order")}

    def _order_shape(self, order: Json) -> Json:
        reference = [m["value"] for m in order["meta_data"] if m["key"] == "_pod_external_id"]
        lines = [
            {"sku": line["sku"], "quantity": line["quantity"],
             "unit_minor": self._minor(Decimal(line["subtotal"]) / line["quantity"])}
            for line in order["line_items"]
        ]  # fmt: skip
        return {
            "id": str(order["id"]), "number": order["number"], "status": order["status"],
            "is_cancelled": order["status"] == "cancelled", "our_reference": reference[0] if reference else "",
            "total_minor": self._minor(order["total"]), "currency": order["currency"],
            "email": order["billing"]["email"], "lines": lines, "parcels": self._parcels(order["id"]),
        }  # fmt: skip

    def _parcels(self, number: int) -> list[Json]:
        """By whichever way they were told."""
        shop, found = self.shop, []
        for tracking in shop.all("tracking"):
            if tracking["order_id"] == number:
                found.append((tracking["tracking_provider"], tracking["tracking_number"], tracking["tracking_link"]))
        for fulfilment in shop.all("fulfillment"):
            if fulfilment["entity_id"] == str(number):
                meta = {entry["key"]: entry["value"] for entry in fulfilment["meta_data"]}
                names = ("_shipment_provider", "_tracking_number", "_tracking_url")
                found.append(tuple(str(meta.get(name) or "") for name in names))  # type: ignore[arg-type]
        for note in shop.all("note"):
            told = re.search(
                r"(?:with (.+?), )?tracking number (\S+?)\.? (?:Follow it here: (\S+))?", note["note"] + " "
            )
            if note["order_id"] == number and note["customer_note"] and told:
                found.append((told[1] or "", told[2], told[3] or ""))
        return [{"carrier": carrier, "number": key, "url": url} for carrier, key, url in found]

    # -- people and codes

    def add_customers(self, customers: list[Json]) -> list[str]:
        return [str(add_customer(self.shop, _person(given))["id"]) for given in customers]

    def change_customer(self, external_id: str, changes: Json) -> None:
        with self.world.store.lock:
            write_customer(self.shop, _wanted(self.shop, "customer", external_id), _person(changes), "customer.updated")

    def list_customers(self) -> dict[str, Json]:
        return {
            str(held["id"]): {
                "email": held["email"], "first_name": held["first_name"], "last_name": held["last_name"],
                "phone": held["billing"].get("phone", ""), "accepts_marketing": None, "tags": [],
            }
            for held in self.shop.all("customer")
        }  # fmt: skip

    def add_discount(self, discount: Json) -> str:
        body: Json = {"code": str(discount["code"]).lower(), "usage_limit": discount.get("usage_limit")}
        if discount.get("percent_points"):
            body |= {"discount_type": "percent", "amount": f"{Decimal(discount['percent_points']) / 100:.2f}"}
        elif discount.get("amount_minor"):
            body |= {"discount_type": "fixed_cart", "amount": self._text(discount["amount_minor"])}
        body["free_shipping"] = bool(discount.get("is_free_shipping"))
        body["usage_count"] = int(discount.get("used") or 0)
        if discount.get("minimum_minor"):
            body["minimum_amount"] = self._text(discount["minimum_minor"])
        if discount.get("ends_at"):
            ends = datetime.fromisoformat(discount["ends_at"]).astimezone(UTC).strftime(FORM)
            body |= {"date_expires": ends, "date_expires_gmt": ends}
        if discount.get("is_conditional"):
            body["product_ids"] = [1]
        return str(add_coupon(self.shop, body)["id"])

    def list_hooks(self) -> list[Json]:
        return [
            {"id": str(hook["id"]), "topic": hook["topic"], "url": hook["delivery_url"],
             "is_enabled": hook["status"] == "active"}
            for hook in self.shop.all("hook")
        ]  # fmt: skip

    def disable_hooks(self) -> None:
        for hook in self.shop.all("hook"):
            self.shop.put("hook", hook | {"status": "disabled", "failure_count": 6})

    def count_writes(self) -> int:
        return self.shop.writes()


def _priced(held: Json, body: Json) -> Json:
    """`_price` and `_before` become their two fields, beside what is held."""
    if "_price" not in body and "_before" not in body:
        return body
    price, before = body.pop("_price", None), body.pop("_before", None)
    if before is None:
        before = held.get("regular_price") if held.get("sale_price") else ""
    price = price or held.get("price") or "0"
    return body | (
        {"regular_price": before, "sale_price": price} if before else {"regular_price": price, "sale_price": ""}
    )


def _merged(held: Json, body: Json) -> Json:
    """A price that is told alone leaves the struck-out one as it is."""
    if "regular_price" in body and body["sale_price"] == "" and held.get("sale_price"):
        return body | {"regular_price": held["regular_price"], "sale_price": body["regular_price"]}
    return body


def _attributes(given: Json, variants: list[Json], product: Json | None = None) -> list[Json]:
    known = {entry["name"]: list(entry["options"]) for entry in (product or {}).get("attributes", [])}
    for name in given.get("options") or []:
        values = known.setdefault(name, [])
        values += [v["options"][name] for v in variants if v.get("options", {}).get(name) not in (None, *values)]
    return [
        {"id": 0, "name": name, "slug": name, "position": place, "visible": True, "variation": True,
         "options": list(dict.fromkeys(values))}
        for place, (name, values) in enumerate(known.items())
    ]  # fmt: skip


def _chosen(variant: Json) -> list[Json]:
    return [{"name": name, "option": value} for name, value in (variant.get("options") or {}).items()]


def _person(given: Json) -> Json:
    body = {name: given[name] for name in ("email", "first_name", "last_name") if name in given}
    return body | ({"billing": {"phone": given["phone"]}} if given.get("phone") else {})


def _term(shop: Shop, kind: str, name: str) -> int:
    try:
        return int(make_term(shop, kind, name)["id"])
    except Wrong as known:
        if known.body["code"] != "term_exists":
            raise ValueError(str(known)) from None
        return int(known.body["data"]["resource_id"])


def _wanted(shop: Shop, what: str, external_id: str) -> Json:
    found = shop.get(what, external_id)
    if found is None:
        raise KeyError(external_id)
    return found
