"""An invoice for an order, a credit note for each refund: issued once, from the facts of that moment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import run_in_transaction
from shop.errors import Conflict, NotFound
from shop.invoicing.finding import find_invoice
from shop.invoicing.issuing import credited_rows, issue, tax_rows
from shop.invoicing.models import Invoice
from shop.orders.models import Adjustment, Order, OrderLine
from shop.orders.statuses import lock_order, tell
from shop.payments.models import Payment, Refund
from shop.tenancy.profile import Profile, current_profile
from shop.workflows.letter_facts import address_lines


def issue_invoice(order_id: int, *, who: str) -> Invoice:
    """The order's invoice; issued now when there is none. A repeat, at once or later, returns the first one.

    Raises Conflict while the settings lack what an invoice must say.
    """

    def work(session: Session) -> Invoice:
        if session.get(Order, order_id) is None:
            raise NotFound("This order does not exist.")
        return write_invoice(session, lock_order(session, order_id), who=who)

    return run_in_transaction(work)


def issue_when_paid(session: Session, order: Order) -> None:
    """Where the shop wants it: the invoice in the transaction of the sale. Call last; the caller commits."""
    profile = current_profile()
    if profile.invoicing.get("automatic") and order.payment_status == "paid" and may_issue(profile):
        write_invoice(session, order, who="system")


def write_invoice(session: Session, order: Order, *, who: str) -> Invoice:
    """The caller holds the order's lock (or has just placed it), and commits."""
    found = find_invoice(session, order.id)
    if found is not None:
        return found
    profile = current_profile()
    if not may_issue(profile):
        raise Conflict("An invoice needs your legal name and address: fill them in at Settings → Invoices.")
    facts = _facts(session, order, profile)
    invoice = issue(session, "invoice", order_id=order.id, facts=facts, settings=profile.invoicing, who=who)
    tell(session, order, "invoice", who=who, why=f"Invoice {invoice.name} issued", invoice_id=invoice.id)
    credit_refunds(session, order, who=who)
    return invoice


def credit_refunds(session: Session, order: Order, *, who: str = "system") -> list[Invoice]:
    """A credit note for each refund that was made and has none yet. Nothing while there is no invoice. The caller
    holds the order's lock, and commits."""
    invoice = find_invoice(session, order.id)
    if invoice is None:
        return []
    notes = list(
        session.execute(
            select(Invoice).where(Invoice.order_id == order.id, Invoice.kind == "credit_note").order_by(Invoice.id)
        ).scalars()
    )
    done = {note.refund_id for note in notes}
    refunds = session.execute(
        select(Refund).where(Refund.order_id == order.id, Refund.status == "succeeded").order_by(Refund.id)
    ).scalars()
    issued = []
    for refund in refunds:
        if refund.id in done:
            continue
        note = _write_note(session, order, invoice, notes, refund, who)
        notes.append(note)
        issued.append(note)
    return issued


def _write_note(
    session: Session, order: Order, invoice: Invoice, notes: Sequence[Invoice], refund: Refund, who: str
) -> Invoice:
    amount = refund.amount_minor
    facts = {
        **{name: invoice.facts[name] for name in ("seller", "buyer", "order", "locale", "currency")},
        "seller": _seller(current_profile()),
        **({"in_store": invoice.facts["in_store"]} if "in_store" in invoice.facts else {}),
        "for_invoice": {"name": invoice.name, "issued_on": invoice.facts["issued_on"]},
        "issued_on": clock.now().date().isoformat(),
        "lines": [
            {
                "title": "",
                "variant_title": refund.reason,
                "sku": "",
                "quantity": 1,
                "unit_minor": amount,
                "total_minor": amount,
                "tax_minor": 0,
            }
        ],
        "adjustments": [],
        "taxes": credited_rows(
            invoice.facts["taxes"],
            [note.facts["taxes"] for note in notes],
            invoice_total=invoice.total_minor,
            credited_before=sum(note.total_minor for note in notes),
            amount=amount,
        ),
        "subtotal_minor": amount,
        "total_minor": amount,
        "paid_with": "",
    }
    note = issue(
        session,
        "credit_note",
        order_id=order.id,
        facts=facts,
        settings=current_profile().invoicing,
        who=who,
        refund_id=refund.id,
        corrects_id=invoice.id,
    )
    tell(session, order, "invoice", who=who, why=f"Credit note {note.name} issued", invoice_id=note.id)
    return note


def may_issue(profile: Profile) -> bool:
    """The settings say what an invoice must."""
    return bool((profile.legal_name or profile.name) and profile.address.strip())


def _facts(session: Session, order: Order, profile: Profile) -> dict[str, Any]:
    lines = list(
        session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).scalars()
    )
    adjustments = (
        session.execute(select(Adjustment).where(Adjustment.order_id == order.id).order_by(Adjustment.id))
        .scalars()
        .all()
    )
    payments = session.execute(
        select(Payment.method).where(Payment.order_id == order.id, Payment.status == "paid").order_by(Payment.id)
    ).scalars()
    names = ("title", "variant_title", "sku", "quantity", "unit_minor", "total_minor", "tax_minor")
    goods = [{name: getattr(line, name) for name in names} for line in lines]
    paid_for = [
        {"total_minor": line.total_minor - line.discount_minor, "tax_minor": line.tax_minor} for line in lines
    ]
    taxes = [(_tax_label(a.label), a.amount_minor) for a in adjustments if a.kind == "tax"]
    return {
        "seller": _seller(profile),
        "buyer": {
            "name": order.customer_name,
            "email": order.email,
            "address": address_lines(order.bill_to or order.ship_to, order.locale),
            "ship_to": address_lines(order.ship_to, order.locale),
        },
        "order": {"number": order.number, "placed_on": order.placed_at.date().isoformat()},
        "locale": order.locale,
        "currency": order.currency,
        **_in_store(order),
        "issued_on": clock.now().date().isoformat(),
        "lines": goods,
        "adjustments": [
            {
                "kind": a.kind,
                "label": _tax_label(a.label) if a.kind == "tax" else a.label,
                "amount_minor": a.amount_minor,
                "included": a.included,
            }
            for a in adjustments
        ],
        "taxes": tax_rows(paid_for, taxes, order.shipping_minor, order.total_minor),
        "subtotal_minor": order.subtotal_minor,
        "total_minor": order.total_minor,
        "paid_with": ", ".join(method for method in payments if method),
    }


def _in_store(order: Order) -> dict[str, Any]:
    """The rate of an order in another currency: the tax is told in the store's too (2006/112/EC, article 230)."""
    if order.store_currency in (None, order.currency):
        return {}
    told = {"currency": order.store_currency, "rate": f"{order.rate.normalize():f}", "to_store": str(order.to_store)}
    return {"in_store": told}


def _seller(profile: Profile) -> dict[str, Any]:
    settings = profile.invoicing
    return {
        "name": profile.legal_name or profile.name,
        "trades_as": profile.name,
        "address": [line.strip() for line in profile.address.splitlines() if line.strip()],
        "email": profile.support_email,
        "tax_number": str(settings.get("tax_number") or ""),
        "register_number": str(settings.get("register_number") or ""),
        "footer": str(settings.get("footer") or ""),
    }


def _tax_label(label: str) -> str:
    """As the order's row has it, for a table of rates: "Includes 19% VAT" and "VAT (19%)" are both "VAT 19%"."""
    found = re.fullmatch(r"Includes (\d+(?:\.\d+)?%) (.+)", label)
    if found:
        return f"{found[2]} {found[1]}"
    return re.sub(r"^(.+) \((\d+(?:\.\d+)?%)\)$", r"\1 \2", label)
