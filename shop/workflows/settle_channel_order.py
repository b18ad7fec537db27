"""A person decides about an order of a platform: what a line is, that it is placed after all, or not at all."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from shop.catalog.models import Product, Variant
from shop.channels.ordering.judging import OLD, PAID, SHIPPED
from shop.channels.ordering.matching import match_lines
from shop.channels.ordering.models import ChannelOrder, ChannelOrderLine
from shop.channels.syncing.linking import link, links_by_ours
from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import run_in_transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.workflows.channel_orders import pull_order

PLACED = "This order is placed already. Change it on its own page."
DECISIONS = ("by_hand", "ignored")


def find_row(session: Session, row_id: int, *, to_change: bool = False) -> ChannelOrder:
    """Raises NotFound. `to_change` holds it until the commit."""
    query = select(ChannelOrder).where(ChannelOrder.id == row_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such order.")
    return found


def choose_variant(row_id: int, line_id: int, variant_id: int, *, remember: bool, who: str) -> bool:
    """The line is this variant of ours; with `remember`, so is every later one of the same thing there. Returns whether
    nothing is open any more: then the order goes on. Raises NotFound, Conflict, InvalidInput. A repeat changes nothing.
    """

    def work(session: Session) -> bool:
        row, line = _open_line(session, row_id, line_id)
        variant = session.get(Variant, variant_id)
        if variant is None:
            raise InvalidInput(fields={"variant": "Choose one of your variants."})
        line.how, line.variant_id, line.why, line.who = "chosen", variant.id, "", who[:254]
        if remember and line.variant_external_id:
            _remember(session, row.connection_id, line.variant_external_id, variant)
        return _go_on(session, row)

    return run_in_transaction(work)


def decide_line(row_id: int, line_id: int, how: str, why: str, *, who: str) -> bool:
    """`how`: by_hand (made and sent by the merchant) | ignored (not made at all; `why` is needed). Else as
    `choose_variant`."""
    if how not in DECISIONS:
        raise InvalidInput(fields={"do": "Choose what is to become of it."})
    if how == "ignored" and not why:
        raise InvalidInput(fields={"why": "Say why nothing is made of it: it stands in the order’s story."})

    def work(session: Session) -> bool:
        row, line = _open_line(session, row_id, line_id)
        line.how, line.variant_id, line.why, line.who = how, None, why[:1000], who[:254]
        return _go_on(session, row)

    return run_in_transaction(work)


def allow(row_id: int, what: str, *, who: str) -> None:
    """`what`: old | paid | shipped, as the page asked. It is placed, if nothing else is in the way. A repeat changes
    nothing."""
    if what not in (OLD, PAID, SHIPPED):
        raise InvalidInput(fields={"allow": "Choose what is to be allowed."})

    def work(session: Session) -> None:
        row = _open_row(session, row_id)
        row.allowed = sorted({*row.allowed, what})
        row.why = f"{who} asked for it to be placed."
        if row.state in ("ignored", "waiting", "held"):
            row.state = "new"
        _make_due(session, row)

    run_in_transaction(work)


def leave_out(row_id: int, why: str, *, who: str) -> None:
    """Nothing becomes of it here; it can be taken up again. A repeat changes nothing."""
    if not why:
        raise InvalidInput(fields={"why": "Say why it is left out."})

    def work(session: Session) -> None:
        row = _open_row(session, row_id)
        row.state, row.why = "ignored", f"{why[:1000]} ({who})"
        row.work_state, row.finished_at, row.error_kind, row.error_text = "done", clock.now(), None, None
        row.fence += 1

    run_in_transaction(work)


def try_again(row_id: int) -> str:
    """Read it there once more, and take it on its way. Returns what was read (see pull_order). Raises OutsideError
    kinds."""

    def look(session: Session) -> tuple[int, str]:
        row = find_row(session, row_id)
        return row.connection_id, row.external_id

    read = pull_order(*run_in_transaction(look))

    def go(session: Session) -> None:
        row = find_row(session, row_id, to_change=True)
        if row.order_id is None and row.state != "ours" and read != "gone":
            _make_due(session, row)

    run_in_transaction(go)
    return read


def mark_seen(row_id: int) -> None:
    """What happened there was looked at. A repeat does nothing."""

    def work(session: Session) -> None:
        find_row(session, row_id, to_change=True).attention = ""

    run_in_transaction(work)


def _open_row(session: Session, row_id: int) -> ChannelOrder:
    row = find_row(session, row_id, to_change=True)
    if row.order_id is not None:
        raise Conflict(PLACED)
    if row.state in ("ours", "cancelled"):
        raise Conflict("Nothing is to be made of this order: it is over.")
    return row


def _open_line(session: Session, row_id: int, line_id: int) -> tuple[ChannelOrder, ChannelOrderLine]:
    row = _open_row(session, row_id)
    line = session.execute(
        select(ChannelOrderLine).where(ChannelOrderLine.id == line_id, ChannelOrderLine.channel_order_id == row.id)
    ).scalar_one_or_none()
    if line is None:
        raise NotFound("This line is not in the order any more. Look at it again.")
    return row, line


def _go_on(session: Session, row: ChannelOrder) -> bool:
    session.flush()
    lines = session.execute(select(ChannelOrderLine).where(ChannelOrderLine.channel_order_id == row.id)).scalars().all()
    match_lines(session, row.connection_id, lines)
    is_settled = all(line.how != "open" for line in lines)
    if is_settled:
        row.state, row.why = "new", ""
        _make_due(session, row)
    return is_settled


def _make_due(session: Session, row: ChannelOrder) -> None:
    row.work_state, row.due_at, row.attempts, row.finished_at = "due", clock.now(), 0, None
    row.error_kind = row.error_text = row.lease_until = None
    row.fence += 1
    enqueue_after_commit(session, JobName.DRAIN_CHANNEL_ORDERS)


def _remember(session: Session, connection_id: int, external_id: str, variant: Variant) -> None:
    """As a link between the two, below its product's where that is linked. One that stands already stays."""
    parents = links_by_ours(session, connection_id, "product", [variant.product_id])
    parent = parents.get(variant.product_id)
    link(session, connection_id, "variant", variant.id, external_id, parent_id=parent.id if parent else None)


def find_variants(session: Session, words: str, limit: int = 12) -> list[tuple[int, str, str]]:
    """(id, title, SKU) of ours that fit: by SKU from its beginning, or by words of the product's title."""
    words = " ".join(words.replace("\x00", "").split())[:100]
    if not words:
        return []
    query = (
        select(Variant.id, Product.title, Variant.title, Variant.sku)
        .join(Product, Product.id == Variant.product_id)
        .where(
            Product.status != "archived",
            or_(Variant.sku.startswith(words, autoescape=True), Product.title.icontains(words, autoescape=True)),
        )
        .order_by((Variant.sku == words).desc(), Product.title, Variant.position, Variant.id)
        .limit(limit)
    )
    return [(row[0], f"{row[1]} ({row[2]})" if row[2] else row[1], row[3]) for row in session.execute(query)]
