"""What a session costs: lines, discount, shipping, taxes, to the minor unit. Source: contracts/stripe.md §4, §5."""

from __future__ import annotations

from decimal import Decimal

from sandbox.stripe import book, taxing
from sandbox.stripe.book import Obj
from sandbox.stripe.expanding import hidden
from sandbox.stripe.money import rounded, spread
from sandbox.stripe.taxing import Rate
from sandbox.world import World


def reprice(world: World, session: Obj) -> Obj:
    """Fill every amount of the session from its lines, discount, chosen shipping and tax address. Returns it."""
    lines: list[Obj] = session["_lines"]
    shares = _discount_shares(world, session, lines)
    for line, share in zip(lines, shares, strict=True):
        _price_line(world, session, line, share)
    shipping = _shipping_cost(world, session)
    session["shipping_cost"] = shipping
    subtotal = sum(line["amount_subtotal"] for line in lines)
    discount = sum(shares)
    tax = sum(line["amount_tax"] for line in lines) + (shipping["amount_tax"] if shipping else 0)
    session["amount_subtotal"] = subtotal
    session["amount_total"] = sum(line["amount_total"] for line in lines) + (
        shipping["amount_total"] if shipping else 0
    )
    session["total_details"] = {
        "amount_discount": discount,
        "amount_shipping": shipping["amount_subtotal"] if shipping else 0,
        "amount_tax": tax,
        "_breakdown": _breakdown(session, lines, shipping, discount),
    }
    if session["automatic_tax"]["enabled"]:
        known = bool((session["_tax_address"] or {}).get("country"))
        session["automatic_tax"]["status"] = "complete" if known else "requires_location_inputs"
    return session


def _price_line(world: World, session: Obj, line: Obj, share: int) -> None:
    taxes = taxing.tax_parts(line["amount_subtotal"] - share, _rates(world, session, line))
    line["amount_discount"] = share
    line["amount_tax"] = sum(part["amount"] for part in taxes)
    line["amount_total"] = line["amount_subtotal"] - share + taxing.added(taxes)
    line["_taxes"] = taxes
    line["_discounts"] = [{"amount": share, "discount": session["_discount"]["shown"]}] if share else []


def _discount_shares(world: World, session: Obj, lines: list[Obj]) -> list[int]:
    """What the coupon takes off each line: percent line by line, a fixed amount in proportion."""
    chosen = session["_discount"]
    coupon = book.find(world, "coupon", chosen["coupon"]) if chosen else None
    if coupon is None:
        return [0 for _ in lines]
    products = coupon.get("_applies_to")
    bases = [
        line["amount_subtotal"] if products is None or line["price"]["product"] in products else 0 for line in lines
    ]
    if coupon["percent_off"] is not None:
        return [rounded(Decimal(base) * Decimal(str(coupon["percent_off"])) / 100) for base in bases]
    return spread(min(coupon["amount_off"], sum(bases)), bases)


def _rates(world: World, session: Obj, line: Obj) -> list[Rate]:
    if session["automatic_tax"]["enabled"]:
        product = book.find(world, "product", line["price"]["product"])
        if product is not None and product.get("tax_code") == taxing.NOT_TAXED:
            return []
        rate = taxing.table_rate(session["_tax_address"], line["price"]["tax_behavior"] == "inclusive")
        return [rate] if rate else []
    found = [book.find(world, "tax_rate", id_) for id_ in line["_tax_rates"]]
    return [taxing.given_rate(rate) for rate in found if rate is not None]


def _shipping_cost(world: World, session: Obj) -> Obj | None:
    rate = book.find(world, "shipping_rate", session["_shipping_rate"])
    if rate is None:
        return None
    amount = int(rate["fixed_amount"]["amount"])
    taxes: list[Obj] = []
    if session["automatic_tax"]["enabled"] and rate["tax_code"] != taxing.NOT_TAXED:
        found = taxing.table_rate(session["_tax_address"], rate["tax_behavior"] == "inclusive")
        taxes = taxing.tax_parts(amount, [found] if found else [])
    return {
        "amount_subtotal": amount,
        "amount_tax": sum(part["amount"] for part in taxes),
        "amount_total": amount + taxing.added(taxes),
        "shipping_rate": rate["id"],
        "_taxes": taxes,
    }


def _breakdown(session: Obj, lines: list[Obj], shipping: Obj | None, discount: int) -> Obj:
    parts = [part for line in lines for part in line["_taxes"]] + (shipping["_taxes"] if shipping else [])
    by_rate: dict[str, Obj] = {}
    for part in parts:
        known = by_rate.get(part["rate"]["id"])
        if known is None:
            by_rate[part["rate"]["id"]] = dict(part)
        else:
            known["amount"] += part["amount"]
            known["taxable_amount"] += part["taxable_amount"]
    shown = [{"amount": discount, "discount": session["_discount"]["shown"]}] if discount else []
    return {"discounts": shown, "taxes": list(by_rate.values())}


@hidden("", "breakdown")
def _show_breakdown(_world: World, details: Obj) -> Obj | None:
    return details.get("_breakdown")


@hidden("", "taxes")
def _show_shipping_taxes(_world: World, cost: Obj) -> list[Obj]:
    return cost.get("_taxes") or []


@hidden("item", "taxes")
def _show_line_taxes(_world: World, line: Obj) -> list[Obj]:
    return line.get("_taxes") or []


@hidden("item", "discounts")
def _show_line_discounts(_world: World, line: Obj) -> list[Obj]:
    return line.get("_discounts") or []


@hidden("checkout.session", "line_items")
def show_line_items(_world: World, session: Obj) -> Obj:
    """The first ten lines, as the expansion gives them."""
    lines = session.get("_lines") or []
    return book.listing(f"/v1/checkout/sessions/{session['id']}/line_items", lines[:10], len(lines) > 10)
