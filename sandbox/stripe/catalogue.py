"""Coupons, promotion codes, tax rates and shipping rates. Source: contracts/stripe.md §2, §3, §4."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.stripe import book
from sandbox.stripe.book import Obj
from sandbox.stripe.ids import new_id, short_code
from sandbox.stripe.money import read_currency
from sandbox.stripe.refusing import Refusal, required
from sandbox.stripe.wire import Params, branch, decimal, merge_metadata, rows, text, truth, whole
from sandbox.world import World

_UNITS = ("hour", "day", "business_day", "week", "month")


def create_coupon(world: World, params: Params) -> Obj:
    """Exactly one of ``percent_off`` (0–100) and ``amount_off`` with ``currency``."""
    percent, amount = decimal(params, "percent_off"), whole(params, "amount_off", least=1)
    if (percent is None) == (amount is None):
        raise Refusal("You must pass exactly one of amount_off or percent_off.", param="percent_off")
    if percent is not None and not 0 < percent <= 100:
        raise Refusal("percent_off must be greater than 0 and at most 100.", param="percent_off")
    id_ = text(params, "id", longest=200) or short_code()
    if book.find(world, "coupon", id_) is not None:
        raise Refusal("Coupon already exists.", code="resource_already_exists", param="id")
    duration = text(params, "duration") or "once"
    months = whole(params, "duration_in_months", least=1)
    if (duration == "repeating") != (months is not None):
        raise Refusal("duration_in_months goes with duration=repeating.", param="duration_in_months")
    coupon: Obj = {
        "id": id_,
        "object": "coupon",
        "amount_off": amount,
        "created": book.now(world),
        "currency": read_currency(text(params, "currency"), "currency") if amount is not None else None,
        "duration": duration,
        "duration_in_months": months,
        "livemode": False,
        "max_redemptions": whole(params, "max_redemptions", least=1),
        "metadata": merge_metadata({}, params),
        "name": text(params, "name", longest=40),
        "percent_off": float(percent) if percent is not None else None,
        "redeem_by": whole(params, "redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    products = rows(branch(params, "applies_to"), "products", "applies_to")
    if products:
        coupon["_applies_to"] = [str(product) for product in products]
    return book.save(world, coupon)


def update_coupon(world: World, id_: str, params: Params) -> Obj:
    coupon = book.get(world, "coupon", id_, "coupon")
    if "name" in params:
        coupon["name"] = text(params, "name", longest=40)
    coupon["metadata"] = merge_metadata(coupon["metadata"], params)
    return book.save(world, coupon)


def coupon_valid(world: World, coupon: Obj) -> bool:
    """Whether it can still be redeemed, by the virtual clock."""
    spent = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    late = coupon["redeem_by"] is not None and book.now(world) >= coupon["redeem_by"]
    return not spent and not late


def create_promotion_code(world: World, params: Params) -> Obj:
    """``promotion={"type": "coupon", "coupon": …}`` (the old top-level ``coupon`` is gone)."""
    promotion = branch(params, "promotion")
    if not promotion:
        raise required("promotion")
    coupon = book.named(world, "coupon", text(promotion, "coupon", "promotion", needed=True) or "", "promotion[coupon]")
    code = text(params, "code", longest=500) or short_code()
    if not all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in code):
        raise Refusal("Promotion codes may only contain letters, digits, hyphens and underscores.", param="code")
    if find_code(world, code) is not None:
        raise Refusal("An active promotion code with this code already exists.", param="code")
    limits = branch(params, "restrictions")
    minimum = whole(limits, "minimum_amount", "restrictions", least=1)
    return book.save(
        world,
        {
            "id": new_id("promo"),
            "object": "promotion_code",
            "active": truth(params, "active") is not False,
            "code": code,
            "created": book.now(world),
            "customer": text(params, "customer"),
            "customer_account": None,
            "expires_at": whole(params, "expires_at"),
            "livemode": False,
            "max_redemptions": whole(params, "max_redemptions", least=1),
            "metadata": merge_metadata({}, params),
            "promotion": {"coupon": coupon["id"], "type": "coupon"},
            "restrictions": {
                "first_time_transaction": truth(limits, "first_time_transaction", "restrictions") or False,
                "minimum_amount": minimum,
                "minimum_amount_currency": read_currency(
                    text(limits, "minimum_amount_currency", "restrictions"), "restrictions[minimum_amount_currency]"
                )
                if minimum is not None
                else None,
            },
            "times_redeemed": 0,
        },
    )


def update_promotion_code(world: World, id_: str, params: Params) -> Obj:
    code = book.get(world, "promotion_code", id_, "promotion_code")
    active = truth(params, "active")
    if active is not None:
        code["active"] = active
    code["metadata"] = merge_metadata(code["metadata"], params)
    return book.save(world, code)


def find_code(world: World, typed: str) -> Obj | None:
    """The active promotion code a person typed (letters' case does not matter)."""
    wanted = typed.strip().lower()
    codes = world.store.all(book.KINDS["promotion_code"])
    return next((code for code in codes if code["active"] and code["code"].lower() == wanted), None)


def code_refusal(world: World, code: Obj, subtotal: int, currency: str) -> str | None:
    """Why a promotion code cannot be used now, in words for the buyer; None when it can."""
    coupon = book.find(world, "coupon", code["promotion"]["coupon"])
    limits = code["restrictions"]
    moment = book.now(world)
    if coupon is None or not code["active"] or not coupon_valid(world, coupon):
        return "This code is no longer valid."
    if code["expires_at"] is not None and moment >= code["expires_at"]:
        return "This code has expired."
    if code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]:
        return "This code is no longer valid."
    if limits["minimum_amount"] is not None and (
        limits["minimum_amount_currency"] != currency or subtotal < limits["minimum_amount"]
    ):
        return "This code needs a larger order."
    if coupon["amount_off"] is not None and coupon["currency"] != currency:
        return "This code cannot be used in this currency."
    return None


