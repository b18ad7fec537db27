"""Carts become orders, orders change their state (§4): everything is computed again from the cart."""

from __future__ import annotations

import secrets
import string
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson

from sandbox.prestashop.asking import Wrong
from sandbox.prestashop.goods import move_stock, net_price, tax_rate
from sandbox.prestashop.seeding import CARRIER, SHIPPING_MINOR
from sandbox.prestashop.tables import Row, Shop

MODULES = ("ps_wirepayment", "ps_checkpayment", "ps_cashondelivery")
_CENT, _MICRO = Decimal("0.01"), Decimal("0.000001")
_TAX = Decimal("0.19")


def save_cart(shop: Shop, row: Row, before: Row | None) -> Row:
    customer = shop["customers"].get(row["id_customer"]) if row["id_customer"] not in ("", "0") else None
    key = row.get("secure_key") or (customer or {}).get("secure_key", "")
    return shop.save("carts", {**row, "secure_key": key})


def order_from_cart(shop: Shop, sent: Row, before: Row | None) -> Row:
    """POST orders: the module's validateOrder(). Only cart, module, label and `total_paid` are looked at."""
    if before is not None:
        raise Wrong(405, 25, "Orders are changed by order_histories here.")
    cart = shop["carts"].get(sent["id_cart"])
    customer = shop["customers"].get(sent["id_customer"])
    if cart is None or customer is None:
        raise Wrong(400, 85, "There is no such cart, or no such customer.")
    if sent["module"] not in MODULES:
        raise Wrong(500, 46, f"The module {sent['module']} is not installed.")
    if cart["secure_key"] != customer["secure_key"]:
        raise Wrong(500, 46, "The cart's secure key is not the customer's.")
    lines = [_line(shop, cart, row) for row in (cart.get("associations") or {}).get("cart_rows", [])]
    if not lines or shop["orders"].find("id_cart", cart["id"]):
        raise Wrong(500, 46, "This cart is empty, or it has been ordered.")
    addresses = {name: cart[name] for name in ("id_address_delivery", "id_address_invoice")}
    order = place(shop, lines, customer, addresses, cart_id=cart["id"], module=sent["module"], label=sent["payment"],
                  carrier=_carrier(cart), currency=cart["id_currency"], state=11)  # fmt: skip
    if _cents(sent["total_paid"]) != _cents(order["total_paid"]):
        order = change_state(shop, order["id"], 8)
    return order


def place(
    shop: Shop, lines: list[Row], customer: Row, addresses: Row, *, state: int, cart_id: int = 0,
    module: str = "ps_wirepayment", label: str = "Bank transfer", carrier: int = CARRIER, currency: str = "1",
    discount: tuple[Row | None, Decimal] = (None, Decimal(0)), shipping: Decimal = Decimal(SHIPPING_MINOR) / 100,
    note: str = "",
) -> Row:  # fmt: skip
    """An order with its state, carrier and coupon rows; stock is taken."""
    net = sum(
        (_cents(Decimal(line["unit_price_tax_excl"]) * int(line["product_quantity"])) for line in lines), Decimal(0)
    )
    gross = sum(
        (_cents(Decimal(line["unit_price_tax_incl"]) * int(line["product_quantity"])) for line in lines), Decimal(0)
    )
    rule, off = discount
    off = min(off, gross)
    off_net, shipping_net = _cents(off / (1 + _TAX)), _cents(shipping / (1 + _TAX))
    paid, paid_net = gross - off + shipping, net - off_net + shipping_net
    money = {
        "total_products": net, "total_products_wt": gross, "total_discounts": off, "total_discounts_tax_incl": off,
        "total_discounts_tax_excl": off_net, "total_shipping": shipping, "total_shipping_tax_incl": shipping,
        "total_shipping_tax_excl": shipping_net, "total_paid": paid, "total_paid_tax_incl": paid,
        "total_paid_tax_excl": paid_net, "total_paid_real": paid if state in (2, 11) else Decimal(0),
        "total_wrapping": Decimal(0), "total_wrapping_tax_incl": Decimal(0), "total_wrapping_tax_excl": Decimal(0),
    }  # fmt: skip
    rows = [{**line, "id": str(shop.world.store.next_number(f"ps:{shop.name}:order_rows"))} for line in lines]
    order = shop.save("orders", {
        **addresses, **{name: f"{value:.6f}" for name, value in money.items()}, "id_cart": str(cart_id),
        "id_currency": currency, "id_lang": "1", "id_customer": str(customer["id"]), "id_carrier": str(carrier),
        "module": module, "payment": label, "secure_key": customer["secure_key"], "carrier_tax_rate": "19.000",
        "conversion_rate": shop["currencies"].need(currency)["conversion_rate"], "id_shop": "1", "note": note,
        "reference": "".join(secrets.choice(string.ascii_uppercase) for _ in range(9)), "id_shop_group": "1",
        "associations": {"order_rows": rows},
    })  # fmt: skip
    shop.save("order_carriers", {"id_order": str(order["id"]), "id_carrier": str(carrier), "date_add": shop.now()})
    if rule is not None:
        shop.save("order_cart_rules", {"id_order": str(order["id"]), "id_cart_rule": str(rule["id"]),
                                       "name": rule["name"].get("1", ""), "value": f"{off:.6f}",
                                       "value_tax_excl": f"{off_net:.6f}"})  # fmt: skip
    for line in rows:
        move_stock(shop, line["product_id"], line["product_attribute_id"], -int(line["product_quantity"]))
    return change_state(shop, order["id"], state)


