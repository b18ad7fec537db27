"""What each line of theirs is here: by the link between the two, else by the one SKU; what is open, a person decides.

No line is dropped: what takes off becomes an amount, what is of none stays told, what is unknown waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.models import Product, Variant
from shop.channels.ordering.models import ChannelOrderLine
from shop.channels.syncing.models import ChannelLink

_BY_A_PERSON = ("chosen", "by_hand", "ignored")


def match_lines(session: Session, connection_id: int, lines: Sequence[ChannelOrderLine]) -> None:
    """Set `how`, `variant_id` and `why` of each; what a person chose stays, while it is there. Three statements."""
    links = _linked(session, connection_id, {line.variant_external_id for line in lines} - {""})
    skus = _by_sku(session, {line.sku for line in lines} - {""})
    chosen = _alive(session, {line.variant_id for line in lines if line.how == "chosen" and line.variant_id})
    for line in lines:
        if line.how == "chosen" and line.variant_id not in chosen:
            line.how, line.variant_id = "", None
        if line.how not in _BY_A_PERSON:
            line.how, line.variant_id, line.why = _match(line, links, skus)


def _match(line: ChannelOrderLine, links: dict[str, int], skus: dict[str, list[int]]) -> tuple[str, int | None, str]:
    if line.quantity == 0:
        return "nothing", None, "Of none: nothing to make."
    if line.quantity < 0:
        return "open", None, "A negative quantity: look at the order there, then ignore this line or make it by hand."
    if line.unit_minor < 0:
        return "amount", None, "An amount that is taken off."
    if line.is_gift_card:
        return "gift_card", None, "A gift card, which they send themselves."
    if line.variant_external_id in links:
        return "linked", links[line.variant_external_id], ""
    found = skus.get(line.sku, [])
    if len(found) == 1:
        return "sku", found[0], ""
    if len(found) > 1:
        return "open", None, f"{len(found)} of our variants have the SKU {line.sku}."
    return "open", None, f"Nothing here has the SKU {line.sku}." if line.sku else "It has no SKU, and is not linked."


def _linked(session: Session, connection_id: int, external_ids: Iterable[str]) -> dict[str, int]:
    rows = session.execute(
        select(ChannelLink.external_id, Variant.id)
        .join(Variant, Variant.id == ChannelLink.our_id)
        .where(
            ChannelLink.connection_id == connection_id,
            ChannelLink.entity == "variant",
            ChannelLink.external_id.in_(list(external_ids)),
        )
    )
    return {str(row[0]): int(row[1]) for row in rows}


def _by_sku(session: Session, skus: Iterable[str]) -> dict[str, list[int]]:
    """Variants of products that are not archived; where all that have it are archived, those."""
    rows = session.execute(
        select(Variant.sku, Variant.id, Product.status)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.sku.in_(list(skus)))
        .order_by(Variant.id)
    ).all()
    alive: dict[str, list[int]] = {}
    every: dict[str, list[int]] = {}
    for sku, variant_id, status in rows:
        every.setdefault(sku, []).append(variant_id)
        if status != "archived":
            alive.setdefault(sku, []).append(variant_id)
    return {**every, **alive}


def _alive(session: Session, variant_ids: Iterable[int]) -> set[int]:
    return set(session.execute(select(Variant.id).where(Variant.id.in_(list(variant_ids)))).scalars())
