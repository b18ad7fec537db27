"""Orders: their arithmetic, what they do to stock, what they tell (contracts/woocommerce.md §4)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.woocommerce.door import Wrong
from sandbox.woocommerce.goods import save_product
from sandbox.woocommerce.notices import notify
from sandbox.woocommerce.shop import Json, Shop

STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")
PAID = ("processing", "completed")
_CENT = Decimal("0.01")


def money(value: Any, shop: Shop) -> str:
    places = Decimal(1).scaleb(-int(shop.settings["decimals"]))
    return str(Decimal(str(value)).quantize(places, rounding=ROUND_HALF_UP))


def new_order(shop: Shop, created_via: str) -> Json:
    number = shop.number()
    order: Json = {
        "id": number, "parent_id": 0, "number": str(number), "order_key": f"wc_order_{number}",
        "created_via": created_via, "version": "11.0.0", "status": "pending", "currency": shop.settings["currency"],
        "prices_include_tax": shop.settings["prices_include_tax"], "customer_id": 0, "billing": _address({}),
        "shipping": _address({}), "payment_method": "", "payment_method_title": "", "transaction_id": "",
        "date_paid": None, "date_paid_gmt": None, "date_completed": None, "date_completed_gmt": None,
        "customer_note": "", "meta_data": [], "line_items": [], "tax_lines": [], "shipping_lines": [],
        "fee_lines": [], "coupon_lines": [], "refunds": [], "stock_was_taken": False,
    }  # fmt: skip
    shop.stamp(order, "date_created")
    return order


def write_order(shop: Shop, order: Json, body: Json, *, is_new: bool = False) -> Json:
    if body.get("status", "pending") not in STATUSES:
        words = f"status is not one of {', '.join(STATUSES)}."
        raise Wrong("rest_invalid_param", "Invalid parameter(s): status", params={"status": words})
    for name in ("payment_method", "payment_method_title", "transaction_id", "customer_note", "customer_id"):
        if name in body:
            order[name] = body[name]
    for name in ("billing", "shipping"):
        if name in body:
            order[name] |= {key: str(value) for key, value in body[name].items()}
    for entry in body.get("meta_data") or []:
        order["meta_data"].append({"id": shop.number(), "key": entry.get("key"), "value": entry.get("value")})
    if is_new:
        order["line_items"] = [line_of(shop, entry) for entry in body.get("line_items") or []]
        order["fee_lines"] = [_extra(shop, entry, "fee") for entry in body.get("fee_lines") or []]
        order["shipping_lines"] = [_extra(shop, entry, "shipping") for entry in body.get("shipping_lines") or []]
        for entry in body.get("coupon_lines") or []:
            apply_coupon(shop, order, str(entry.get("code") or ""))
        add_up(shop, order)
    if body.get("set_paid") and not order["date_paid_gmt"]:
        shop.stamp(order, "date_paid")
        order["status"] = "processing"
    move(shop, order, body.get("status") or order["status"])
    return save_order(shop, order, "order.created" if is_new else "order.updated")


def save_order(shop: Shop, order: Json, topic: str = "order.updated") -> Json:
    shop.stamp(order, "date_modified")
    shop.put("order", order)
    told = shown(order)
    notify(shop, topic, told)
    return told


def shown(order: Json) -> Json:
    return {name: value for name, value in order.items() if name != "stock_was_taken"}


def move(shop: Shop, order: Json, status: str) -> None:
    """What a status brings with it: times, stock, the count of its coupons."""
    order["status"] = status
    if status in PAID and not order["stock_was_taken"]:
        order["stock_was_taken"] = True
        if not order["date_paid_gmt"]:
            shop.stamp(order, "date_paid")
        for line in order["line_items"]:
            _take_stock(shop, line)
        for entry in order["coupon_lines"]:
            for coupon in shop.all("coupon"):
                if coupon["code"] == entry["code"]:
                    shop.put("coupon", coupon | {"usage_count": coupon["usage_count"] + 1})
    if status == "completed" and not order["date_completed_gmt"]:
        shop.stamp(order, "date_completed")


def _take_stock(shop: Shop, line: Json) -> None:
    what, number = ("variation", line["variation_id"]) if line["variation_id"] else ("product", line["product_id"])
    thing = shop.get(what, number)
    if thing is None or thing["manage_stock"] is not True:
        return
    thing["stock_quantity"] = (thing["stock_quantity"] or 0) - int(line["quantity"])
    thing["stock_status"] = "instock" if thing["stock_quantity"] > 0 else "outofstock"
    shop.stamp(thing, "date_modified")
    shop.put(what, thing)
    product = thing if what == "product" else shop.get("product", thing["parent_id"])
    if product is not None:
        save_product(shop, product)


def line_of(shop: Shop, entry: Json) -> Json:
    """Amounts of a line are without tax, always; computed from the price unless they are told."""
    product, variation = shop.get("product", entry.get("product_id") or 0), None
    if entry.get("variation_id"):
        variation = shop.get("variation", entry["variation_id"])
        product = shop.get("product", variation["parent_id"]) if variation else None
    elif entry.get("sku"):
        owner = shop.sku_owner(entry["sku"])
        if owner is not None and owner.get("type") == "variation":
            variation, product = owner, shop.get("product", owner["parent_id"])
        else:
            product = owner
    if product is None and "unit_gross" not in entry:
        raise Wrong("woocommerce_rest_required_product_reference", "Product ID or SKU is required.")
    thing = variation or product or {"sku": "", "price": entry.get("unit_gross"), "name": entry.get("name")}
    quantity, rate = int(entry.get("quantity") or 1), Decimal(shop.settings["tax_rate"]) / 100
    whole = Decimal(thing["price"] or "0") * quantity
    net = whole / (1 + rate) if shop.settings["prices_include_tax"] else whole
    before = Decimal(entry["subtotal"]) if "subtotal" in entry else net
    after = Decimal(entry["total"]) if "total" in entry else before
    before, after = Decimal(money(before, shop)), Decimal(money(after, shop))
    name = str(entry.get("name") or (product or {}).get("name") or "")
    if variation is not None and not entry.get("name"):
        name = f"{name} - {variation['name']}"
    line: Json = {
        "id": shop.number(), "name": name, "product_id": product["id"] if product else 0,
        "variation_id": variation["id"] if variation else 0, "quantity": quantity, "tax_class": "",
        "subtotal": str(before), "total": str(after), "sku": thing["sku"], "meta_data": entry.get("meta_data") or [],
    }  # fmt: skip
    # so that the whole price comes out again where prices include tax
    exact = (
        Decimal(money(whole, shop)) - before
        if "subtotal" not in entry and shop.settings["prices_include_tax"]
        else None
    )
    return _taxed(shop, line, exact)


def _taxed(shop: Shop, line: Json, exact: Decimal | None = None) -> Json:
    rate = Decimal(shop.settings["tax_rate"]) / 100
    before_tax = exact if exact is not None else Decimal(line["subtotal"]) * rate
    after_tax = before_tax if line["total"] == line["subtotal"] else Decimal(line["total"]) * rate
    line["subtotal_tax"], line["total_tax"] = money(before_tax, shop), money(after_tax, shop)
    line["taxes"] = [{"id": 1, "total": line["total_tax"], "subtotal": line["subtotal_tax"]}]
    line["price"] = float(Decimal(line["total"]) / line["quantity"])
    return line


def _extra(shop: Shop, entry: Json, what: str) -> Json:
    rate, total = Decimal(shop.settings["tax_rate"]) / 100, Decimal(str(entry.get("total") or "0"))
    held = {"id": shop.number(), "total": money(total, shop), "total_tax": money(total * rate, shop)}
    if what == "fee":
        return {**held, "name": entry.get("name", ""), "tax_class": "", "tax_status": "taxable"}
    return {**held, "method_id": entry.get("method_id", ""), "method_title": entry.get("method_title", "")}


def apply_coupon(shop: Shop, order: Json, code: str) -> None:
    """Percent or a fixed amount, spread over the lines by their value."""
    found = [coupon for coupon in shop.all("coupon") if coupon["code"] == code.lower()]
    if not found:
        raise Wrong("woocommerce_rest_invalid_coupon", f'Coupon "{code}" does not exist!')
    (coupon,) = found
    if coupon["usage_limit"] and coupon["usage_count"] >= coupon["usage_limit"]:
        raise Wrong("woocommerce_rest_invalid_coupon", "Coupon usage limit has been reached.")
    rate = Decimal(shop.settings["tax_rate"]) / 100
    goods = sum((Decimal(line["subtotal"]) for line in order["line_items"]), Decimal(0))
    amount = Decimal(coupon["amount"])
    if shop.settings["prices_include_tax"] and coupon["discount_type"] != "percent":
        amount = amount / (1 + rate)
    off_in_all, off_tax = Decimal(0), Decimal(0)
    for line in order["line_items"]:
        before, tax_before = Decimal(line["subtotal"]), Decimal(line["total_tax"])
        share = before * amount / 100 if coupon["discount_type"] == "percent" else amount * before / (goods or 1)
        line["total"] = money(max(before - share, Decimal(0)), shop)
        _taxed(shop, line, Decimal(line["subtotal_tax"]))
        off_in_all += before - Decimal(line["total"])
        off_tax += tax_before - Decimal(line["total_tax"])
    order["coupon_lines"].append(
        {
            "id": shop.number(),
            "code": coupon["code"],
            "discount": money(off_in_all, shop),
            "discount_tax": money(off_tax, shop),
        }
    )


def add_up(shop: Shop, order: Json) -> None:
    """total = Σ line.total + shipping_total + Σ fee.total + total_tax."""

    def total(lines: list[Json], name: str) -> Decimal:
        return sum((Decimal(line[name]) for line in lines), Decimal(0))

    lines, fees, ships = order["line_items"], order["fee_lines"], order["shipping_lines"]
    taxes = total(lines, "total_tax") + total(fees, "total_tax")
    order["discount_total"] = money(total(lines, "subtotal") - total(lines, "total"), shop)
    order["discount_tax"] = money(total(lines, "subtotal_tax") - total(lines, "total_tax"), shop)
    order["shipping_total"], order["shipping_tax"] = (
        money(total(ships, "total"), shop),
        money(total(ships, "total_tax"), shop),
    )
    order["cart_tax"], order["total_tax"] = money(taxes, shop), money(taxes + total(ships, "total_tax"), shop)
    whole = total(lines, "total") + total(fees, "total") + total(ships, "total") + Decimal(order["total_tax"])
    order["total"] = money(whole, shop)
    order["tax_lines"] = [
        {"id": shop.number(), "rate_code": "DE-VAT-1", "rate_id": 1, "label": "VAT", "compound": False,
         "tax_total": order["cart_tax"], "shipping_tax_total": order["shipping_tax"],
         "rate_percent": shop.settings["tax_rate"]}
    ]  # fmt: skip


def _address(given: Json) -> Json:
    names = ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country")
    return {name: given.get(name, "") for name in (*names, "email", "phone")}