def create_tax_rate(world: World, params: Params) -> Obj:
    percentage = decimal(params, "percentage")
    if percentage is None:
        raise required("percentage")
    if not Decimal(0) <= percentage <= 100:
        raise Refusal("percentage must be between 0 and 100.", param="percentage")
    inclusive = truth(params, "inclusive")
    if inclusive is None:
        raise required("inclusive")
    return book.save(
        world,
        {
            "id": new_id("txr"),
            "object": "tax_rate",
            "active": truth(params, "active") is not False,
            "country": text(params, "country", longest=2),
            "created": book.now(world),
            "description": text(params, "description"),
            "display_name": text(params, "display_name", needed=True, longest=50),
            "effective_percentage": None,
            "flat_amount": None,
            "inclusive": inclusive,
            "jurisdiction": text(params, "jurisdiction", longest=50),
            "jurisdiction_level": None,
            "livemode": False,
            "metadata": merge_metadata({}, params),
            "percentage": float(percentage),
            "rate_type": "percentage",
            "state": text(params, "state", longest=2),
            "tax_type": text(params, "tax_type"),
        },
    )


def update_tax_rate(world: World, id_: str, params: Params) -> Obj:
    rate = book.get(world, "tax_rate", id_, "tax_rate")
    for name in ("country", "description", "display_name", "jurisdiction", "state", "tax_type"):
        if name in params:
            rate[name] = text(params, name)
    active = truth(params, "active")
    if active is not None:
        rate["active"] = active
    rate["metadata"] = merge_metadata(rate["metadata"], params)
    return book.save(world, rate)


def create_shipping_rate(world: World, params: Params, path: str = "") -> Obj:
    """Also used for ``shipping_options[][shipping_rate_data]``, where ``path`` says so."""
    fixed = branch(params, "fixed_amount", path)
    where = f"{path}[fixed_amount]" if path else "fixed_amount"
    amount = whole(fixed, "amount", where, least=0, most=99_999_999)
    if amount is None:
        raise required(f"{where}[amount]")
    return book.save(
        world,
        {
            "id": new_id("shr"),
            "object": "shipping_rate",
            "active": True,
            "created": book.now(world),
            "delivery_estimate": _estimate(branch(params, "delivery_estimate", path), f"{path}[delivery_estimate]"),
            "display_name": text(params, "display_name", path, needed=True, longest=100),
            "fixed_amount": {
                "amount": amount,
                "currency": read_currency(text(fixed, "currency"), f"{where}[currency]"),
            },
            "livemode": False,
            "metadata": merge_metadata({}, params),
            "tax_behavior": text(params, "tax_behavior") or "unspecified",
            "tax_code": text(params, "tax_code"),
            "type": "fixed_amount",
        },
    )


def update_shipping_rate(world: World, id_: str, params: Params) -> Obj:
    rate = book.get(world, "shipping_rate", id_, "shipping_rate_token")
    active = truth(params, "active")
    if active is not None:
        rate["active"] = active
    rate["metadata"] = merge_metadata(rate["metadata"], params)
    return book.save(world, rate)


def _estimate(given: Params, path: str) -> dict[str, Any] | None:
    if not given:
        return None
    bounds: dict[str, Any] = {}
    for name in ("minimum", "maximum"):
        bound = branch(given, name, path)
        if bound:
            unit = text(bound, "unit", f"{path}[{name}]", needed=True)
            if unit not in _UNITS:
                raise Refusal(f"Invalid unit: must be one of {', '.join(_UNITS)}", param=f"{path}[{name}][unit]")
            bounds[name] = {"unit": unit, "value": whole(bound, "value", f"{path}[{name}]", least=1)}
        else:
            bounds[name] = None
    return bounds
