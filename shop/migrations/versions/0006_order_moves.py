"""order moves: archive and tags, notes with authors, refunds by line, several fulfilment orders an order

Revision ID: 0006
Revises: 0005

"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

#: no more of a line is asked for than was ordered, what was cancelled aside; the line is locked meanwhile
LINES_FIT = """
CREATE FUNCTION fulfilment_lines_fit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ordered integer; asked integer;
BEGIN
  SELECT quantity INTO ordered FROM order_lines WHERE id = NEW.order_line_id FOR NO KEY UPDATE;
  SELECT coalesce(sum(l.quantity), 0) INTO asked FROM fulfilment_lines l
    JOIN fulfilment_orders f ON f.id = l.fulfilment_order_id
    WHERE l.order_line_id = NEW.order_line_id AND f.status <> 'cancelled';
  IF asked > ordered THEN
    RAISE EXCEPTION 'order line %: % ordered, % to be made', NEW.order_line_id, ordered, asked
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
#: what we ask the gateway to give back never exceeds what it took; what the gateway tells is a fact and passes
REFUNDS_FIT = """
CREATE FUNCTION refunds_fit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE paid bigint; given bigint;
BEGIN
  SELECT amount_minor INTO paid FROM payments WHERE id = NEW.payment_id FOR NO KEY UPDATE;
  SELECT coalesce(sum(amount_minor), 0) INTO given FROM refunds
    WHERE payment_id = NEW.payment_id AND status IN ('requested', 'pending', 'succeeded');
  IF given + NEW.amount_minor > paid THEN
    RAISE EXCEPTION 'payment %: % paid, % given back, % more asked for', NEW.payment_id, paid, given, NEW.amount_minor
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""
ITEMS_TO_LINES = """
INSERT INTO fulfilment_lines (fulfilment_order_id, order_line_id, quantity, title, sku, product_id, variant_id)
SELECT f.id, l.id, sum((item->>'quantity')::int), left(max(coalesce(item->>'title', '')), 520),
       left(max(coalesce(item->>'sku', '')), 120), max(item->>'product_id'), max((item->>'variant_id')::bigint)
FROM fulfilment_orders f CROSS JOIN LATERAL jsonb_array_elements(f.items) item
JOIN order_lines l ON l.id = (item->>'order_line_id')::bigint AND l.order_id = f.order_id
GROUP BY f.id, l.id ORDER BY f.id, l.id
"""
LINES_TO_ITEMS = """
UPDATE fulfilment_orders f SET items = made.items FROM (
  SELECT fulfilment_order_id, jsonb_agg(jsonb_build_object('order_line_id', order_line_id, 'product_id', product_id,
    'variant_id', variant_id, 'sku', sku, 'title', title, 'quantity', quantity) ORDER BY id) AS items
  FROM fulfilment_lines GROUP BY fulfilment_order_id) made
