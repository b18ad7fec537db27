"""Collections: what visitors browse by."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import url_for
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.api.v1.fields import LINE, NO_NUL, ChangedQuery, Query, Slug, given, tidy, utc
from shop.api.v1.listing import changed_within, created_within, page_of
from shop.api.v1.operation import Answer, Call, operation
from shop.api.v1.products import Tag, each_once
from shop.catalog import arranging, models
from shop.catalog.bulk import lock_catalog
from shop.catalog.html import MOST_CHARS_OUT, clean_html
from shop.catalog.naming import slugify
from shop.catalog.reading_printify import MOST_TAGS
from shop.core.transaction import transaction
from shop.errors import Conflict, NotFound
from shop.extensions import db

Title = Annotated[str, Meta(max_length=200, pattern=LINE)]
Description = Annotated[str, Meta(max_length=MOST_CHARS_OUT, pattern=NO_NUL)]
RuleTags = Annotated[
    list[Tag],
    Meta(max_length=MOST_TAGS, description="Products with any of these tags, or of this type, belong. Empty: by hand."),
]
Position = Annotated[int, Meta(ge=0, le=9999, description="The lowest number is first in menus.")]


class Collection(Struct, kw_only=True):
    id: int
    slug: str
    title: str
    description_html: str
    rule_tags: list[str]
    position: int
    is_shown: bool
    product_count: int
    created_at: datetime
    updated_at: datetime


class CollectionPage(Struct):
    data: list[Collection]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


class CollectionQuery(ChangedQuery, kw_only=True):
    slug: Slug | UnsetType = UNSET


class NewCollection(Struct, forbid_unknown_fields=True, kw_only=True):
    title: Title
    slug: Annotated[Slug, Meta(description="Left out: made from the title.")] | UnsetType = UNSET
    description_html: Description = ""
    rule_tags: RuleTags = []
    position: Position = 1
    is_shown: bool = True


class CollectionChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays as it is."""

    title: Title | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    description_html: Description | UnsetType = UNSET
    rule_tags: RuleTags | UnsetType = UNSET
    position: Position | UnsetType = UNSET
    is_shown: bool | UnsetType = UNSET


@operation("GET", "/collections", "products:read")
def list_collections(call: Call[CollectionQuery, None]) -> Answer[CollectionPage]:
    """Collections, newest first."""
    query = call.query
    chosen = select(models.Collection).where(*created_within(query, models.Collection.created_at))
    chosen = chosen.where(*changed_within(query, models.Collection.updated_at))
    if query.slug is not UNSET:
        chosen = chosen.where(models.Collection.slug == query.slug)
    rows, after, headers = page_of("collections", query, chosen, models.Collection.id, lambda row: row[0].id)
    counts = arranging.count_members(db.session(), [row[0].id for row in rows])
    shown = [show_collection(row[0], counts.get(row[0].id, 0)) for row in rows]
    return Answer(CollectionPage(shown, after), headers=headers)


@operation("GET", "/collections/<int:collection_id>", "products:read")
def get_collection(call: Call[Query, None], collection_id: int) -> Answer[Collection]:
    """One collection. What is in it: `GET /products?collection_id=…`."""
    return Answer(_show(db.session(), _find(db.session(), collection_id)))


@operation("POST", "/collections", "products:write", status=201, fails=("conflict",))
def create_collection(call: Call[Query, NewCollection]) -> Answer[Collection]:
    """A new collection. 409 when its address is taken."""
    body = call.body
    with transaction() as session:
        lock_catalog(session)
        slug = slugify(body.title) if body.slug is UNSET else body.slug
        columns = {
            **_columns(given(body, "title", "description_html", "rule_tags", "position", "is_shown")),
            "slug": _free(session, slug),
        }
        made = arranging.write_collection(session, None, columns)
        where = url_for("api.v1.get_collection", collection_id=made.id)
        return call.keep(session, Answer(_show(session, made, fresh=True), 201, {"Location": where}))


@operation(
    "PATCH", "/collections/<int:collection_id>", "products:write", versioned=True, fails=("conflict",)
)
def change_collection(call: Call[Query, CollectionChange], collection_id: int) -> Answer[Collection]:
    """Change a collection. 409 when another one has the address."""
    with transaction() as session:
        found = _find(session, collection_id, to_change=True)
        call.must_match(_show(session, found))
        names = ("title", "slug", "description_html", "rule_tags", "position", "is_shown")
        wanted = _columns(given(call.body, *names))
        columns = {name: value for name, value in wanted.items() if getattr(found, name) != value}
        if "slug" in columns:
            _free(session, columns["slug"], but_by=collection_id)
        if columns:
            arranging.write_collection(session, found, columns)
        return call.keep(session, Answer(_show(session, found)))


@operation("DELETE", "/collections/<int:collection_id>", "products:write", versioned=True)
def delete_collection(call: Call[Query, None], collection_id: int) -> Answer[None]:
    """Delete a collection. Its products stay as they are."""
    with transaction() as session:
        found = _find(session, collection_id, to_change=True)
        call.must_match(_show(session, found))
        arranging.delete_collection(session, found)
        return call.keep(session, Answer[None](None))


@operation("PUT", "/collections/<int:collection_id>/products/<int:product_id>", "products:write")
def add_to_collection(call: Call[Query, None], collection_id: int, product_id: int) -> Answer[Collection]:
    """Put a product in by hand. It stays, whatever the rule says. A repeat changes nothing."""
    with transaction() as session:
        found = _find(session, collection_id, to_change=True)
        if not arranging.add_by_hand(session, collection_id, product_id):
            raise NotFound("There is no such product.")
        return call.keep(session, Answer(_show(session, found)))


@operation("DELETE", "/collections/<int:collection_id>/products/<int:product_id>", "products:write")
def remove_from_collection(call: Call[Query, None], collection_id: int, product_id: int) -> Answer[None]:
    """Take out a product that was put in by hand; the rule may keep it. 404 when it was not put in by hand."""
    with transaction() as session:
        _find(session, collection_id, to_change=True)
        if not arranging.remove_by_hand(session, collection_id, product_id):
            raise NotFound("This product was not put in by hand.")
        return call.keep(session, Answer[None](None))


def _columns(sent: dict[str, Any]) -> dict[str, Any]:
    columns = dict(sent)
    if "title" in columns:
        columns["title"] = tidy(columns["title"])
    if "description_html" in columns:
        columns["description_html"] = clean_html(columns["description_html"])
    if "rule_tags" in columns:
        columns["rule_tags"] = each_once(columns["rule_tags"])
    return columns


def _free(session: Session, slug: str, but_by: int | None = None) -> str:
    if arranging.slug_is_taken(session, slug, but_by):
        raise Conflict(f"Another collection has the address {slug} already.")
    return slug


def _find(session: Session, collection_id: int, to_change: bool = False) -> models.Collection:
    found = arranging.find_collection(session, collection_id, to_change)
    if found is None:
        raise NotFound("There is no such collection.")
    return found


def _show(session: Session, found: models.Collection, fresh: bool = False) -> Collection:
    if fresh:
        session.refresh(found)
    return show_collection(found, arranging.count_members(session, [found.id]).get(found.id, 0))


def show_collection(found: models.Collection, product_count: int) -> Collection:
    return Collection(
        id=found.id,
        slug=found.slug,
        title=found.title,
        description_html=found.description_html,
        rule_tags=list(found.rule_tags),
        position=found.position,
        is_shown=found.is_shown,
        product_count=product_count,
        created_at=utc(found.created_at),
        updated_at=utc(found.updated_at),
    )
