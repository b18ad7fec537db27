"""returns and withdrawals

Revision ID: 0022
Revises: 0021

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

#: no more of a line is asked for than was ordered, what was cancelled aside; the line is locked meanwhile. What replaces
#: a return is measured by the return
LINES_FIT = """
CREATE OR REPLACE FUNCTION fulfilment_lines_fit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ordered integer; asked integer; anew bigint;
BEGIN
  SELECT return_id INTO anew FROM fulfilment_orders WHERE id = NEW.fulfilment_order_id;
  SELECT quantity INTO ordered FROM order_lines WHERE id = NEW.order_line_id FOR NO KEY UPDATE;
  IF anew IS NOT NULL THEN
    SELECT coalesce(sum(quantity), 0) INTO ordered FROM return_lines
      WHERE return_id = anew AND order_line_id = NEW.order_line_id;
  END IF;
  SELECT coalesce(sum(l.quantity), 0) INTO asked FROM fulfilment_lines l
    JOIN fulfilment_orders f ON f.id = l.fulfilment_order_id
    WHERE l.order_line_id = NEW.order_line_id AND f.status <> 'cancelled' AND f.return_id IS NOT DISTINCT FROM anew;
  IF asked > ordered THEN
    RAISE EXCEPTION 'order line %: % ordered, % to be made', NEW.order_line_id, ordered, asked
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
LINES_FITTED = """
CREATE OR REPLACE FUNCTION fulfilment_lines_fit() RETURNS trigger LANGUAGE plpgsql AS $$
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


def upgrade() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("by_link", sa.Boolean(), nullable=False),
        sa.Column("is_late", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("window_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("refund_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("work_state", sa.String(length=12), server_default="due", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("calling_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_kind", sa.String(length=12), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_withdrawals_order_id_orders", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_withdrawals"),
        sa.UniqueConstraint("form_key", name="uq_withdrawals_form_key"),
        sa.UniqueConstraint("reference", name="uq_withdrawals_reference"),
        sa.UniqueConstraint("token", name="uq_withdrawals_token"),
    )
    op.create_index(
        "ix_withdrawals_open",
        "withdrawals",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.create_index("ix_withdrawals_order_id", "withdrawals", ["order_id"], unique=False)
    op.create_index("ix_withdrawals_status", "withdrawals", ["status", "received_at"], unique=False)
    op.create_table(
        "returns",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("withdrawal_id", sa.BigInteger(), nullable=True),
        sa.Column("form_key", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("wish", sa.String(length=12), nullable=False),
        sa.Column("wants_goods_back", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("goods_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("send_back_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refund_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settling", sa.String(length=12), nullable=False),
        sa.Column("settle_facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settle_by", sa.String(length=80), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("work_state", sa.String(length=12), server_default="due", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("calling_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_kind", sa.String(length=12), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_returns_order_id_orders", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name="fk_returns_refund_id_refunds", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["withdrawal_id"], ["withdrawals.id"], name="fk_returns_withdrawal_id_withdrawals", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        sa.UniqueConstraint("form_key", name="uq_returns_form_key"),
        sa.UniqueConstraint("number", name="uq_returns_number"),
        sa.UniqueConstraint("order_id", "nth", name="uq_returns_order_id_nth"),
        sa.UniqueConstraint("withdrawal_id", name="uq_returns_withdrawal_id"),
    )
    op.create_index("ix_returns_created_at", "returns", ["created_at"], unique=False)
    op.create_index(
        "ix_returns_open",
        "returns",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.create_index("ix_returns_status", "returns", ["status", "created_at"], unique=False)
    op.create_table(
        "print_claims",
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovered_minor", sa.Integer(), server_default="0", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_id"], ["returns.id"], name="fk_print_claims_return_id_returns", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_print_claims"),
        sa.UniqueConstraint("return_id", name="uq_print_claims_return_id"),
    )
    op.create_index("ix_print_claims_deadline", "print_claims", ["state", "deadline_at"], unique=False)
    op.create_table(
        "return_entries",
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("for_buyer", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_id"], ["returns.id"], name="fk_return_entries_return_id_returns", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_return_entries"),
    )
    op.create_index("ix_return_entries_return_id", "return_entries", ["return_id"], unique=False)
    op.create_table(
        "return_lines",
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_return_lines_quantity_positive"),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_lines.id"], name="fk_return_lines_order_line_id_order_lines", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["returns.id"], name="fk_return_lines_return_id_returns", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_return_lines"),
        sa.UniqueConstraint("return_id", "order_line_id", name="uq_return_lines_return_id_order_line_id"),
    )
    op.create_index("ix_return_lines_order_line_id", "return_lines", ["order_line_id"], unique=False)
    op.create_table(
        "return_pictures",
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_id"], ["returns.id"], name="fk_return_pictures_return_id_returns", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_return_pictures"),
    )
    op.create_index("ix_return_pictures_return_id", "return_pictures", ["return_id"], unique=False)
    op.add_column("fulfilment_orders", sa.Column("return_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_fulfilment_orders_return_id", "fulfilment_orders", ["return_id"], unique=False)
    op.create_index(
        "uq_fulfilment_orders_replacement",
        "fulfilment_orders",
        ["return_id"],
        unique=True,
        postgresql_where=sa.text("return_id IS NOT NULL AND replaces_id IS NULL"),
    )
    op.create_foreign_key(
        "fk_fulfilment_orders_return_id_returns", "fulfilment_orders", "returns", ["return_id"], ["id"]
    )
    op.add_column("order_lines", sa.Column("is_personalised", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("products", sa.Column("is_personalised", sa.Boolean(), nullable=True))
    op.add_column(
        "store_profile",
        sa.Column(
            "returning", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    op.execute(LINES_FIT)


def downgrade() -> None:
    op.execute(LINES_FITTED)
    op.drop_column("store_profile", "returning")
    op.drop_column("products", "is_personalised")
    op.drop_column("order_lines", "is_personalised")
    op.drop_constraint("fk_fulfilment_orders_return_id_returns", "fulfilment_orders", type_="foreignkey")
    op.drop_index(
        "uq_fulfilment_orders_replacement",
        table_name="fulfilment_orders",
        postgresql_where=sa.text("return_id IS NOT NULL AND replaces_id IS NULL"),
    )
    op.drop_index("ix_fulfilment_orders_return_id", table_name="fulfilment_orders")
    op.drop_column("fulfilment_orders", "return_id")
    op.drop_index("ix_return_pictures_return_id", table_name="return_pictures")
    op.drop_table("return_pictures")
    op.drop_index("ix_return_lines_order_line_id", table_name="return_lines")
    op.drop_table("return_lines")
    op.drop_index("ix_return_entries_return_id", table_name="return_entries")
    op.drop_table("return_entries")
    op.drop_index("ix_print_claims_deadline", table_name="print_claims")
    op.drop_table("print_claims")
    op.drop_index("ix_returns_status", table_name="returns")
    op.drop_index(
        "ix_returns_open", table_name="returns", postgresql_where=sa.text("work_state IN ('due','working','parked')")
    )
    op.drop_index("ix_returns_created_at", table_name="returns")
    op.drop_table("returns")
    op.drop_index("ix_withdrawals_status", table_name="withdrawals")
    op.drop_index("ix_withdrawals_order_id", table_name="withdrawals")
    op.drop_index(
        "ix_withdrawals_open",
        table_name="withdrawals",
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.drop_table("withdrawals")
