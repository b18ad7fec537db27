"""Orders as CSV, however many: read through a server-side cursor, written a thousand rows at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import aliased

from shop.core.money import exponent
from shop.orders.models import Order, OrderLine

ROWS_AT_ONCE = 1_000
BOM = "\ufeff"
#: what a spreadsheet takes for the beginning of a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_ADDRESS = ("name", "line1", "line2", "city", "state", "postal_code", "country")
_MONEY = ("subtotal_minor", "discount_minor", "shipping_minor", "tax_minor", "total_minor")
ORDER_HEAD = (
    "Order", "Placed (UTC)", "Status", "Payment", "Printing", "Channel", "Customer", "E-mail", "Phone", "Ship to name",
    "Street", "Second line", "Town", "State", "Postal code", "Country", "Shipping method", "Currency", "Subtotal",
    "Discount", "Shipping", "Tax", "Total", "Items", "Tags", "Note", "Archived (UTC)", "Test",
    "Store currency", "Rate", "Total in store currency",
)  # fmt: skip
LINE_HEAD = ("Product", "Variant", "SKU", "Quantity", "Unit price", "Line total", "Line tax", "Unit cost")


def stream_csv(engine: Engine, matching: Select[Any], *, by_line: bool, bom: bool) -> Iterator[bytes]:
    """CSV (RFC 4180, UTF-8) of the orders that `matching` (a query of orders) finds, oldest first; one row an order,
    or one row a line.

    A connection and its snapshot are held until the end, or until the reader goes away. Memory does not grow with the
    number of rows.
    """
    held = io.StringIO()
    writer = csv.writer(held)
    held.write(BOM if bom else "")
    writer.writerow(ORDER_HEAD + (LINE_HEAD if by_line else ()))
    yield _taken(held)
    query = _query(matching, by_line).execution_options(yield_per=ROWS_AT_ONCE)
    with engine.connect() as connection:
        for rows in connection.execution_options(stream_results=True).execute(query).partitions():
            writer.writerows(_cells(row, by_line) for row in rows)
            yield _taken(held)


def _taken(held: io.StringIO) -> bytes:
    text = held.getvalue()
    held.seek(0)
    held.truncate()
    return text.encode("utf-8", "replace")


def _query(matching: Select[Any], by_line: bool) -> Select[Any]:
    every = aliased(OrderLine)
    items = select(func.coalesce(func.sum(every.quantity), 0)).where(every.order_id == Order.id)
    columns: list[Any] = [
        Order.number, Order.placed_at, Order.status, Order.payment_status, Order.fulfilment_status, Order.channel,
        Order.customer_name, Order.email, Order.phone, Order.ship_to, Order.shipping_method, Order.currency,
        *(getattr(Order, name) for name in _MONEY), items.scalar_subquery(), Order.tags, Order.note, Order.archived_at,
        Order.is_test, Order.store_currency, Order.rate, Order.store_total_minor,
    ]  # fmt: skip
    if by_line:
        columns += [
            OrderLine.title, OrderLine.variant_title, OrderLine.sku, OrderLine.quantity, OrderLine.unit_minor,
            OrderLine.total_minor, OrderLine.tax_minor, OrderLine.unit_cost_minor,
        ]  # fmt: skip
        matching = matching.join(OrderLine, OrderLine.order_id == Order.id)
        return matching.with_only_columns(*columns, maintain_column_froms=True).order_by(Order.id, OrderLine.id)
    return matching.with_only_columns(*columns, maintain_column_froms=True).order_by(Order.id)


def _cells(row: Sequence[Any], by_line: bool) -> list[Any]:
    (number, placed, status, payment, printing, channel, name, email, phone, to, method, currency) = row[:12]
    places = exponent(currency)
    items, tags, note, archived, is_test = row[17:22]
    store, rate, store_total = row[22] or currency, row[23], row[24]
    cells = [
        number, _time(placed), status, payment, printing, safe(channel), safe(name), safe(email), safe(phone),
        *(safe(str(to.get(part) or "")) for part in _ADDRESS), method, currency,
        *(_amount(minor, places) for minor in row[12:17]), items, safe(", ".join(tags)), safe(note), _time(archived),
        "yes" if is_test else "", store, f"{rate.normalize():f}", _amount(store_total, exponent(store)),
    ]  # fmt: skip
    if by_line:
        title, variant, sku, quantity, unit, total, tax, cost = row[25:33]
        cells += [
            safe(title),
            safe(variant),
            safe(sku),
            quantity,
            *(_amount(m, places) for m in (unit, total, tax, cost)),
        ]
    return cells


def safe(text: str) -> str:
    """What a spreadsheet would run as a formula is shown as text: an apostrophe stands before it."""
    return "'" + text if text.startswith(_FORMULA) else text.replace("\0", "")


def _amount(minor: int, places: int) -> str:
    if places == 2 and minor >= 0:
        return f"{minor // 100}.{minor % 100:02d}"
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
