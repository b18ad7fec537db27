"""prices in other currencies: what a merchant offers, what an order was placed at, and sums in the store's own

Revision ID: 0019
Revises: 0018

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# As in 0009, but what was spent is in the store's currency, by the rate of each order.
REFRESH = """
CREATE OR REPLACE FUNCTION refresh_customer_totals(ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE changed integer;
BEGIN
  IF ids IS NULL OR cardinality(ids) = 0 THEN RETURN 0; END IF;
  PERFORM 1 FROM customers WHERE id = ANY(ids) ORDER BY id FOR NO KEY UPDATE;
  UPDATE customers c SET orders_count = t.orders_count, spent_minor = t.spent_minor, spent_currency = t.currency,
    country = t.country, first_order_at = t.first_at, last_order_at = t.last_at
  FROM (
    SELECT u.id, coalesce(l.currency, '') AS currency, coalesce(left(l.country, 2), '') AS country, s.*
    FROM unnest(ids) AS u(id)
    LEFT JOIN LATERAL (
      SELECT coalesce(o.store_currency, o.currency) AS currency, o.ship_to ->> 'country' AS country FROM orders o
      WHERE o.customer_id = u.id ORDER BY o.placed_at DESC, o.id DESC LIMIT 1) l ON true
    CROSS JOIN LATERAL (
      SELECT (count(*) FILTER (WHERE o.status <> 'cancelled'))::integer AS orders_count,
        min(o.placed_at) FILTER (WHERE o.status <> 'cancelled') AS first_at,
        max(o.placed_at) FILTER (WHERE o.status <> 'cancelled') AS last_at,
        coalesce(sum(round(greatest(0, p.paid - r.back - d.lost) * o.to_store))
          FILTER (WHERE coalesce(o.store_currency, o.currency) = l.currency), 0)::bigint AS spent_minor
      FROM orders o
      CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS paid FROM payments
        WHERE order_id = o.id AND status = 'paid') p
      CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS back FROM refunds
        WHERE order_id = o.id AND status IN ('succeeded', 'pending')) r
      CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS lost FROM disputes
        WHERE order_id = o.id AND status = 'lost') d
      WHERE o.customer_id = u.id) s
  ) t
  WHERE c.id = t.id AND (c.orders_count, c.spent_minor, c.spent_currency, c.country, c.first_order_at, c.last_order_at)
    IS DISTINCT FROM (t.orders_count, t.spent_minor, t.currency::varchar, t.country::varchar, t.first_at, t.last_at);
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$
"""
ORDERS = """
CREATE OR REPLACE FUNCTION customer_totals_of_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    ids := ARRAY(SELECT DISTINCT customer_id FROM fresh WHERE customer_id IS NOT NULL);
  ELSIF TG_OP = 'DELETE' THEN
    ids := ARRAY(SELECT DISTINCT customer_id FROM stale WHERE customer_id IS NOT NULL);
  ELSE
    ids := ARRAY(
      SELECT DISTINCT x.id FROM fresh n JOIN stale o ON o.id = n.id, LATERAL (VALUES (n.customer_id), (o.customer_id)) x(id)
      WHERE x.id IS NOT NULL AND (n.customer_id, n.status, n.placed_at, n.currency, n.to_store, n.ship_to ->> 'country')
        IS DISTINCT FROM (o.customer_id, o.status, o.placed_at, o.currency, o.to_store, o.ship_to ->> 'country'));
  END IF;
  PERFORM refresh_customer_totals(ids);
  RETURN NULL;
