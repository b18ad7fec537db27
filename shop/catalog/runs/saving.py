"""One product's save, kept as a run: what it said before, so that it can say so again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.editing import Edited, ProductEdit
from shop.catalog.runs.fields import FIELDS
from shop.catalog.runs.keeping import add_items, open_run, recount
from shop.catalog.runs.looking import as_value
from shop.catalog.runs.models import ChangeItem, ChangeRun
from shop.catalog.runs.settling import Item
from shop.core import clock

LAST_SAVES = 10


@dataclass(frozen=True)
class Save:
    """One earlier save with its changes."""

    run: ChangeRun
    items: list[ChangeItem]

    @property
    def can_go_back(self) -> bool:
        return self.run.stage == "applied" and any(item.state == "done" for item in self.items)


def items_of_edit(found: Edited, edit: ProductEdit) -> list[Item]:
    """What an edit replaces; called before it is written."""
    product = found.product
    edited = set(product.edited_fields)
    items = [
        _done(product.id, 0, name, getattr(product, name), value, FIELDS[name].told in edited)
        for name, value in edit.columns.items()
    ]
    for variant in found.variants:
        if variant.id in edit.prices:
            price = edit.prices[variant.id]
            items.append(_done(product.id, variant.id, "price", variant.price_minor, price, variant.price_edited))
        if variant.id in edit.prices_before:
            before = edit.prices_before[variant.id]
            items.append(_done(product.id, variant.id, "compare_at", variant.compare_at_minor, before))
    items += [
        _done(product.id, image.id, "alt", image.alt, edit.alts[image.id])
        for image in found.images
        if image.id in edit.alts
    ]
    if edit.picture_order:
        was = [image.id for image in found.images]
        items.append(_done(product.id, 0, "images", was, edit.picture_order, "images" in edited))
    return items


def keep_save(session: Session, product_id: int, items: list[Item], who: str) -> None:
    """Write down a save that was made in this transaction."""
    run = open_run(session, "editor", "Product saved", who, "applied", product_id=product_id)
    add_items(session, run.id, items)
    run.finished_at = clock.now()
    run.total = run.progress = len(items)
    session.flush()
    recount(session, run.id)


def last_saves(session: Session, product_id: int) -> list[Save]:
    """Newest first; two statements."""
    runs = list(
        session.execute(
            select(ChangeRun).where(ChangeRun.product_id == product_id).order_by(ChangeRun.id.desc()).limit(LAST_SAVES)
        ).scalars()
    )
    if not runs:
        return []
    found: dict[int, list[ChangeItem]] = {run.id: [] for run in runs}
    for item in session.execute(
        select(ChangeItem).where(ChangeItem.run_id.in_(found)).order_by(ChangeItem.id)
    ).scalars():
        found[item.run_id].append(item)
    return [Save(run, found[run.id]) for run in runs if found[run.id]]


def _done(product_id: int, subject_id: int, field: str, before: Any, after: Any, was_own: bool = False) -> Item:
    old, new = (as_value(value) if isinstance(value, datetime) else value for value in (before, after))
    return Item(0, product_id, subject_id, field, old, new, 0, was_own, "done")
