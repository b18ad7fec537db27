"""A cart, a destination, a method → what it costs, and the draft of the order. Pure, given lines and rates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from shop.cart.pricing import PricedLine
from shop.checkout.shipping import HANDED_OVER, Rate, ShippingQuote, quote_shipping
from shop.checkout.taxes import Tax, tax_of
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.tenancy.profile import Profile


@dataclass(frozen=True)
class Quote:
    """`problem` is a sentence for the buyer when this cart cannot be paid now."""

    lines: tuple[PricedLine, ...]
    currency: str
    country: str
    shipping: tuple[ShippingQuote, ...]
    chosen: ShippingQuote | None
    tax: Tax
    free_from_minor: int
    problem: str | None
    handed_over: frozenset[int] = frozenset()  # ids of lines that the buyer takes away at once

    @property
    def sellable(self) -> tuple[PricedLine, ...]:
        return tuple(line for line in self.lines if line.available)

    @property
    def subtotal_minor(self) -> int:
        return sum(line.total_minor for line in self.sellable)

    @property
    def total_minor(self) -> int:
        added = 0 if self.tax.included else self.tax.minor
        return self.subtotal_minor + (self.chosen.minor if self.chosen else 0) + added


def quote_cart(
    lines: Sequence[PricedLine],
    rates: Sequence[Rate],
    profile: Profile,
    *,
    country: str,
    method: str,
    table_tax: bool = True,
    handed_over: frozenset[int] = frozenset(),
) -> Quote:
    """`table_tax` False: the payment page computes the tax (Stripe Tax). `handed_over`: lines that are not sent."""
    sellable = [line for line in lines if line.available]
    to_send = [line for line in sellable if line.id not in handed_over]
    allowed = not profile.ships_to or country in profile.ships_to
    options = (
        quote_shipping(to_send, rates, profile.shipping_fallback, country, free_from_minor=profile.free_shipping_minor)
        if allowed
        else []
    )
    if sellable and not to_send:
        options = [HANDED_OVER]
    chosen = next((o for o in options if o.method == method), options[0] if options else None)
    table = profile.tax_rates if table_tax else []
    tax = tax_of(
        [line.total_minor for line in sellable],
        chosen.minor if chosen else 0,
        country,
        table,
        included=profile.prices_include_tax,
    )
    return Quote(
        lines=tuple(lines),
        currency=profile.currency,
        country=country,
        shipping=tuple(options),
        chosen=chosen,
        tax=tax,
        free_from_minor=profile.free_shipping_minor,
        problem=_problem(lines, chosen),
        handed_over=handed_over,
    )


def _problem(lines: Sequence[PricedLine], chosen: ShippingQuote | None) -> str | None:
    if not lines:
        return "Your cart is empty."
    if any(not line.available for line in lines):
        return "Something in your cart is not available any more. Please remove it to go on."
    if chosen is None:
        return "We cannot send this to the country you chose."
    return None


def draft_of(quote: Quote, *, note: str = "", locale: str = "en", channel: str = "storefront") -> OrderDraft:
    """Freeze a quote without problems as the draft of an order."""
    if quote.chosen is None:
        raise ValueError("a quote without shipping has no draft")
    adjustments = [
        DraftAdjustment(
            kind="shipping",
            label=quote.chosen.label,
            amount_minor=quote.chosen.minor,
            source=f"{quote.country}/{quote.chosen.method}",
        )
    ]
    if quote.tax.minor:
        adjustments.append(
            DraftAdjustment(
                kind="tax",
                label=quote.tax.label,
                amount_minor=quote.tax.minor,
                included=quote.tax.included,
                source=quote.country,
            )
        )
    return OrderDraft(
        currency=quote.currency,
        lines=tuple(
            _draft_line(line, tax, line.id in quote.handed_over)
            for line, tax in zip(quote.sellable, quote.tax.per_line, strict=True)
        ),
        adjustments=tuple(adjustments),
        shipping_method=quote.chosen.method,
        shipping_label=quote.chosen.label,
        tax_included=quote.tax.included,
        channel=channel,
        note=note,
        locale=locale,
    )


def _draft_line(line: PricedLine, tax_minor: int, handed_over: bool) -> DraftLine:
    return DraftLine(
        product_id=line.product_id,
        variant_id=line.variant_id,
        title=line.title,
        variant_title=line.variant_title,
        sku=line.sku,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        unit_cost_minor=line.cost_minor,
        tax_minor=tax_minor,
        printable={
            "product_id": line.product_external_id,
            "variant_id": line.variant_external_id,
            "blueprint_id": line.blueprint_id,
            "print_provider_id": line.print_provider_id,
            **({"handed_over": True} if handed_over else {}),
        },
        image={k: line.image[k] for k in ("src", "width", "height", "alt", "colour") if k in line.image},
    )


def content_hash(draft: OrderDraft, *parts: object) -> str:
    """The same content reuses the open payment page."""
    body = orjson.dumps([draft.to_json(), *map(str, parts)], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()