END $$
"""
# The functions of 0009, for the way back.
OLD_REFRESH = """
CREATE OR REPLACE FUNCTION refresh_customer_totals(ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE changed integer;
BEGIN
  IF ids IS NULL OR cardinality(ids) = 0 THEN RETURN 0; END IF;
  PERFORM 1 FROM customers WHERE id = ANY(ids) ORDER BY id FOR NO KEY UPDATE;
  UPDATE customers c SET orders_count = t.orders_count, spent_minor = t.spent_minor, spent_currency = t.currency,
    country = t.country, first_order_at = t.first_at, last_order_at = t.last_at
  FROM (
    SELECT u.id, coalesce(l.currency, '') AS currency, coalesce(left(l.country, 2), '') AS country, s.*
    FROM unnest(ids) AS u(id)
    LEFT JOIN LATERAL (
      SELECT o.currency, o.ship_to ->> 'country' AS country FROM orders o
      WHERE o.customer_id = u.id ORDER BY o.placed_at DESC, o.id DESC LIMIT 1) l ON true
    CROSS JOIN LATERAL (
      SELECT (count(*) FILTER (WHERE o.status <> 'cancelled'))::integer AS orders_count,
        min(o.placed_at) FILTER (WHERE o.status <> 'cancelled') AS first_at,
        max(o.placed_at) FILTER (WHERE o.status <> 'cancelled') AS last_at,
        coalesce(sum(greatest(0, p.paid - r.back - d.lost)) FILTER (WHERE o.currency = l.currency), 0)::bigint
          AS spent_minor
      FROM orders o
      CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS paid FROM payments
        WHERE order_id = o.id AND status = 'paid') p
      CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS back FROM refunds
        WHERE order_id = o.id AND status IN ('succeeded', 'pending')) r
      CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS lost FROM disputes
        WHERE order_id = o.id AND status = 'lost') d
      WHERE o.customer_id = u.id) s
  ) t
  WHERE c.id = t.id AND (c.orders_count, c.spent_minor, c.spent_currency, c.country, c.first_order_at, c.last_order_at)
    IS DISTINCT FROM (t.orders_count, t.spent_minor, t.currency::varchar, t.country::varchar, t.first_at, t.last_at);
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$
"""
OLD_ORDERS = """
CREATE OR REPLACE FUNCTION customer_totals_of_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    ids := ARRAY(SELECT DISTINCT customer_id FROM fresh WHERE customer_id IS NOT NULL);
  ELSIF TG_OP = 'DELETE' THEN
    ids := ARRAY(SELECT DISTINCT customer_id FROM stale WHERE customer_id IS NOT NULL);
  ELSE
    ids := ARRAY(
      SELECT DISTINCT x.id FROM fresh n JOIN stale o ON o.id = n.id, LATERAL (VALUES (n.customer_id), (o.customer_id)) x(id)
      WHERE x.id IS NOT NULL AND (n.customer_id, n.status, n.placed_at, n.currency, n.ship_to ->> 'country')
        IS DISTINCT FROM (o.customer_id, o.status, o.placed_at, o.currency, o.ship_to ->> 'country'));
  END IF;
  PERFORM refresh_customer_totals(ids);
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    empty = {"nullable": False}
    op.add_column(
        "store_profile",
        sa.Column("currencies", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), **empty),
    )
    op.add_column(
        "variants", sa.Column("fixed_prices", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), **empty)
    )
    op.add_column("carts", sa.Column("currency", sa.String(3), server_default="", **empty))
    op.add_column("orders", sa.Column("store_currency", sa.String(3)))
    op.add_column("orders", sa.Column("rate", sa.Numeric(20, 10), server_default="1", **empty))
    op.add_column("orders", sa.Column("to_store", sa.Numeric(30, 15), server_default="1", **empty))
    op.add_column(
        "orders",
        sa.Column(
            "store_total_minor",
            sa.BigInteger(),
            sa.Computed("(round(((total_minor)::numeric * to_store)))::bigint", persisted=True),
            **empty,
        ),
    )
    op.drop_index("ix_orders_total", "orders")
    op.create_index("ix_orders_total", "orders", ["store_total_minor", "id"])
    op.execute(REFRESH)
    op.execute(ORDERS)


def downgrade() -> None:
    op.execute(OLD_REFRESH)
    op.execute(OLD_ORDERS)
    op.drop_index("ix_orders_total", "orders")
    op.create_index("ix_orders_total", "orders", ["total_minor", "id"])
    for column in ("store_total_minor", "to_store", "rate", "store_currency"):
        op.drop_column("orders", column)
    op.drop_column("carts", "currency")
    op.drop_column("variants", "fixed_prices")
    op.drop_column("store_profile", "currencies")
