"""customers: what staff write about them, consent, privacy requests, and totals that the database keeps

Revision ID: 0009
Revises: 0008

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORDS = (
    "to_tsvector('simple'::regconfig, "
    "(((((name::text || ' '::text) || replace(email::text, '@'::text, ' '::text)) || ' '::text) "
    "|| regexp_replace(phone::text, '[^0-9]'::text, ''::text, 'g'::text)) || ' r'::text) "
    "|| reverse(regexp_replace(phone::text, '[^0-9]'::text, ''::text, 'g'::text)))"
)

# The totals of the customers `ids`, recomputed from their rows and written where they differ. The customers are locked
# first and read in a later statement, so that two orders at once both count.
REFRESH = """
CREATE FUNCTION refresh_customer_totals(ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
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

# One function for orders, one for money; a statement that touches nothing the totals are made of costs one comparison.
ORDERS = """
CREATE FUNCTION customer_totals_of_orders() RETURNS trigger LANGUAGE plpgsql AS $$
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
MONEY = """
CREATE FUNCTION customer_totals_of_money() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE touched bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    touched := ARRAY(SELECT order_id FROM fresh);
  ELSIF TG_OP = 'DELETE' THEN
    touched := ARRAY(SELECT order_id FROM stale);
  ELSE
    touched := ARRAY(
      SELECT x.id FROM fresh n JOIN stale o ON o.id = n.id, LATERAL (VALUES (n.order_id), (o.order_id)) x(id)
      WHERE (n.order_id, n.status, n.amount_minor) IS DISTINCT FROM (o.order_id, o.status, o.amount_minor));
  END IF;
  IF cardinality(touched) > 0 THEN
    PERFORM refresh_customer_totals(
      ARRAY(SELECT DISTINCT customer_id FROM orders WHERE id = ANY(touched) AND customer_id IS NOT NULL));
  END IF;
  RETURN NULL;
END $$
"""
TABLES = {
    "orders": "customer_totals_of_orders",
    "payments": "customer_totals_of_money",
    "refunds": "customer_totals_of_money",
    "disputes": "customer_totals_of_money",
}
KNOWN_ROWS = {
    "INSERT": "NEW TABLE AS fresh",
    "UPDATE": "OLD TABLE AS stale NEW TABLE AS fresh",
    "DELETE": "OLD TABLE AS stale",
}


def upgrade() -> None:
    op.add_column("customers", sa.Column("phone", sa.String(40), server_default="", nullable=False))
    op.add_column(
        "customers", sa.Column("tags", postgresql.ARRAY(sa.String(40)), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("customers", sa.Column("merged_into_id", sa.BigInteger()))
    op.create_foreign_key(
        "fk_customers_merged_into_id_customers", "customers", "customers", ["merged_into_id"], ["id"]
    )
    op.add_column("customers", sa.Column("erased_at", sa.DateTime(timezone=True)))
    op.add_column("customers", sa.Column("orders_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("customers", sa.Column("spent_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("customers", sa.Column("spent_currency", sa.String(3), server_default="", nullable=False))
    op.add_column("customers", sa.Column("country", sa.String(2), server_default="", nullable=False))
    op.add_column("customers", sa.Column("first_order_at", sa.DateTime(timezone=True)))
    op.add_column("customers", sa.Column("last_order_at", sa.DateTime(timezone=True)))
    for column, default in (("name", "''"), ("locale", "'en'"), ("accepts_marketing", "false")):
        op.alter_column("customers", column, server_default=sa.text(default))
    _index_customers()
    op.create_index("ix_orders_customer", "orders", ["customer_id", "placed_at"])
    _make_tables()
    op.execute(REFRESH)
    op.execute(ORDERS)
    op.execute(MONEY)
    for table, function in TABLES.items():
        for event, rows in KNOWN_ROWS.items():
            op.execute(
                f"CREATE TRIGGER customer_totals_{event.lower()} AFTER {event} ON {table} REFERENCING {rows} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )
    op.execute(
        "UPDATE customers c SET phone = o.phone FROM (SELECT DISTINCT ON (customer_id) customer_id, phone FROM orders "
        "WHERE customer_id IS NOT NULL AND phone <> '' ORDER BY customer_id, placed_at DESC) o WHERE o.customer_id = c.id"
    )
    op.execute("SELECT refresh_customer_totals(ARRAY(SELECT id FROM customers))")


def _index_customers() -> None:
    for name, columns in (
        ("created_at", ["created_at", "id"]),
        ("name", ["name", "id"]),
        ("orders", ["orders_count", "id"]),
        ("spent", ["spent_minor", "id"]),
        ("last_order", [sa.text("last_order_at DESC NULLS LAST"), sa.text("id DESC")]),
        ("country", ["country", "id"]),
    ):
        op.create_index(f"ix_customers_{name}", "customers", columns)
    op.create_index(
        "ix_customers_merged", "customers", ["merged_into_id"], postgresql_where=sa.text("merged_into_id IS NOT NULL")
    )
    op.create_index("ix_customers_tagged", "customers", ["id"], postgresql_where=sa.text("tags <> '{}'"))
    op.create_index("ix_customers_tags", "customers", ["tags"], postgresql_using="gin")
    op.create_index("ix_customers_words", "customers", [sa.text(WORDS)], postgresql_using="gin")


def _make_tables() -> None:
    def own() -> list[sa.Column]:
        return [
            sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
            sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("customers.id"), nullable=False, index=True),
        ]

    now = {"server_default": sa.text("now()"), "nullable": False}
    op.create_table(
        "customer_notes",
        *own(),
        sa.Column("at", sa.DateTime(timezone=True), **now),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "consent_changes",
        *own(),
        sa.Column("at", sa.DateTime(timezone=True), **now),
        sa.Column("accepts", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
    )
    op.create_table(
        "privacy_requests",
        *own(),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("requested_by", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), **now),
        sa.Column("person", sa.Text()),
        sa.Column("file", sa.LargeBinary()),
        sa.Column("file_bytes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("handed_out", sa.Integer(), server_default="0", nullable=False),
        sa.Column("work_state", sa.String(12), server_default="due", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), **now),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("calling_since", sa.DateTime(timezone=True)),
        sa.Column("error_kind", sa.String(12)),
        sa.Column("error_text", sa.Text()),
        sa.Column("error_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_privacy_requests_open",
        "privacy_requests",
        ["due_at"],
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.create_index(
        "uq_privacy_requests_erasure",
        "privacy_requests",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'erasure'"),
    )


def downgrade() -> None:
    for table in TABLES:
        for event in KNOWN_ROWS:
            op.execute(f"DROP TRIGGER customer_totals_{event.lower()} ON {table}")
    op.execute("DROP FUNCTION customer_totals_of_orders(), customer_totals_of_money()")
    op.execute("DROP FUNCTION refresh_customer_totals(bigint[])")
    for table in ("privacy_requests", "consent_changes", "customer_notes"):
        op.drop_table(table)
    op.drop_index("ix_orders_customer", "orders")
    for name in ("created_at", "name", "orders", "spent", "last_order", "country", "merged", "tagged", "tags", "words"):
        op.drop_index(f"ix_customers_{name}", "customers")
    for column in (
        "phone", "tags", "merged_into_id", "erased_at", "orders_count", "spent_minor", "spent_currency", "country",
        "first_order_at", "last_order_at",
    ):  # fmt: skip
        op.drop_column("customers", column)
    for column in ("name", "locale", "accepts_marketing"):
        op.alter_column("customers", column, server_default=None)
