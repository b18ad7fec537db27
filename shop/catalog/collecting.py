"""Which collections a product belongs to by rule; places given by hand stay."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

# Tags are compared without regard to case: the arrays are lowered as text, whose quoting lower() leaves alone.
_BELONGS = """
    p.status = 'active' AND cardinality(c.rule_tags) > 0
    AND (lower(p.tags::text)::text[] || lower(p.product_type)) && lower(c.rule_tags::text)::text[]"""
_ENTER = text(f"""
    INSERT INTO collection_products (collection_id, product_id, position, by_hand)
    SELECT c.id, p.id, 0, false FROM products p CROSS JOIN collections c
     WHERE p.id = ANY(:ids) AND NOT 'collections' = ANY(p.edited_fields) AND {_BELONGS}
    ON CONFLICT (collection_id, product_id) DO NOTHING""")  # noqa: S608  (our own text)
_LEAVE = text(f"""
    DELETE FROM collection_products cp USING products p, collections c
     WHERE cp.product_id = p.id AND cp.collection_id = c.id AND NOT cp.by_hand AND p.id = ANY(:ids)
       AND NOT 'collections' = ANY(p.edited_fields) AND NOT ({_BELONGS})""")  # noqa: S608


def place_in_collections(session: Session, product_ids: Sequence[int]) -> None:
    """Enter these products into the collections whose tags they have, and take them out of those they no longer fit.

    A rule tag fits one of the product's tags, or its type. The caller commits; a repeat changes nothing.
    """
    if product_ids:
        ids = {"ids": list(product_ids)}
        session.execute(_LEAVE, ids)
        session.execute(_ENTER, ids)


def place_all(session: Session) -> None:
    """Every product: after collections or their rules have changed."""
    place_in_collections(session, [row[0] for row in session.execute(text("SELECT id FROM products"))])