WHERE made.fulfilment_order_id = f.id
"""


def upgrade():
    _orders()
    _refunds()
    op.add_column("fulfilment_orders", sa.Column("generation", sa.Integer(), server_default="1", nullable=False))
    op.add_column("fulfilment_orders", sa.Column("replaces_id", sa.BigInteger(), nullable=True))
    op.add_column("fulfilment_orders", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE fulfilment_orders f SET generation = n.nth FROM (SELECT id, row_number() OVER "
        "(PARTITION BY order_id ORDER BY id) AS nth FROM fulfilment_orders) n WHERE n.id = f.id AND n.nth > 1"
    )
    op.create_unique_constraint("uq_fulfilment_orders_order_id_generation", "fulfilment_orders", ["order_id", "generation"])
    op.create_unique_constraint("uq_fulfilment_orders_replaces_id", "fulfilment_orders", ["replaces_id"])
    op.create_foreign_key(
        "fk_fulfilment_orders_replaces_id_fulfilment_orders", "fulfilment_orders", "fulfilment_orders", ["replaces_id"], ["id"]
    )
    op.create_table(
        "fulfilment_lines",
        sa.Column("fulfilment_order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=520), nullable=False),
        sa.Column("sku", sa.String(length=120), nullable=False),
        sa.Column("product_id", sa.String(length=64), nullable=True),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_fulfilment_lines_quantity_positive"),
        sa.ForeignKeyConstraint(
            ["fulfilment_order_id"], ["fulfilment_orders.id"], ondelete="CASCADE",
            name="fk_fulfilment_lines_fulfilment_order_id_fulfilment_orders",
        ),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_lines.id"], name="fk_fulfilment_lines_order_line_id_order_lines"),
        sa.PrimaryKeyConstraint("id", name="pk_fulfilment_lines"),
        sa.UniqueConstraint(
            "fulfilment_order_id", "order_line_id", name="uq_fulfilment_lines_fulfilment_order_id_order_line_id"
        ),
    )
    op.create_index("ix_fulfilment_lines_order_line_id", "fulfilment_lines", ["order_line_id"])
    op.execute(ITEMS_TO_LINES)
    op.drop_column("fulfilment_orders", "items")
    op.execute(LINES_FIT)
    op.execute(
        "CREATE TRIGGER fulfilment_lines_fit AFTER INSERT OR UPDATE OF quantity, order_line_id ON fulfilment_lines "
        "FOR EACH ROW EXECUTE FUNCTION fulfilment_lines_fit()"
    )


def _orders():
    op.add_column("orders", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("tags", postgresql.ARRAY(sa.String(length=40)), server_default="{}", nullable=False))
    op.create_index("ix_orders_open", "orders", ["placed_at", "id"], postgresql_where=sa.text("archived_at IS NULL"))
    op.create_index("ix_orders_total", "orders", ["total_minor", "id"])
    op.create_index("ix_orders_customer_name", "orders", ["customer_name", "id"])
    op.create_index("ix_orders_channel", "orders", ["channel", "placed_at"])
    op.create_index("ix_orders_country", "orders", [sa.text("(ship_to ->> 'country'::text)"), "placed_at"])
    op.create_index("ix_orders_tags", "orders", ["tags"], postgresql_using="gin")
    op.add_column("order_entries", sa.Column("staff_id", sa.BigInteger(), nullable=True))
    op.add_column("order_entries", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        "fk_order_entries_staff_id_staff_members", "order_entries", "staff_members", ["staff_id"], ["id"], ondelete="SET NULL"
    )


def _refunds():
    op.add_column("refunds", sa.Column("form_key", sa.String(length=64), nullable=True))
    op.add_column("refunds", sa.Column("shipping_minor", sa.Integer(), server_default="0", nullable=False))
    op.create_unique_constraint("uq_refunds_form_key", "refunds", ["form_key"])
    op.create_table(
        "refund_lines",
        sa.Column("refund_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_refund_lines_quantity_positive"),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], ondelete="CASCADE", name="fk_refund_lines_refund_id_refunds"),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_lines.id"], ondelete="CASCADE", name="fk_refund_lines_order_line_id_order_lines"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_refund_lines"),
        sa.UniqueConstraint("refund_id", "order_line_id", name="uq_refund_lines_refund_id_order_line_id"),
    )
    op.create_index("ix_refund_lines_order_line_id", "refund_lines", ["order_line_id"])
    op.execute(REFUNDS_FIT)
    op.execute(
        "CREATE TRIGGER refunds_fit BEFORE INSERT ON refunds FOR EACH ROW "
        "WHEN (NEW.external_id IS NULL AND NEW.status = 'requested') EXECUTE FUNCTION refunds_fit()"
    )


def downgrade():
    op.execute("DROP TRIGGER fulfilment_lines_fit ON fulfilment_lines")
    op.execute("DROP FUNCTION fulfilment_lines_fit()")
    op.add_column(
        "fulfilment_orders",
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
    )
    op.execute(LINES_TO_ITEMS)
    op.alter_column("fulfilment_orders", "items", server_default=None)
    op.drop_table("fulfilment_lines")
    op.drop_column("fulfilment_orders", "given_up_at")
    op.drop_column("fulfilment_orders", "replaces_id")
    op.drop_column("fulfilment_orders", "generation")
    op.execute("DROP TRIGGER refunds_fit ON refunds")
    op.execute("DROP FUNCTION refunds_fit()")
    op.drop_table("refund_lines")
    op.drop_column("refunds", "shipping_minor")
    op.drop_column("refunds", "form_key")
    op.drop_column("order_entries", "edited_at")
    op.drop_column("order_entries", "staff_id")
    for name in ("tags", "country", "channel", "customer_name", "total", "open"):
        op.drop_index(f"ix_orders_{name}", "orders")
    op.drop_column("orders", "tags")
    op.drop_column("orders", "archived_at")