def change_state(shop: Shop, order_id: int, state_id: int) -> Row:
    """A line of history, and what the state means for the order. Cancelling puts the goods back."""
    state = shop["order_states"].need(state_id)
    order = shop["orders"].need(order_id)
    if state_id == 6 and order["current_state"] != "6":
        for line in order["associations"]["order_rows"]:
            move_stock(shop, line["product_id"], line["product_attribute_id"], int(line["product_quantity"]))
    shop.save("order_histories", {"id_order": str(order_id), "id_order_state": str(state_id), "date_add": shop.now()})
    return shop.save("orders", {**order, "current_state": str(state_id), "valid": state["logable"]})


def save_history(shop: Shop, sent: Row, before: Row | None) -> Row:
    """POST order_histories: the way to change an order's state."""
    if before is not None:
        raise Wrong(405, 25, "History is not changed.")
    if shop["orders"].get(sent["id_order"]) is None or shop["order_states"].get(sent["id_order_state"]) is None:
        raise Wrong(400, 85, "There is no such order, or no such state.")
    change_state(shop, int(sent["id_order"]), int(sent["id_order_state"]))
    return shop["order_histories"].find("id_order", sent["id_order"])[-1]


def save_order_carrier(shop: Shop, sent: Row, before: Row | None) -> Row:
    saved = shop.save("order_carriers", sent)
    order = shop["orders"].get(saved["id_order"])
    if order is not None:
        shop.save("orders", {**order, "shipping_number": saved["tracking_number"]})
    return saved


def line_of(product: Row, combination: Row | None, quantity: int, name: str) -> Row:
    net = net_price(product, combination).quantize(_MICRO)
    gross = (net * (1 + tax_rate(product))).quantize(_MICRO, ROUND_HALF_UP)
    return {
        "product_id": str(product["id"]), "product_attribute_id": str(combination["id"] if combination else 0),
        "product_quantity": str(quantity), "product_name": name,
        "product_reference": (combination or product)["reference"] or product["reference"], "product_ean13": "",
        "product_price": str(net), "id_customization": "0", "unit_price_tax_incl": str(gross),
        "unit_price_tax_excl": str(net),
    }  # fmt: skip


def _line(shop: Shop, cart: Row, row: dict[str, Any]) -> Row:
    product = shop["products"].get(row["id_product"])
    if product is None or int(row.get("quantity") or 0) < 1:
        raise Wrong(400, 85, "A line of the cart has no product, or no quantity.")
    combination = shop["combinations"].get(row.get("id_product_attribute") or 0)
    line = line_of(product, combination, int(row["quantity"]), product["name"].get("1", ""))
    for special in shop["specific_prices"].find("id_cart", cart["id"]):
        same = special["id_product_attribute"] in ("0", line["product_attribute_id"])
        if special["id_product"] == line["product_id"] and same and Decimal(special["price"]) >= 0:
            net = Decimal(special["price"]).quantize(_MICRO)
            gross = (net * (1 + tax_rate(product))).quantize(_MICRO, ROUND_HALF_UP)
            line |= {"unit_price_tax_excl": str(net), "unit_price_tax_incl": str(gross), "product_price": str(net)}
    return line


def _carrier(cart: Row) -> int:
    """By the cart's delivery option; the posted carrier is not asked (§4)."""
    try:
        told = orjson.loads(cart.get("delivery_option") or "{}")
        return int(str(next(iter(told.values()))).rstrip(","))
    except (orjson.JSONDecodeError, StopIteration, ValueError, AttributeError):
        return CARRIER


def _cents(value: Decimal | str) -> Decimal:
    return Decimal(value).quantize(_CENT, ROUND_HALF_UP)
