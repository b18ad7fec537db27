"""The header's and the footer's menu: items in order, one level below. The caller commits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.catalog.models import Collection, Product
from shop.content.links import check_link
from shop.content.models import ContentPage, MenuItem
from shop.errors import InvalidInput, NotFound
from shop.tenancy.profile import touch_settings

MENUS = {"header": "Header", "footer": "Footer"}
MOST_ITEMS = 60
_OURS = re.compile(r"/(collections|pages|products)/([A-Za-z0-9-]{1,160})/?")
_KIND_OF = {"collections": "collection", "pages": "page", "products": "product"}
_MODELS: dict[str, type[Collection | ContentPage | Product]] = {
    "collection": Collection,
    "page": ContentPage,
    "product": Product,
}


@dataclass(frozen=True)
class Target:
    """Where an item leads."""

    kind: str
    target_id: int | None = None
    url: str = ""


def list_items(session: Session, menu: str) -> list[MenuItem]:
    """Every item of the menu, parents and children, in order."""
    wanted = select(MenuItem).where(MenuItem.menu == menu).order_by(MenuItem.position, MenuItem.id)
    return list(session.execute(wanted).scalars())


def get_item(session: Session, item_id: int) -> MenuItem:
    found = session.execute(select(MenuItem).where(MenuItem.id == item_id).with_for_update()).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such menu item.")
    return found


def read_target(session: Session, typed: str) -> Target:
    """Where an item leads, from an address; /collections/…, /pages/… and /products/… are followed when renamed.

    Raises InvalidInput (field "target") for what is not there.
    """
    found = _OURS.fullmatch(typed)
    if found is None:
        return Target("url", url=check_link(typed, "target"))
    kind, slug = _KIND_OF[found[1]], found[2]
    model = _MODELS[kind]
    target_id = session.execute(select(model.id).where(model.slug == slug)).scalar()
    if target_id is None:
        raise InvalidInput(fields={"target": f"There is no {kind} with the address “{slug[:80]}”."})
    return Target(kind, target_id)


def addresses(session: Session, items: list[MenuItem]) -> dict[int, tuple[str, str]]:
    """{item's id: (its address, its target's title)}; an item whose target is gone is left out. At most three
    statements."""
    found = {i.id: (i.url, "") for i in items if i.kind == "url"}
    for place, kind in _KIND_OF.items():
        ids = {i.target_id for i in items if i.kind == kind}
        if not ids:
            continue
        model = _MODELS[kind]
        rows = {r[0]: r for r in session.execute(select(model.id, model.slug, model.title).where(model.id.in_(ids)))}
        for item in items:
            if item.kind == kind and item.target_id in rows:
                row = rows[item.target_id]
                found[item.id] = (f"/{place}/{row[1]}", row[2])
    return found


def add_item(session: Session, menu: str, target: Target, title: str, parent_id: int | None) -> MenuItem:
    """At the end of its menu or of its parent. Raises InvalidInput for a parent that cannot be one."""
    count, last = session.execute(
        select(func.count(), func.max(MenuItem.position)).where(MenuItem.menu == menu)
    ).one()
    if count >= MOST_ITEMS:
        raise InvalidInput(fields={"target": f"A menu has at most {MOST_ITEMS} items."})
    check_parent(session, menu, parent_id, None)
    item = MenuItem(
        menu=menu, parent_id=parent_id, position=(last or 0) + 1, kind=target.kind, target_id=target.target_id,
        url=target.url, title=title, translations={},
    )  # fmt: skip
    session.add(item)
    touch_settings(session)
    return item


def check_parent(session: Session, menu: str, parent_id: int | None, item: MenuItem | None) -> None:
    """A parent stands on the first level of the same menu, and what has items below it stays there."""
    if parent_id is None:
        return
    wanted = select(MenuItem).where(MenuItem.id == parent_id, MenuItem.menu == menu)
    parent = session.execute(wanted).scalar_one_or_none()
    if parent is None or parent.parent_id is not None or (item is not None and parent.id == item.id):
        raise InvalidInput(fields={"parent": "Choose an item of the first level."})
    if item is not None and session.execute(select(MenuItem.id).where(MenuItem.parent_id == item.id)).first():
        raise InvalidInput(fields={"parent": "This item has others below it, so it stays on the first level."})


def move_item(session: Session, item_id: int, step: int) -> MenuItem:
    """One place up (-1) or down (1) among its neighbours."""
    item = get_item(session, item_id)
    items = list_items(session, item.menu)
    neighbours = [i for i in items if i.parent_id == item.parent_id]
    at = neighbours.index(item)
    to = min(max(at + step, 0), len(neighbours) - 1)
    neighbours.insert(to, neighbours.pop(at))
    for position, one in enumerate(neighbours):
        if one.position != position:
            one.position = position
    touch_settings(session)
    return item


def delete_item(session: Session, item_id: int) -> MenuItem:
    """With everything below it."""
    item = get_item(session, item_id)
    session.delete(item)
    touch_settings(session)
    return item


def fill_menu(session: Session, menu: str, targets: Iterable[Target]) -> int:
    """Give an empty menu these items: how many there are now. A menu that has items keeps them."""
    if session.execute(select(MenuItem.id).where(MenuItem.menu == menu).limit(1)).first() is not None:
        return 0
    items = [
        MenuItem(menu=menu, position=n, kind=t.kind, target_id=t.target_id, url=t.url, title="", translations={})
        for n, t in enumerate(targets)
    ]
    session.add_all(items)
    touch_settings(session)
    return len(items)


def empty_menu(session: Session, menu: str) -> None:
    """Back to the menu that makes itself."""
    for item in list_items(session, menu):
        if item.parent_id is None:
            session.delete(item)
    touch_settings(session)
