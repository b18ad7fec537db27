"""What a new session may hold, and what Stripe refuses. Source: contracts/stripe.md §2, §4."""

from __future__ import annotations

import re
from typing import Any

from sandbox.stripe import book
from sandbox.stripe.book import Obj
from sandbox.stripe.catalogue import code_refusal, coupon_valid, create_shipping_rate
from sandbox.stripe.countries import COUNTRIES
from sandbox.stripe.goods import create_price, line_amount
from sandbox.stripe.ids import new_id
from sandbox.stripe.refusing import Refusal, required
from sandbox.stripe.wire import Params, branch, merge_metadata, rows, text, truth, url, whole
from sandbox.world import World

UI_MODES = ("hosted_page", "embedded_page", "elements", "form")
_MOST_LINES = 100
_MOST_OPTIONS = 5
_HALF_HOUR, _DAY = 30 * 60, 24 * 3600
# A request that took a moment to arrive is still on time.
_SLACK = 60


def read_rules(world: World, params: Params) -> None:
    """Every rule that joins several parameters; raises the Refusal Stripe would."""
    if "payment_method_types" in params:
        message = (
            "The parameter `payment_method_types` is no longer supported. Manage payment methods in the Dashboard."
        )
        raise Refusal(message, code="payment_method_types_no_longer_supported", param="payment_method_types")
    mode = text(params, "mode", needed=True)
    if mode not in ("payment", "subscription", "setup"):
        raise Refusal("Invalid mode: must be one of payment, setup, or subscription", param="mode")
    if mode != "payment":
        raise Refusal("This sandbox takes payments only: `mode` must be `payment`.", param="mode")
    _check_pages(params)
    if truth(params, "allow_promotion_codes") is not None and rows(params, "discounts"):
        raise Refusal("You may only specify one of these parameters: allow_promotion_codes, discounts.")
    if text(params, "customer") and text(params, "customer_email"):
        raise Refusal("You may only specify one of these parameters: customer, customer_email.", param="customer_email")
    if text(params, "customer") and text(params, "customer_creation"):
        raise Refusal("`customer_creation` can only be used when `customer` is not set.", param="customer_creation")
    customer, email = text(params, "customer"), text(params, "customer_email")
    if customer:
        book.named(world, "customer", customer, "customer")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise Refusal(f"Invalid email address: {email[:80]}", code="email_invalid", param="customer_email")
    if "shipping_address_collection" in params:
        _check_countries(branch(params, "shipping_address_collection"))
    if text(branch(params, "payment_intent_data"), "statement_descriptor"):
        message = "`statement_descriptor` is not supported for cards. Use `statement_descriptor_suffix` instead."
        raise Refusal(message, param="payment_intent_data[statement_descriptor]")
    merge_metadata({}, branch(params, "payment_intent_data"), "payment_intent_data[metadata]")


def _check_pages(params: Params) -> None:
    ui_mode = text(params, "ui_mode") or "hosted_page"
    if ui_mode not in UI_MODES:
        raise Refusal(f"Invalid ui_mode: must be one of {', '.join(UI_MODES)}", param="ui_mode")
    if ui_mode == "hosted_page":
        url(params, "success_url", needed=True)
        if text(params, "return_url"):
            raise Refusal("`return_url` can only be used when `ui_mode` is not `hosted_page`.", param="return_url")
        return
    for name in ("success_url", "cancel_url"):
        if text(params, name):
            raise Refusal(f"`{name}` can not be used when `ui_mode` is `{ui_mode}`.", param=name)
    if text(params, "redirect_on_completion") != "never":
        url(params, "return_url", needed=True)


def _check_countries(given: Params) -> None:
    path = "shipping_address_collection[allowed_countries]"
    countries = rows(given, "allowed_countries", "shipping_address_collection")
    if not countries:
        raise required(path)
    for number, code in enumerate(countries):
        if code not in COUNTRIES:
            raise Refusal(f"Invalid {path}[{number}]: must be a country Stripe ships to", param=f"{path}[{number}]")


def read_lines(world: World, params: Params) -> list[Obj]:
    """The line items as stored; prices and products of ``price_data`` are made on the way."""
    given = rows(params, "line_items")
    if not given:
        raise Refusal("`line_items` must contain at least one item in `payment` mode.", param="line_items")
    if len(given) > _MOST_LINES:
        raise Refusal(f"`line_items` may contain at most {_MOST_LINES} items.", param="line_items")
    # Everything is read before anything is made, so that a refused session leaves little behind.
    automatic = bool(truth(branch(params, "automatic_tax"), "enabled", "automatic_tax"))
    for number, item in enumerate(given):
        _check_line(item, f"line_items[{number}]", automatic)
    lines = [_read_line(world, item, f"line_items[{number}]") for number, item in enumerate(given)]
    if len({line["currency"] for line in lines}) > 1:
        raise Refusal("The `currency` of every line item must be the same.", param="line_items")
    return lines


