"""An order of theirs as a draft of ours: their money to the minor unit, our goods. Pure.

What they tell is the truth about money: lines, discounts, shipping and tax as they say them, and where these do not add
up to the total they took, the difference stands in the order under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shop.cart.pricing import PricedLine
from shop.channels.ordering.models import ChannelOrderLine
from shop.channels.records import AddressRecord, OrderRecord
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.tenancy.currencies import Pricing

#: lines that become lines of our order
GOODS = ("linked", "sku", "chosen", "by_hand", "gift_card", "ignored")


def compose(
    record: OrderRecord,
    lines: Sequence[ChannelOrderLine],
    goods: Mapping[int, PricedLine],
    pricing: Pricing,
    *,
    channel: str,
    name: str,
    locale: str,
) -> OrderDraft:
    """`goods`: our side of a line, by its id. `name`: the platform's. The draft's total is theirs."""
    drafted = tuple(_line(line, goods.get(line.id)) for line in lines if line.how in GOODS)
    adjustments = _adjustments(record, lines, drafted, channel, name)
    return OrderDraft(
        currency=record.currency,
        lines=drafted,
        adjustments=adjustments,
        shipping_label=_short(record.shipping_label, 80),
        tax_included=record.taxes_included,
        channel=channel,
        note=record.note[:5000],
        locale=locale,
        store_currency=pricing.base,
        rate=f"{pricing.rate:f}",
        to_store=f"{pricing.to_store:f}",
    )


def _line(line: ChannelOrderLine, ours: PricedLine | None) -> DraftLine:
    most = line.unit_minor * line.quantity
    return DraftLine(
        product_id=ours.product_id if ours else None,
        variant_id=ours.variant_id if ours else None,
        title=ours.title if ours else line.title or "Without a title",
        variant_title=ours.variant_title if ours else "",
        sku=ours.sku if ours else line.sku,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        unit_cost_minor=ours.cost_minor if ours else 0,
        tax_minor=max(0, line.tax_minor),
        printable=_printable(line, ours),
        image={k: ours.image[k] for k in ("src", "width", "height", "alt", "colour") if k in ours.image}
        if ours
        else {},
        discount_minor=min(max(0, line.discount_minor), max(0, most)),
        is_personalised=bool(ours and ours.is_personalised),
    )


def _printable(line: ChannelOrderLine, ours: PricedLine | None) -> dict[str, object]:
    if line.how in ("gift_card", "ignored"):
        return {"handed_over": True, "why": line.how}
    if ours is None or not is_printable(ours):
        return {"by_hand": True}
    return {
        "product_id": ours.product_external_id,
        "variant_id": ours.variant_external_id,
        "blueprint_id": ours.blueprint_id,
        "print_provider_id": ours.print_provider_id,
    }


def is_printable(ours: PricedLine) -> bool:
    """Products that were brought in from elsewhere have no print product behind them."""
    return bool(ours.product_external_id) and ours.variant_external_id > 0


def told_properties(line: ChannelOrderLine) -> dict[str, str]:
    """What the buyer wrote; names that begin with "_" are notes of apps to themselves."""
    return {k: str(v) for k, v in line.properties.items() if not k.startswith("_") and str(v).strip()}


def _adjustments(
    record: OrderRecord, lines: Sequence[ChannelOrderLine], drafted: Sequence[DraftLine], channel: str, name: str
) -> tuple[DraftAdjustment, ...]:
    found = [
        DraftAdjustment(
            "shipping", _short(record.shipping_label, 120) or "Shipping", record.shipping_minor, source=channel
        )
    ]
    if record.tax_minor:
        found.append(DraftAdjustment("tax", "Tax", record.tax_minor, included=record.taxes_included, source=channel))
    taken_off = [line for line in lines if line.how == "amount"]
    found += [
        DraftAdjustment(
            "discount", _short(line.title, 120) or "Taken off", line.unit_minor * line.quantity, source=channel
        )
        for line in taken_off
    ]
    if record.discount_minor:
        label = _short(", ".join(record.codes), 120) or "Discount"
        found.append(DraftAdjustment("discount", label, -record.discount_minor, source=channel))
    gap = record.total_minor - _sum(drafted, found)
    of_lines = sum(line.discount_minor for line in drafted)
    if gap and not record.discount_minor and gap == -of_lines:  # told at the lines alone
        found.append(DraftAdjustment("discount", "Discount", gap, source=channel))
        gap = 0
    if gap:
        is_small = abs(gap) <= len(drafted) + 1
        label = "Rounding" if is_small else f"Other amounts, as {name} tells"
        found.append(DraftAdjustment("rounding", label, gap, source=channel))
    return tuple(found)


def _sum(drafted: Sequence[DraftLine], adjustments: Sequence[DraftAdjustment]) -> int:
    return sum(line.total_minor for line in drafted) + sum(a.amount_minor for a in adjustments if not a.included)


def address_of(record: AddressRecord) -> dict[str, str]:
    """As an order of ours keeps it; {} where nothing is known."""
    found = {
        "name": _short(record.name, 200),
        "line1": _short(record.line1, 200),
        "line2": _short(record.line2, 200),
        "city": _short(record.city, 120),
        "state": _short(record.state, 80),
        "postal_code": _short(record.postal_code, 20),
        "country": record.country.upper()[:2],
    }
    if record.company:  # a parcel's address has no line of its own for it
        found["line2"] = _short(", ".join(part for part in (record.company, record.line2) if part), 200)
    return found if any(found.values()) else {}


def missing_of_address(record: AddressRecord) -> list[str]:
    """Words for what a parcel cannot do without."""
    needed = {"street": record.line1, "town": record.city, "country": record.country}
    return [word for word, value in needed.items() if not value.strip()]


def _short(text: str, most: int) -> str:
    return " ".join(text.replace("\x00", "").split())[:most]
