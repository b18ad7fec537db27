"""Collections as a merchant arranges them: what is saved, who belongs by hand, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from shop.catalog.addresses import COLLECTION, forget_addresses, keep_old_address
from shop.catalog.bulk import lock_catalog
from shop.catalog.collecting import place_all, place_in_collections
from shop.catalog.models import Collection, CollectionProduct
from shop.tenancy.profile import touch_catalog


def find_collection(session: Session, collection_id: int, to_change: bool = False) -> Collection | None:
    """`to_change` takes the catalogue's lock first."""
    query = select(Collection).where(Collection.id == collection_id)
    if to_change:
        lock_catalog(session)
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one_or_none()


def slug_is_taken(session: Session, slug: str, but_by: int | None = None) -> bool:
    query = select(Collection.id).where(Collection.slug == slug)
    return any(found != but_by for found in session.execute(query).scalars())


def write_collection(session: Session, collection: Collection | None, columns: dict[str, Any]) -> Collection:
    """Save (None: a new one). When its rule differs, every product finds its place again. The caller holds the lock."""
    is_new = collection is None
    if collection is None:
        collection = Collection(**columns)
        session.add(collection)
    else:
        old = collection.slug
        for name, value in columns.items():
            setattr(collection, name, value)
        if collection.slug != old:
            keep_old_address(session, COLLECTION, collection.id, old, collection.slug)
    session.flush()
    if "rule_tags" in columns and (columns["rule_tags"] or not is_new):
        place_all(session)
    touch_catalog(session)
    return collection


def delete_collection(session: Session, collection: Collection) -> None:
    """With the places in it and its old addresses; the products stay as they are."""
    forget_addresses(session, COLLECTION, collection.id)
    session.delete(collection)
    session.flush()
    touch_catalog(session)


def add_by_hand(session: Session, collection_id: int, product_id: int) -> bool:
    """It stays, whatever the rule says. False when there is no such product. A repeat changes nothing."""
    if session.execute(text("SELECT 1 FROM products WHERE id = :id"), {"id": product_id}).first() is None:
        return False
    session.execute(
        text("""INSERT INTO collection_products (collection_id, product_id, position, by_hand)
                VALUES (:collection, :product, 0, true)
                ON CONFLICT (collection_id, product_id) DO UPDATE SET by_hand = true"""),
        {"collection": collection_id, "product": product_id},
    )
    touch_catalog(session)
    return True


def remove_by_hand(session: Session, collection_id: int, product_id: int) -> bool:
    """Take out what was put in by hand; the rule may keep it. False when it was not there by hand."""
    gone = session.execute(
        text("""DELETE FROM collection_products WHERE collection_id = :collection AND product_id = :product AND by_hand
                RETURNING id"""),
        {"collection": collection_id, "product": product_id},
    ).first()
    if gone is None:
        return False
    place_in_collections(session, [product_id])
    touch_catalog(session)
    return True


def count_members(session: Session, collection_ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(CollectionProduct.collection_id, func.count())
        .where(CollectionProduct.collection_id.in_(collection_ids))
        .group_by(CollectionProduct.collection_id)
    )
    return {collection_id: int(number) for collection_id, number in rows}