def _check_line(item: Any, path: str, automatic: bool) -> None:
    if not isinstance(item, dict):
        raise Refusal("Invalid object", param=path)
    if bool(item.get("price")) == bool(item.get("price_data")):
        raise Refusal("You must specify exactly one of `price` or `price_data` for each line item.", param=path)
    if whole(item, "quantity", path, least=1, most=999_999) is None:
        raise Refusal("Quantity is required. Add `quantity` to the line item.", param=f"{path}[quantity]")
    if automatic and rows(item, "tax_rates", path):
        raise Refusal("You cannot use `tax_rates` when `automatic_tax` is enabled.", param=f"{path}[tax_rates]")


def _read_line(world: World, item: Params, path: str) -> Obj:
    id_ = text(item, "price", path)
    if id_:
        price = book.named(world, "price", id_, f"{path}[price]")
        if not price["active"]:
            raise Refusal(
                "The price specified is inactive. This field only accepts active prices.", param=f"{path}[price]"
            )
    else:
        price = create_price(world, branch(item, "price_data", path), f"{path}[price_data]")
    product = book.get(world, "product", price["product"])
    quantity = whole(item, "quantity", path, least=1) or 1
    rates = [str(rate) for rate in rows(item, "tax_rates", path)]
    for number, rate in enumerate(rates):
        book.named(world, "tax_rate", rate, f"{path}[tax_rates][{number}]")
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": line_amount(price, quantity),
        "amount_tax": 0,
        "amount_total": 0,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": merge_metadata({}, item, f"{path}[metadata]"),
        "price": price,
        "quantity": quantity,
        "_about": product["description"],
        "_images": product["images"],
        "_tax_rates": rates,
        "_taxes": [],
        "_discounts": [],
    }


def read_shipping_options(world: World, params: Params, currency: str) -> list[Obj]:
    """``[{shipping_amount, shipping_rate}]`` in the order given; rates of ``shipping_rate_data`` are made."""
    given = rows(params, "shipping_options")
    if len(given) > _MOST_OPTIONS:
        raise Refusal(f"You may specify up to {_MOST_OPTIONS} shipping options.", param="shipping_options")
    options = []
    for number, option in enumerate(given):
        path = f"shipping_options[{number}]"
        if not isinstance(option, dict) or bool(option.get("shipping_rate")) == bool(option.get("shipping_rate_data")):
            raise Refusal("You must specify exactly one of `shipping_rate` or `shipping_rate_data`.", param=path)
        id_ = text(option, "shipping_rate", path)
        if id_:
            rate = book.named(world, "shipping_rate", id_, f"{path}[shipping_rate]")
        else:
            data = branch(option, "shipping_rate_data", path)
            rate = create_shipping_rate(world, data, f"{path}[shipping_rate_data]")
        if rate["fixed_amount"]["currency"] != currency:
            raise Refusal("The shipping rate's currency must match the line items' currency.", param=path)
        options.append({"shipping_amount": rate["fixed_amount"]["amount"], "shipping_rate": rate["id"]})
    return options


def read_discount(world: World, params: Params, subtotal: int, currency: str) -> Obj | None:
    """``{coupon, promotion_code}`` of the one allowed entry of ``discounts``."""
    given = rows(params, "discounts")
    if not given:
        return None
    if len(given) > 1:
        raise Refusal("You may only specify one discount.", param="discounts")
    entry = given[0] if isinstance(given[0], dict) else {}
    coupon_id, code_id = text(entry, "coupon", "discounts[0]"), text(entry, "promotion_code", "discounts[0]")
    if bool(coupon_id) == bool(code_id):
        raise Refusal("You must specify exactly one of `coupon` or `promotion_code`.", param="discounts[0]")
    if code_id:
        code = book.named(world, "promotion_code", code_id, "discounts[0][promotion_code]")
        problem = code_refusal(world, code, subtotal, currency)
        if problem:
            raise Refusal(f"This promotion code cannot be redeemed: {problem}", param="discounts[0][promotion_code]")
        return {"coupon": code["promotion"]["coupon"], "promotion_code": code_id}
    coupon = book.named(world, "coupon", coupon_id or "", "discounts[0][coupon]")
    if not coupon_valid(world, coupon):
        raise Refusal("Coupon is expired and cannot be applied.", code="coupon_expired", param="discounts[0][coupon]")
    if coupon["amount_off"] is not None and coupon["currency"] != currency:
        raise Refusal("The coupon's currency must match the session's currency.", param="discounts[0][coupon]")
    return {"coupon": coupon["id"], "promotion_code": None}


def read_expiry(world: World, params: Params) -> int:
    """When the session ends, by the virtual clock: 30 minutes to 24 hours from now, 24 hours when not said.

    A caller's watch shows the wall clock. When the virtual clock was moved ahead, a time that is right by the
    caller's watch is moved ahead with it; otherwise no shop could sell after time travel.
    """
    now = world.clock.now()
    wanted = whole(params, "expires_at", least=0)
    if wanted is None:
        return int(now) + _DAY
    offset = world.clock.offset
    if wanted < now + _HALF_HOUR - _SLACK and wanted >= now - offset + _HALF_HOUR - _SLACK:
        wanted += int(offset)
    if wanted < now + _HALF_HOUR - _SLACK:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise Refusal(message, param="expires_at")
    if wanted > now + _DAY + _SLACK:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise Refusal(message, param="expires_at")
    return wanted
