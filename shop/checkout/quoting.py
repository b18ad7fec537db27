"""A cart, a destination, a method → what it costs, and the draft of the order. Pure, given lines, rates, discounts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import orjson

from shop.cart.pricing import PricedLine
from shop.checkout.shipping import HANDED_OVER, Rate, ShippingQuote, quote_shipping, without_covered
from shop.checkout.taxes import Tax, tax_of
from shop.core.money import step
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.promotions.evaluating import Evaluation, Goods, evaluate
from shop.promotions.gift_cards.splitting import PaidByCards
from shop.promotions.reading import Promotions
from shop.tenancy.currencies import Pricing, pricing_for
from shop.tenancy.eu_rules import eu_rules_of, rates_that_hold
from shop.tenancy.profile import Profile
from shop.words import mark


@dataclass(frozen=True)
class Quote:
    """`problem` is a sentence for the buyer when this cart cannot be paid now."""

    lines: tuple[PricedLine, ...]
    pricing: Pricing
    country: str
    shipping: tuple[ShippingQuote, ...]
    chosen: ShippingQuote | None
    tax: Tax
    free_from_minor: int
    problem: str | None
    handed_over: frozenset[int] = frozenset()  # ids of lines that the buyer takes away at once
    discounts: Evaluation = field(default_factory=Evaluation)
    paid_by_cards: PaidByCards = field(default_factory=PaidByCards)

    @property
    def currency(self) -> str:
        """Of every amount here."""
        return self.pricing.code

    @property
    def sellable(self) -> tuple[PricedLine, ...]:
        return tuple(line for line in self.lines if line.available)

    @property
    def subtotal_minor(self) -> int:
        return sum(line.total_minor for line in self.sellable)

    @property
    def total_minor(self) -> int:
        added = 0 if self.tax.included else self.tax.minor
        return self.subtotal_minor - self.discounts.off_minor + (self.chosen.minor if self.chosen else 0) + added

    @property
    def payable_minor(self) -> int:
        """What is left for the payment page: gift cards pay, they do not lower the price."""
        return self.total_minor - self.paid_by_cards.minor


def quote_cart(
    lines: Sequence[PricedLine],
    rates: Sequence[Rate],
    profile: Profile,
    *,
    country: str,
    method: str,
    table_tax: bool = True,
    handed_over: frozenset[int] = frozenset(),
    promotions: Promotions | None = None,
    pricing: Pricing | None = None,
) -> Quote:
    """Taxes are of what is left after discounts. `lines` are in the currency of `pricing` (the store's without it);
    `rates`, the profile and the discounts are in the store's, and are told in it here.

    `table_tax` False: the payment page computes the tax (Stripe Tax). `handed_over`: lines that are not sent."""
    pricing = pricing or pricing_for(profile, None)
    free_from = pricing.amount(profile.free_shipping_minor)
    sellable = [line for line in lines if line.available]
    to_send = [line for line in sellable if line.id not in handed_over]
    allowed = not profile.ships_to or country in profile.ships_to
    if profile.own_shipping_prices:
        rates = without_covered(rates, profile.shipping_fallback, country)
    options = (
        quote_shipping(to_send, rates, profile.shipping_fallback, country, free_from_minor=free_from)
        if allowed
        else []
    )
    if sellable and not to_send:
        options = [HANDED_OVER]
    options = [replace(option, minor=pricing.price(option.minor)) for option in options]
    chosen = next((o for o in options if o.method == method), options[0] if options else None)
    discounts = _discounts(sellable, options, chosen, promotions, pricing)
    if chosen is not None and discounts.shipping_off_minor:
        free = replace(chosen, minor=0, is_free=True)
        options, chosen = [free if option is chosen else option for option in options], free
    held = rates_that_hold(profile.tax_rates, profile.country, eu_rules_of(profile.eu))
    table = held if table_tax else []
    tax = tax_of(
        [line.total_minor - discounts.off_line(line.id) for line in sellable],
        chosen.minor if chosen else 0,
        country,
        table,
        included=profile.prices_include_tax,
        least=step(pricing.code),
    )
    return Quote(
        lines=tuple(lines),
        pricing=pricing,
        country=country,
        shipping=tuple(options),
        chosen=chosen,
        tax=tax,
        free_from_minor=free_from,
        problem=_problem(lines, chosen),
        handed_over=handed_over,
        discounts=discounts,
    )


def _discounts(
    lines: Sequence[PricedLine],
    options: Sequence[ShippingQuote],
    chosen: ShippingQuote | None,
    promotions: Promotions | None,
    pricing: Pricing,
) -> Evaluation:
    """Worked out in the smallest amounts that can be paid, so that every share of a discount can be."""
    if promotions is None or not lines:
        return Evaluation()
    least = step(pricing.code)
    goods = [
        Goods(
            line.id, line.product_id, line.quantity, line.unit_minor // least,
            promotions.collections.get(line.product_id, frozenset()),
        )
        for line in lines
    ]  # fmt: skip
    shipping = chosen.minor if chosen is not None else 0
    facts = replace(
        promotions.facts,
        shipping_minor=shipping // least,
        shipping_may_be_free=(chosen is not None and chosen.method == "standard")
        or all(shipping <= option.minor for option in options),
    )
    offers = promotions.offers
    if not pricing.is_base or least > 1:
        offers = tuple(offer.told(lambda minor: pricing.amount(minor) // least) for offer in offers)
    return evaluate(goods, offers, promotions.codes, facts).times(least)


def _problem(lines: Sequence[PricedLine], chosen: ShippingQuote | None) -> str | None:
    if not lines:
        return mark("Your cart is empty.")
    if any(not line.available for line in lines):
        return mark("Something in your cart is not available any more. Please remove it to go on.")
    if chosen is None:
        return mark("We cannot send this to the country you chose.")
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
    adjustments += [
        DraftAdjustment(
            kind="discount",
            label=f"{row.label} ({row.code})" if row.code else row.label,
            amount_minor=-minor,
            source=f"discount:{row.discount_id}" + (f":{row.code_id}" if row.code_id else ""),
        )
        for row, minor, _ in quote.discounts.by_discount()
    ]
    if quote.tax.minor:
        adjustments.append(
            DraftAdjustment(
                kind="tax",
                label=quote.tax.label,
                amount_minor=quote.tax.minor,
                included=quote.tax.included,
                source=quote.country,
                rate=str(quote.tax.rate or ""),
            )
        )
    return OrderDraft(
        currency=quote.currency,
        lines=tuple(
            replace(
                _draft_line(line, tax, line.id in quote.handed_over), discount_minor=quote.discounts.off_line(line.id)
            )
            for line, tax in zip(quote.sellable, quote.tax.per_line, strict=True)
        ),
        adjustments=tuple(adjustments),
        shipping_method=quote.chosen.method,
        shipping_label=quote.chosen.label,
        tax_included=quote.tax.included,
        channel=channel,
        note=note,
        locale=locale,
        store_currency=quote.pricing.base,
        rate=f"{quote.pricing.rate:f}",
        to_store=f"{quote.pricing.to_store:f}",
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
            **({"handed_over": True} if handed_over else {} if line.product_external_id else {"by_hand": True}),
        },
        image={k: line.image[k] for k in ("src", "width", "height", "alt", "colour") if k in line.image},
        is_personalised=line.is_personalised,
    )


def content_hash(draft: OrderDraft, *parts: object) -> str:
    """The same content reuses the open payment page."""
    body = orjson.dumps([draft.to_json(), *map(str, parts)], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()
