"""A document as words on paper, in the buyer's language: what the HTML page and the PDF both show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from flask_babel import force_locale
from flask_babel import gettext as _

from shop.core.money import format_minor
from shop.invoicing.models import Invoice


@dataclass(frozen=True)
class SheetLine:
    title: str
    detail: str
    quantity: str
    unit: str
    total: str


@dataclass(frozen=True)
class Sheet:
    """Every text ready to be set; `facts` are (label, value), `totals` (label, amount, strong)."""

    locale: str
    kind: str  # invoice | credit_note
    title: str
    name: str
    facts: tuple[tuple[str, str], ...]
    seller_name: str
    seller: tuple[str, ...]
    buyer_heading: str
    buyer: tuple[str, ...]
    ship_heading: str
    ship_to: tuple[str, ...]
    columns: tuple[str, str, str, str]
    lines: tuple[SheetLine, ...]
    totals: tuple[tuple[str, str, bool], ...]
    tax_columns: tuple[str, str, str]
    taxes: tuple[tuple[str, str, str], ...]
    thanks: str
    footer: str


def sheet_of(document: Invoice) -> Sheet:
    """The document's own frozen facts; nothing is looked up."""
    facts: Mapping[str, Any] = document.facts
    locale, currency = facts["locale"], facts["currency"]
    is_note = document.kind == "credit_note"

    def money(minor: int) -> str:
        return format_minor(minor, currency, locale)

    def day(iso: str) -> str:
        return str(format_date(date.fromisoformat(iso), "long", locale=locale))

    with force_locale(locale):
        buyer = facts["buyer"]
        address = tuple(buyer["address"]) or tuple(filter(None, [buyer["name"]]))
        ship_to = tuple(buyer["ship_to"])
        return Sheet(
            locale=locale,
            kind=document.kind,
            title=_("Credit note") if is_note else _("Invoice"),
            name=document.name,
            facts=tuple(_facts(document, day)),
            seller_name=facts["seller"]["name"],
            seller=tuple(_seller(facts["seller"])),
            buyer_heading=_("To") if is_note else _("Bill to"),
            buyer=(*address, *filter(None, [buyer["email"]])),
            ship_heading=_("Ship to"),
            ship_to=() if is_note or ship_to == tuple(buyer["address"]) else ship_to,
            columns=(_("Description"), _("Quantity"), _("Price"), _("Amount")),
            lines=tuple(
                SheetLine(
                    title=line["title"] or _("Refund for order %(number)s", number=facts["order"]["number"]),
                    detail=" · ".join(filter(None, [line["variant_title"], line["sku"]])),
                    quantity=str(line["quantity"]),
                    unit=money(line["unit_minor"]),
                    total=money(line["total_minor"]),
                )
                for line in facts["lines"]
            ),
            totals=tuple(_totals(facts, money, is_note)),
            tax_columns=(_("Tax"), _("Net"), _("Tax amount")),
            taxes=tuple(
                (row["label"] or _("Without tax"), money(row["net_minor"]), money(row["tax_minor"]))
                for row in facts["taxes"]
            ),
            thanks="" if is_note else _("Thank you for your order."),
            footer=facts["seller"]["footer"],
        )


def _facts(document: Invoice, day: Any) -> list[tuple[str, str]]:
    facts = document.facts
    rows = [(_("Number"), document.name), (_("Date"), day(facts["issued_on"]))]
    if facts.get("for_invoice"):
        rows.append((_("For invoice"), facts["for_invoice"]["name"]))
        rows.append((_("Invoice date"), day(facts["for_invoice"]["issued_on"])))
    rows.append((_("Order"), facts["order"]["number"]))
    rows.append((_("Order date"), day(facts["order"]["placed_on"])))
    if facts["paid_with"]:
        rows.append((_("Paid with"), facts["paid_with"]))
    return rows


def _seller(seller: Mapping[str, Any]) -> list[str]:
    rows = [*seller["address"], seller["email"]]
    if seller["tax_number"]:
        rows.append(_("Tax number: %(number)s", number=seller["tax_number"]))
    if seller["register_number"]:
        rows.append(_("Register: %(number)s", number=seller["register_number"]))
    return [row for row in rows if row]


def _tax_in_store(facts: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """What the tax of an invoice in another currency is in the seller's own, at the rate of the order."""
    told, tax = facts.get("in_store"), sum(row["tax_minor"] for row in facts["taxes"])
    if not told or not tax:
        return []
    minor = int((Decimal(tax) * Decimal(told["to_store"])).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    rate = format_decimal(Decimal(told["rate"]), locale=facts["locale"], decimal_quantization=False)
    names = {"own": told["currency"], "rate": rate, "currency": facts["currency"]}
    label = _("Tax in %(own)s (1 %(own)s is %(rate)s %(currency)s)", **names)
    return [(label, format_minor(minor, told["currency"], facts["locale"]), False)]


def _totals(facts: Mapping[str, Any], money: Any, is_note: bool) -> list[tuple[str, str, bool]]:
    if is_note:
        return [(_("Given back"), money(facts["total_minor"]), True), *_tax_in_store(facts)]
    rows = [(_("Subtotal"), money(facts["subtotal_minor"]), False)]
    for row in facts["adjustments"]:
        if row["included"]:
            continue
        label = row["label"]
        if row["kind"] == "shipping":
            label = f"{_('Shipping')} ({label})" if label else _("Shipping")
        amount = row["amount_minor"]
        rows.append((label or _("Discount"), money(amount) if amount >= 0 else "−" + money(-amount), False))
    rows.append((_("Total"), money(facts["total_minor"]), True))
    return [*rows, *_tax_in_store(facts)]
