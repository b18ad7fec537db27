"""Past orders out of a file: kept for the record. Nothing is printed, no letter goes out, nobody is told.

Lines with the same order number that follow each other are one order. They are archived at once, marked as imported,
and their money is what was paid elsewhere: it can be given back only there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.customers import remember_customer
from shop.catalog.html import one_line
from shop.catalog.models import Variant
from shop.channels.files.outcomes import Given, Outcome
from shop.channels.files.reading import Line
from shop.checkout.countries import known_codes
from shop.core import clock
from shop.core import reading_forms as read
from shop.errors import InvalidInput
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.orders.models import Order
from shop.orders.placing import Buyer, place_order
from shop.orders.statuses import move_fulfilment, move_order, set_payment_status, tell
from shop.payments.models import Payment
from shop.payments.summing import CHANNEL, sum_payments
from shop.workflows.import_customers import ADDRESS

UNPAID = frozenset({"pending", "unpaid", "voided", "failed", "open", "authorized"})
_FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d/%m/%Y", "%Y/%m/%d")


def group_orders(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines of one order together. A number that is empty goes on with the order before it."""
    groups: list[list[Line]] = []
    last = ""
    for line in lines:
        number = line.cells.get("number", "").strip()
        if groups and (not number or number == last):
            groups[-1].append(line)
        else:
            groups.append([line])
        last = number or last
    return groups


def take_orders(session: Session, lines: Sequence[Line], given: Given, *, write: bool) -> list[Outcome]:
    """One outcome for each order; with `write` it is so. A repeat finds the first one. The caller commits."""
    groups = group_orders(lines)
    keys = {id(group): _key(group) for group in groups}
    known = set(session.execute(select(Order.source_key).where(Order.source_key.in_(list(keys.values())))).scalars())
    skus = {line.cells.get("line_sku", "") for line in lines} - {""}
    variants = {
        row.sku: row for row in session.execute(select(Variant).where(Variant.sku.in_(skus))).scalars()
    }  # fmt: skip
    found = []
    for group in groups:
        key = keys[id(group)]
        number = group[0].cells.get("number", "").strip()[:100]
        if key in known or key in given.seen:
            found.append(Outcome(group[0].number, "same", "number", "This order is here already.", number))
            continue
        try:
            draft, buyer, placed_at = _read(group, variants, given.currency)
        except InvalidInput as error:
            name, why = next(iter(error.fields.items()), ("", error.user_message))
            found.append(Outcome(group[0].number, "wrong", name, why, number))
            continue
        given.seen.add(key)
        if write:
            _keep(session, group, key, draft, buyer, placed_at, given)
        found.append(Outcome(group[0].number, "create", subject=number))
    return found


def _key(group: list[Line]) -> str:
    return f"csv:{group[0].cells.get('number', '').strip()}"[:120]


def _read(group: list[Line], variants: dict[str, Variant], currency: str) -> tuple[OrderDraft, Buyer, datetime]:
    """Raises InvalidInput with the field. Amounts must add up to the total, with its tax in the prices or on top."""
    first = group[0].cells
    if not first.get("number", "").strip():
        raise InvalidInput(fields={"number": "There is no order number."})
    told = first.get("currency", "").strip().upper() or currency
    if told != currency:
        raise InvalidInput(fields={"currency": f"It is in {told[:10]}; the shop keeps its past orders in {currency}."})
    email = first.get("email", "").strip().lower()
    if email and (len(email) > 254 or not ADDRESS.fullmatch(email)):
        raise InvalidInput(fields={"email": "This is no e-mail address."})
    country = first.get("country", "").strip().upper()
    if country and country not in known_codes():
        raise InvalidInput(fields={"country": "Write the country as two letters, like DE."})
    total = read.amount(first, "total", "The total", currency)
    shipping, discount, tax = (
        read.amount(first, name, label, currency, required=False)
        for name, label in (("shipping", "Shipping"), ("discount", "The discount"), ("tax", "The tax"))
    )
    lines = tuple(_line(line, variants, currency) for line in group if _has_goods(line))
    if not lines:
        lines = (DraftLine(None, None, "Imported order", "", "", 1, max(0, total - shipping + abs(discount))),)
        tax = 0 if tax > total else tax
    goods = sum(line.total_minor for line in lines)
    discount = abs(discount)
    included = total == goods + shipping - discount
    if not included and total != goods + shipping - discount + tax:
        raise InvalidInput(fields={"total": "Its lines, shipping, discount and tax do not add up to the total."})
    kinds = (("shipping", "Shipping", shipping), ("tax", "Tax", tax), ("discount", "Discount", -discount))
    adjustments = [
        DraftAdjustment(kind, label, minor, included=kind == "tax" and included, source="import")
        for kind, label, minor in kinds
        if minor
    ]
    address = {
        "name": one_line(first.get("ship_name", "") or first.get("customer_name", ""), 200), "country": country,
        **{name: one_line(first.get(name, ""), 200) for name in ("line1", "line2", "city", "state", "postal_code")},
    }  # fmt: skip
    draft = OrderDraft(
        currency=currency,
        lines=lines,
        adjustments=tuple(adjustments),
        tax_included=included,
        channel="import",
        note=one_line(first.get("note", ""), 1000),
    )
    name = one_line(first.get("customer_name", "") or first.get("ship_name", ""), 200)
    buyer = Buyer(email=email, name=name, phone=one_line(first.get("phone", ""), 40), ship_to=address, bill_to=address)
    return draft, buyer, _moment(first.get("placed_at", ""))


