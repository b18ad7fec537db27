"""Saved views: a name for what a list was asked for. They are the store's, so that staff speak of the same lists."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.models import SavedView
from shop.errors import InvalidInput

MOST_VIEWS = 20  # for each list
LONGEST_NAME, LONGEST_QUERY = 40, 1000


def list_views(session: Session, page: str) -> list[SavedView]:
    found = session.execute(select(SavedView).where(SavedView.page == page).order_by(SavedView.id).limit(MOST_VIEWS))
    return list(found.scalars())


def save_view(session: Session, page: str, name: str, query: str) -> None:
    """Saving under a name that is there replaces it. Raises InvalidInput. The caller commits."""
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not name:
        raise InvalidInput(fields={"name": "Give the view a name."})
    if len(name) > LONGEST_NAME:
        raise InvalidInput(fields={"name": f"At most {LONGEST_NAME} characters."})
    if not query or len(query) > LONGEST_QUERY:
        raise InvalidInput(fields={"name": "Search or filter first: a view keeps what the list was asked for."})
    others = select(func.count()).where(SavedView.page == page, SavedView.name != name)
    if session.execute(others).scalar_one() >= MOST_VIEWS:
        raise InvalidInput(fields={"name": f"There are {MOST_VIEWS} views already. Delete one first."})
    row = insert(SavedView).values(page=page, name=name, query=query)
    session.execute(row.on_conflict_do_update(index_elements=["page", "name"], set_={"query": query}))


def delete_view(session: Session, page: str, view_id: int) -> bool:
    """Whether there was one. The caller commits."""
    asked = delete(SavedView).where(SavedView.id == view_id, SavedView.page == page).returning(SavedView.id)
    return session.execute(asked).first() is not None
