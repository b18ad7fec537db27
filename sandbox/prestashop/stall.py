"""The merchant of the PrestaShop stand-in: products, sales, customers and codes made in the shop's own back office."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.channels.routes import register
from sandbox.channels.stall import Json, Stall
from sandbox.prestashop import goods, stocking, trade
from sandbox.prestashop.seeding import KEY, TAX_PERCENT
from sandbox.prestashop.tables import Row, Shop, local, shop_of
from sandbox.settings import ARE_AMERICAN

_RATE = Decimal(TAX_PERCENT) / 100
_PAID = ("2", "3", "4", "5", "9", "11")


@register
class PrestaShopStall(Stall):
    key = "prestashop"

    @property
    def shop(self) -> Shop:
        return shop_of(self.world)

    def account(self) -> Json:
        settings = self.world.settings
        return {
            "store_url": f"http://{settings.host}:{settings.port}/prestashop/{self.shop.name}",
            "settings": {} if ARE_AMERICAN else {"tax_rate": TAX_PERCENT},
            "secrets": {"api_key": KEY},
            "tokens": {"api_key": KEY},
        }

    # -- products

    def add_products(self, products: list[Json]) -> list[str]:
        with self.world.store.lock:
            return stocking.add(self.shop, products)

    def change_product(self, external_id: str, changes: Json) -> None:
        with self.world.store.lock:
            stocking.change(self.shop, int(external_id), changes)

    def remove_product(self, external_id: str) -> None:
        self.shop["products"].need(external_id)
        goods.remove_product(self.shop, int(external_id))

    def list_products(self) -> dict[str, Json]:
        base = self.account()["store_url"]
        return {
            str(i): stocking.told(self.shop, self.shop["products"].need(i), base) for i in self.shop["products"].ids()
        }

    def break_product(self, external_id: str) -> None:
        self.shop["products"].put({**self.shop["products"].need(external_id), "price": "a price that is no number"})

    # -- orders

    def sell(self, sale: Json) -> str:
        """Somebody buys there: the customer and the address are made with the order, as the checkout does."""
        shop = self.shop
        with self.world.store.lock:
            email = sale.get("email", "buyer@example.com")
            customer = next(iter(shop["customers"].find("email", email)), None)
            if customer is None:
                customer = shop["customers"].need(
                    self.add_customers([{"email": email, **_names(sale.get("name", ""))}])[0]
                )
            address = self._address(customer, sale)
            rule, off = self._discount(sale)
            lines = [self._line(line) for line in sale["lines"]]
            shipping = Decimal(sale.get("shipping_minor", 490)) / 100
            order = trade.place(
                shop, lines, customer, {"id_address_delivery": address, "id_address_invoice": address},
                state=2 if sale.get("is_paid", True) else 10, discount=(rule, off), shipping=shipping,
                note=sale.get("note", ""),
            )  # fmt: skip
        return str(order["id"])

    def change_order(self, external_id: str, changes: Json) -> None:
        order = self.shop["orders"].need(external_id)
        with self.world.store.lock:
            if changes.get("is_paid"):
                trade.change_state(self.shop, order["id"], 2)
            if changes.get("is_cancelled"):
                trade.change_state(self.shop, order["id"], 6)
            if "status" in changes:
                word = str(changes["status"])
                state = self.shop.save("order_states", {"name": {"1": word, "2": word}})
                trade.change_state(self.shop, order["id"], state["id"])
            if changes.get("is_refunded"):
                trade.change_state(self.shop, order["id"], 7)
            if "email" in changes:
                self.change_customer(order["id_customer"], {"email": changes["email"]})
                self.shop.touch("orders", order["id"])

    def list_orders(self) -> dict[str, Json]:
        return {str(row_id): self._told_order(self.shop["orders"].need(row_id)) for row_id in self.shop["orders"].ids()}

    def _told_order(self, row: Row) -> Json:
        customer = self.shop["customers"].get(row["id_customer"]) or {}
        parcels = self.shop["order_carriers"].find("id_order", row["id"])
        delivery = self.shop["addresses"].get(row["id_address_delivery"]) or {}
        return {
            "id": str(row["id"]), "number": row["reference"], "status": row["current_state"],
            "is_cancelled": row["current_state"] == "6", "our_reference": delivery.get("alias", ""),
            "total_minor": _minor(row["total_paid"]), "is_paid": row["current_state"] in _PAID,
            "currency": self.shop["currencies"].need(row["id_currency"])["iso_code"],
            "email": customer.get("email", ""),
            "history": [h["id_order_state"] for h in self.shop["order_histories"].find("id_order", row["id"])],
            "lines": [
                {"sku": line["product_reference"], "quantity": int(line["product_quantity"]),
                 "unit_minor": _minor(line["unit_price_tax_incl"])}
                for line in row["associations"]["order_rows"]
            ],
            "parcels": [
                {"carrier": self.shop["carriers"].need(p["id_carrier"])["name"], "number": p["tracking_number"],
                 "url": ""}
                for p in parcels if p["tracking_number"]
            ],
        }  # fmt: skip

    def _line(self, line: Json) -> Row:
        if "sku" not in line:  # something that is no product (any more): made by hand in the back office
            gross = Decimal(line["unit_minor"]) / 100
            net = str((gross / (1 + _RATE)).quantize(Decimal("0.000001")))
            return {
                "product_id": "0", "product_attribute_id": "0", "product_quantity": str(line["quantity"]),
                "product_name": line["title"], "product_reference": "", "product_ean13": "", "product_price": net,
                "id_customization": "0", "unit_price_tax_incl": f"{gross:.6f}", "unit_price_tax_excl": net,
            }  # fmt: skip
        product, combination = stocking.find_sku(self.shop, line["sku"])
        name = product["name"].get("1", "")
        if combination is not None:
            values = stocking.options_of(self.shop, combination)
            name += " - " + ", ".join(f"{option} : {value}" for option, value in values.items())
        return trade.line_of(product, combination, int(line["quantity"]), name)

    def _discount(self, sale: Json) -> tuple[Row | None, Decimal]:
        rule = next(iter(self.shop["cart_rules"].find("code", sale["code"])), None) if sale.get("code") else None
        if rule is None:
            return None, Decimal(0)
        lines = [self._line(line) for line in sale["lines"]]
        gross = sum(Decimal(line["unit_price_tax_incl"]) * int(line["product_quantity"]) for line in lines)
        percent = Decimal(rule["reduction_percent"] or 0)
        off = gross * percent / 100 if percent else Decimal(rule["reduction_amount"] or 0)
        self.shop.save("cart_rules", {**rule, "quantity": str(max(0, int(rule["quantity"]) - 1))})
        return rule, off.quantize(Decimal("0.01"))

    def _address(self, customer: Row, sale: Json) -> str:
        name = _names(sale.get("name", ""))
        countries = self.shop["countries"].find("iso_code", sale.get("country", "DE"))
        found = self.shop.save(
            "addresses",
            {"id_customer": str(customer["id"]), "id_country": str(countries[0]["id"] if countries else 1),
             "alias": "Home",
             "firstname": name["first_name"], "lastname": name["last_name"], "address1": "Hafenstr. 4",
             "postcode": "20359", "city": "Hamburg", "phone": "+49 40 123456"},
        )  # fmt: skip
        return str(found["id"])

    # -- customers

    def list_customers(self) -> dict[str, Json]:
        return {
            str(row_id): self._told_customer(self.shop["customers"].need(row_id))
            for row_id in self.shop["customers"].ids()
        }

    def _told_customer(self, row: Row) -> Json:
        addresses = self.shop["addresses"].find("id_customer", row["id"])
        phones = [a["phone"] for a in addresses if a["phone"]]
        return {
            "email": row["email"], "first_name": row["firstname"], "last_name": row["lastname"],
            "phone": phones[0] if phones else "", "accepts_marketing": row["newsletter"] == "1", "tags": [],
        }  # fmt: skip

    def add_customers(self, customers: list[Json]) -> list[str]:
        return [self._add_customer(customer) for customer in customers]

    def _add_customer(self, told: Json) -> str:
        number = self.world.store.next_number("ps:keys")
        row = self.shop.save(
            "customers",
            {"email": told["email"], "firstname": told.get("first_name") or "Ada", "passwd": "hashed", "id_lang": "1",
             "lastname": told.get("last_name") or "Lovelace", "secure_key": f"{number:032x}", "active": "1",
             "newsletter": "1" if told.get("accepts_marketing") else "0", "id_default_group": "3"},
        )  # fmt: skip
        if told.get("phone"):
            self.shop.save(
                "addresses",
                {"id_customer": str(row["id"]), "id_country": "1", "alias": "Home", "firstname": row["firstname"],
                 "lastname": row["lastname"], "address1": "Hafenstr. 4", "postcode": "20359", "city": "Hamburg",
                 "phone": told["phone"]},
            )  # fmt: skip
        return str(row["id"])

    def change_customer(self, external_id: str, changes: Json) -> None:
        row = self.shop["customers"].need(external_id)
        names = {"email": "email", "first_name": "firstname", "last_name": "lastname"}
        row |= {theirs: changes[ours] for ours, theirs in names.items() if ours in changes}
        if "accepts_marketing" in changes:
            row["newsletter"] = "1" if changes["accepts_marketing"] else "0"
        self.shop.save("customers", row)
        for address in self.shop["addresses"].find("id_customer", external_id)[:1] if "phone" in changes else []:
            self.shop.save("addresses", {**address, "phone": changes["phone"]})

    # -- codes

    def add_discount(self, discount: Json) -> str:
        """A cart rule. `is_conditional`: it is restricted to some products, which the webservice does not tell."""
        now = self.world.clock.now()
        left = discount.get("usage_limit")
        row = self.shop.save(
            "cart_rules",
            {
                "code": discount["code"], "name": {"1": discount["code"], "2": discount["code"]}, "active": "1",
                "date_from": _local_iso(discount.get("starts_at")) or local(now - 86400),
                "date_to": _local_iso(discount.get("ends_at")) or local(now + 30 * 86400),
                "quantity": str(1000 if left is None else max(0, left - discount.get("used", 0))),
                "quantity_per_user": "1000", "partial_use": "0",
                "reduction_percent": str((Decimal(discount.get("percent_points", 0)) / 100).quantize(Decimal("0.01"))),
                "reduction_amount": f"{Decimal(discount.get('amount_minor', 0)) / 100:.6f}", "reduction_tax": "1",
                "reduction_currency": "1", "free_shipping": "1" if discount.get("is_free_shipping") else "0",
                "minimum_amount": f"{Decimal(discount.get('minimum_minor', 0)) / 100:.6f}", "minimum_amount_tax": "1",
                "minimum_amount_currency": "1", "product_restriction": "1" if discount.get("is_conditional") else "0",
            },
        )  # fmt: skip
        return str(row["id"])

    def count_writes(self) -> int:
        return int((self.world.store.get("counter", "ps:writes") or {"value": 0})["value"])


def _names(name: str) -> Json:
    first, _, last = (name or "Ada Lovelace").partition(" ")
    return {"first_name": first, "last_name": last or first}


def _minor(amount: Any) -> int:
    return int((Decimal(str(amount)) * 100).quantize(Decimal(1), "ROUND_HALF_UP"))


def _local_iso(text: str | None) -> str:
    """An ISO moment as the shop's own clock shows it."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return local((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
