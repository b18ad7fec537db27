"""The header's and the footer's menu. A menu that nobody made makes itself; it is copied before it is changed."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import one_at_a_time, press
from shop.admin.blueprint import bp
from shop.admin.content.languages import chosen_language
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import every
from shop.admin.stale import marks_of, meet
from shop.catalog.models import Collection
from shop.content import menus as domain
from shop.content.menus import MENUS, MOST_ITEMS, Target
from shop.content.models import ContentPage, MenuItem
from shop.content.speaking import with_texts
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.profile import touch_settings

LABELS = {"target": "Leads to", "title": "Title", "parent": "Below"}
COPIED = 12


@bp.get("/content/menus/<menu>")
@staff_only()
def menu(menu: str) -> Response:
    return _page(_checked(menu))


@bp.post("/content/menus/<menu>/items")
@staff_only(May.CONTENT)
def add_menu_item(menu: str) -> Response | BaseResponse:
    _checked(menu)
    form = request.form
    try:
        with transaction() as session:
            target, title, parent = _read(session, form)
            domain.add_item(session, menu, target, title, parent)
    except InvalidInput as error:
        return _page(menu, status=422, errors=error.fields, typed=form)
    flash("Added. The shop shows it within a second.", "good")
    return redirect(url_for("admin.menu", menu=menu), 303)


@bp.post("/content/menus/<menu>/own")
@staff_only(May.CONTENT)
def own_menu(menu: str) -> BaseResponse:
    """Write down what makes itself, so that it can be changed. A repeat changes nothing."""
    _checked(menu)

    def work() -> str:
        with one_at_a_time("menu", menu), transaction() as session:
            count = domain.fill_menu(session, menu, _usual(session, menu))
        return f"It is yours now: {count} items." if count else "This menu is yours already."

    return press(work, done="", back=url_for("admin.menu", menu=menu))


@bp.post("/content/menus/<menu>/usual")
@staff_only(May.CONTENT)
def usual_menu(menu: str) -> BaseResponse:
    """Delete every item: the menu makes itself again."""
    _checked(menu)

    def work() -> None:
        with transaction() as session:
            domain.empty_menu(session, menu)

    return press(work, done="The menu makes itself again.", back=url_for("admin.menu", menu=menu))


@bp.get("/content/menu-items/<int:item_id>")
@staff_only()
def menu_item(item_id: int) -> Response:
    session = db.session()
    return _item_page(session, _get(session, item_id))


@bp.post("/content/menu-items/<int:item_id>")
@staff_only(May.CONTENT)
def save_menu_item(item_id: int) -> Response | BaseResponse:
    form, languages = request.form, chosen_language()
    item = _get(db.session(), item_id)
    typed = {name: form[name][:1000] for name in LABELS if name in form}
    try:
        with transaction() as session:
            item = domain.get_item(session, item_id)
            met = meet(_shown(session, item), typed, form.get("marks", ""))
            if not met.changed:
                _write(session, item, met.values)
    except InvalidInput as error:
        return _item_page(db.session(), _get(db.session(), item_id), typed, status=422, errors=error.fields)
    if met.changed:
        return _item_page(db.session(), _get(db.session(), item_id), met.values, status=409, changed=met.changed)
    flash("Saved. The shop shows it within a second.", "good")
    if languages.is_own:
        return redirect(url_for("admin.menu", menu=item.menu), 303)
    return redirect(url_for("admin.menu_item", item_id=item_id, lang=languages.now), 303)


@bp.post("/content/menu-items/<int:item_id>/move")
@staff_only(May.CONTENT)
def move_menu_item(item_id: int) -> BaseResponse:
    step = -1 if request.form.get("to") == "up" else 1
    where = _get(db.session(), item_id).menu

    def work() -> None:
        with transaction() as session:
            domain.move_item(session, item_id, step)

    return press(work, done="Moved.", back=url_for("admin.menu", menu=where))


@bp.post("/content/menu-items/<int:item_id>/delete")
@staff_only(May.CONTENT)
def delete_menu_item(item_id: int) -> BaseResponse:
    """Also what stands below it."""
    where = _get(db.session(), item_id).menu

    def work() -> None:
        with transaction() as session:
            domain.delete_item(session, item_id)

    return press(work, done="Removed from the menu.", back=url_for("admin.menu", menu=where))


def _checked(menu: str) -> str:
    if menu not in MENUS:
        raise NotFound("There is no such menu.")
    return menu


def _get(session: Session, item_id: int) -> MenuItem:
    item = session.get(MenuItem, item_id)
    if item is None:
        raise NotFound("There is no such menu item.")
    return item


def _usual(session: Session, menu: str) -> list[Target]:
    """What the storefront shows while nobody made the menu."""
    if menu == "header":
        wanted = select(Collection.id).where(Collection.is_shown).order_by(Collection.position, Collection.id)
        return [Target("collection", found) for found in session.execute(wanted.limit(COPIED)).scalars()]
    pages = select(ContentPage.id).where(ContentPage.in_footer, ContentPage.status == "published")
    ids = session.execute(pages.order_by(ContentPage.position, ContentPage.id).limit(MOST_ITEMS - 1)).scalars()
    return [*(Target("page", found) for found in ids), Target("url", url="/contact")]


def _read(session: Session, form: Mapping[str, str]) -> tuple[Target, str, int | None]:
    def parent() -> int | None:
        typed = form.get("parent", "")
        if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 18):
            raise InvalidInput(fields={"parent": "Choose an item of the first level."})
        return int(typed) if typed else None

    def target() -> Target:
        return domain.read_target(session, read.text(form, "target", "Where it leads", 500))

    found, title, below = every(
        [target, lambda: read.text(form, "title", "The title", 120, required=False), parent]
    )
    if found.kind == "url" and not title:
        raise InvalidInput(fields={"title": "Write a title: this address has none of its own."})
    return found, title, below


def _write(session: Session, item: MenuItem, values: Mapping[str, str]) -> None:
    languages = chosen_language()
    if not languages.is_own:
        title = read.text(values, "title", "The title", 120, required=False)
        item.translations = with_texts(item.translations, languages.now, {"title": title})
    else:
        target, title, parent = _read(session, values)
        domain.check_parent(session, item.menu, parent, item)
        item.kind, item.target_id, item.url = target.kind, target.target_id, target.url
        item.title, item.parent_id = title, parent
    touch_settings(session)


def _shown(session: Session, item: MenuItem) -> dict[str, str]:
    languages = chosen_language()
    if not languages.is_own:
        return {"title": str((item.translations.get(languages.now) or {}).get("title") or "")}
    url, _ = domain.addresses(session, [item]).get(item.id, ("", ""))
    return {"target": url, "title": item.title, "parent": str(item.parent_id or "")}


def _choices(session: Session) -> list[tuple[str, str]]:
    """Addresses that the form suggests: collections and pages."""
    shown = select(Collection.slug, Collection.title).order_by(Collection.position, Collection.id).limit(100)
    pages = select(ContentPage.slug, ContentPage.title).order_by(ContentPage.position, ContentPage.id).limit(100)
    return [
        *((f"/collections/{slug}", title) for slug, title in session.execute(shown)),
        *((f"/pages/{slug}", title) for slug, title in session.execute(pages)),
        ("/search", "Everything"), ("/contact", "Contact"), ("/orders/find", "Find your order"),
    ]  # fmt: skip


def _page(
    menu: str, *, status: int = 200, errors: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    session = db.session()
    items = domain.list_items(session, menu)
    places = domain.addresses(session, items)
    return render(
        "admin/content_menu.html",
        status=status,
        page_title=f"{MENUS[menu]} menu",
        part=menu,
        menu=menu,
        items=[i for i in items if i.parent_id is None],
        below={i.id: [c for c in items if c.parent_id == i.id] for i in items if i.parent_id is None},
        places=places,
        parents=[("", "First level"), *((str(i.id), _name(i, places)) for i in items if i.parent_id is None)],
        choices=_choices(session),
        errors=errors or {},
        typed=typed or {},
    )


def _item_page(
    session: Session,
    item: MenuItem,
    typed: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    changed: Mapping[str, str] | None = None,
) -> Response:
    values = _shown(session, item)
    firsts = [i for i in domain.list_items(session, item.menu) if i.parent_id is None and i.id != item.id]
    places = domain.addresses(session, [item, *firsts])
    return render(
        "admin/content_menu_item.html",
        status=status,
        page_title=_name(item, places),
        item=item,
        values={**values, **(typed or {})},
        marks=marks_of(values),
        languages=chosen_language(),
        parents=[("", "First level"), *((str(i.id), _name(i, places)) for i in firsts)],
        choices=_choices(session),
        errors=errors or {},
        changed={LABELS[name]: text for name, text in (changed or {}).items()},
    )


def _name(item: MenuItem, places: Mapping[int, tuple[str, str]]) -> str:
    url, title = places.get(item.id, ("", ""))
    return item.title or title or url or "No longer there"
