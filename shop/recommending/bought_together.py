"""What is bought together, counted from orders, and what a page shows of it.

A pair counts when it is in MIN_ORDERS orders of the last year and more often together than chance would have it (lift).
Among those, the surer ones come first: how often, times the logarithm of the lift. Orders of very many products are
left out: they are a stock, not a taste. The database does the counting and spills to its own disk; here arrive at most
MOST ids for each product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from shop.catalog.models import Product
from shop.core import clock
from shop.tenancy.profile import touch_catalog

WINDOW = timedelta(days=365)
MIN_ORDERS = 3
MIN_LIFT = 1.2
MOST_IN_ORDER = 20
MOST = 12
CHUNK = 500

_TOGETHER = text("""
    WITH held AS (
        SELECT DISTINCT l.order_id, l.product_id
          FROM order_lines l JOIN orders o ON o.id = l.order_id
         WHERE o.placed_at > :since AND o.status <> 'cancelled' AND l.product_id IS NOT NULL),
    baskets AS (SELECT order_id FROM held GROUP BY order_id HAVING count(*) BETWEEN 2 AND :most_in_order),
    alone AS (SELECT product_id, count(*)::float AS n FROM held GROUP BY product_id),
    orders_in_all AS (SELECT count(DISTINCT order_id)::float AS n FROM held),
    pairs AS (
        SELECT a.product_id AS mine, b.product_id AS other, count(*)::float AS n
          FROM baskets
          JOIN held a ON a.order_id = baskets.order_id
          JOIN held b ON b.order_id = baskets.order_id AND b.product_id <> a.product_id
         GROUP BY a.product_id, b.product_id HAVING count(*) >= :least),
    judged AS (
        SELECT p.mine, p.other, p.n, p.n * (SELECT n FROM orders_in_all) / (x.n * y.n) AS lift
          FROM pairs p JOIN alone x ON x.product_id = p.mine JOIN alone y ON y.product_id = p.other),
    ranked AS (
        SELECT mine, other, row_number() OVER (PARTITION BY mine ORDER BY n * ln(lift) DESC, n DESC, other) AS place
          FROM judged WHERE lift >= :lift)
    SELECT mine, array_agg(other ORDER BY place) FROM ranked WHERE place <= :most GROUP BY mine""")


def count_together(session: Session) -> dict[int, list[int]]:
    """{product: what goes with it, best first}. Reads alone; may take seconds on a large shop."""
    rows = session.execute(
        _TOGETHER,
        {
            "since": clock.now() - WINDOW,
            "most_in_order": MOST_IN_ORDER,
            "least": MIN_ORDERS,
            "lift": MIN_LIFT,
            "most": MOST,
        },
    )
    return {int(mine): [int(other) for other in others] for mine, others in rows}


def changes(session: Session, counted: Mapping[int, Sequence[int]]) -> list[tuple[int, list[int]]]:
    """What is written otherwise: [(product, ids)]."""
    stored = session.execute(select(Product.id, Product.bought_with).order_by(Product.id))
    now = [(row.id, row.bought_with, list(counted.get(row.id, ()))) for row in stored]
    return [(product_id, ids) for product_id, was, ids in now if was != ids]


def write_down(session: Session, some: Sequence[tuple[int, Sequence[int]]]) -> None:
    """The caller commits; pages follow within a second."""
    for product_id, ids in some:
        session.execute(
            update(Product)
            .where(Product.id == product_id)
            .values(bought_with=list(ids))
            .execution_options(synchronize_session=False)
        )
    if some:
        touch_catalog(session)


def in_order(pinned: Iterable[int], bought: Iterable[int], not_these: Iterable[int]) -> list[int]:
    """What a merchant chose comes first, then what was counted; each once, without what was ruled out."""
    out = set(not_these)
    return [i for i in dict.fromkeys([*pinned, *bought]) if i not in out]


def ideas_for(session: Session, product_ids: Sequence[int]) -> list[int]:
    """What goes with any of these and is not among them: pinned first, then what fits most of them. One statement."""
    if not product_ids:
        return []
    rows = session.execute(
        select(Product.goes_with, Product.bought_with, Product.goes_not_with).where(Product.id.in_(product_ids))
    ).all()
    out = set(product_ids) | {i for row in rows for i in row.goes_not_with}
    points: dict[int, float] = {}
    for row in rows:
        for place, product_id in enumerate(row.goes_with):
            points[product_id] = points.get(product_id, 0) + 100 - place
        for place, product_id in enumerate(row.bought_with):
            points[product_id] = points.get(product_id, 0) + MOST - place
    return sorted((i for i in points if i not in out), key=lambda i: (-points[i], i))


def choose(product: Any, other_id: int, what: str) -> None:
    """`what`: pin | unpin | exclude | allow. A repeat changes nothing. The caller commits and touches the catalogue."""
    pinned, out = [i for i in product.goes_with if i != other_id], [i for i in product.goes_not_with if i != other_id]
    if what == "pin":
        pinned = [*pinned, other_id][-MOST:]
    elif what == "exclude":
        out = [*out, other_id][-100:]
    elif what == "unpin":
        out = list(product.goes_not_with)
    elif what == "allow":
        pinned = list(product.goes_with)
    product.goes_with, product.goes_not_with = pinned, out