def _has_goods(line: Line) -> bool:
    return bool(line.cells.get("line_title") or line.cells.get("line_sku") or line.cells.get("line_price"))


def _line(line: Line, variants: dict[str, Variant], currency: str) -> DraftLine:
    cells = line.cells
    quantity = read.whole(
        {"line_quantity": cells.get("line_quantity", "") or "1"}, "line_quantity", "The quantity", 1, 99_999
    )
    variant = variants.get(cells.get("line_sku", ""))
    return DraftLine(
        product_id=variant.product_id if variant is not None else None,
        variant_id=variant.id if variant is not None else None,
        title=one_line(cells.get("line_title", ""), 300)
        or one_line(cells.get("line_sku", ""), 120)
        or "Without a name",
        variant_title="",
        sku=one_line(cells.get("line_sku", ""), 120),
        quantity=quantity,
        unit_minor=read.amount(cells, "line_price", "The price", currency, required=False),
        printable={"handed_over": True},
    )


def _moment(raw: str) -> datetime:
    """Without a zone it is UTC. Raises InvalidInput."""
    raw = raw.strip()
    if not raw:
        raise InvalidInput(fields={"placed_at": "There is no date."})
    found = None
    try:
        found = datetime.fromisoformat(raw)
    except ValueError:
        for form in _FORMATS:
            try:
                found = datetime.strptime(raw, form)
                break
            except ValueError:
                continue
    if found is None or not found.year >= 1990 or (found.replace(tzinfo=found.tzinfo or UTC) > clock.now()):
        raise InvalidInput(fields={"placed_at": "This is no date of the past. Write it like 2026-08-31 14:05."})
    return found.replace(tzinfo=found.tzinfo or UTC)


def _keep(
    session: Session, group: list[Line], key: str, draft: OrderDraft, buyer: Buyer, placed_at: datetime, given: Given
) -> None:
    """Nothing is announced: what happened long ago is no news to anybody."""
    first: dict[str, Any] = group[0].cells
    customer_id = remember_customer(session, buyer.email, buyer.name, "en", buyer.phone)
    who = Buyer(buyer.email, buyer.name, buyer.phone, buyer.ship_to, buyer.bill_to, customer_id)
    order, is_new = place_order(session, draft, who, source_key=key)
    if not is_new:
        return
    order.placed_at, order.archived_at, order.letters_elsewhere = placed_at, clock.now(), True
    order.tags = ["Imported"]
    number = str(first.get("number", "")).strip()[:100]
    tell(session, order, "channel", who=given.who, why=f"Imported as {number}, line {group[0].number} of {given.file}")
    if order.total_minor and str(first.get("paid", "")).strip().casefold() not in UNPAID:
        session.add(
            Payment(
                order_id=order.id,
                gateway=CHANNEL,
                external_id=order.source_key,
                status="paid",
                amount_minor=order.total_minor,
                currency=order.currency,
                method="Paid elsewhere (imported)",
            )
        )
        session.flush()
        set_payment_status(session, order, sum_payments(session, order.id).status, why="Imported", who=given.who)
    move_fulfilment(session, order, "delivered", why="A past order: nothing is made", who=given.who)
    move_order(session, order, "completed", why="Imported", who=given.who)
