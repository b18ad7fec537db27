"""Print something else than was ordered: another size, another colour, another product. Before it is submitted.

What was paid stays what was paid: the line keeps its price, and the story tells the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.models import Product, Variant
from shop.core.transaction import run_in_transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.fulfilment.changing import check_unsent, is_over, shut_out
from shop.fulfilment.models import FulfilmentLine, FulfilmentOrder
from shop.orders.models import OrderLine
from shop.orders.statuses import lock_order, tell
from shop.tenancy.profile import current_profile
from shop.workflows.letter_facts import money
from shop.workflows.stop_fulfilment import lock_rows


@dataclass(frozen=True)
class Swapped:
    """`difference_minor`: what all of the line would cost more (or less, negative) today; None in another currency."""

    name: str
    difference_minor: int | None


def swap_variant(order_id: int, line_id: int, variant_id: int, *, shown: int | None, why: str, who: str) -> Swapped:
    """`shown`: the variant the form was filled with. Raises Conflict when the line is another one by now or a worker
    has it, IllegalMove when the provider has it, InvalidInput for a variant that cannot be had, NotFound."""

    def work(session: Session) -> Swapped:
        order = lock_order(session, order_id)
        rows = {w.id: w for w in lock_rows(session, order_id) if not is_over(w)}
        line = session.execute(
            select(OrderLine).where(OrderLine.id == line_id, OrderLine.order_id == order_id).with_for_update()
        ).scalar_one_or_none()
        if line is None:
            raise NotFound("This order has no such line.")
        if line.variant_id != shown:
            raise Conflict("This line was changed meanwhile. Look at it and choose again.")
        product, variant = _wanted(session, variant_id)
        if variant.id == line.variant_id:
            raise InvalidInput(fields={"variant": "That is what is printed already. Choose another."})
        parts = _parts(session, line, rows)
        before, paid = f"{line.title} ({line.variant_title})", line.unit_minor
        _write(line, product, variant)
        for part, row in parts:
            part.title, part.sku = f"{line.title} ({line.variant_title})", line.sku
            part.product_id, part.variant_id = product.external_id, variant.external_id
            shut_out(row)
        difference = None
        if order.currency == current_profile().currency:
            difference = (variant.price_minor - paid) * line.quantity
        name = f"{line.title} ({line.variant_title})"
        told = f"{line.quantity} × {before} → {name}. {_told(order, difference)} {why}".strip()
        tell(session, order, "swap", who=who, why=told, line_id=line.id, difference_minor=difference)
        session.flush()
        return Swapped(name, difference)

    return run_in_transaction(work)


def _parts(
    session: Session, line: OrderLine, rows: dict[int, FulfilmentOrder]
) -> list[tuple[FulfilmentLine, FulfilmentOrder]]:
    """Every living part that makes some of the line; all of them must be unsent."""
    found = session.execute(
        select(FulfilmentLine).where(
            FulfilmentLine.order_line_id == line.id, FulfilmentLine.fulfilment_order_id.in_(list(rows))
        )
    ).scalars()
    parts = [(part, rows[part.fulfilment_order_id]) for part in found]
    for _, row in parts:
        check_unsent(row)
    return parts


def _wanted(session: Session, variant_id: int) -> tuple[Product, Variant]:
    found = session.execute(
        select(Product, Variant).join(Variant, Variant.product_id == Product.id).where(Variant.id == variant_id)
    ).first()
    if found is None:
        raise NotFound("There is no such variant.")
    product, variant = found
    if not variant.is_available or product.status == "archived" or not product.external_id:
        raise InvalidInput(fields={"variant": "This one cannot be printed now. Choose another."})
    return product, variant


def _write(line: OrderLine, product: Product, variant: Variant) -> None:
    """The thing changes, its price does not."""
    line.product_id, line.variant_id = product.id, variant.id
    line.title, line.variant_title, line.sku = product.title, variant.title, variant.sku
    line.unit_cost_minor = variant.cost_minor
    line.printable = {
        "product_id": product.external_id,
        "variant_id": variant.external_id,
        "blueprint_id": product.blueprint_id,
        "print_provider_id": product.print_provider_id,
    }
    picture: dict[str, Any] = (product.card or {}).get("image") or {}
    line.image = {k: picture[k] for k in ("src", "width", "height", "alt", "colour") if k in picture}


def _told(order: Any, difference: int | None) -> str:
    if difference is None:
        return "Nothing was charged or given back."
    if not difference:
        return "It costs the same."
    more = "more" if difference > 0 else "less"
    return f"It costs {money(order, abs(difference))} {more} today; nothing was charged or given back."
