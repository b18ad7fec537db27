"""orders that come from channels and go to them

Revision ID: 0028
Revises: 0027

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_pulls",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read", sa.BigInteger(), server_default="0", nullable=False),
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
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_channel_pulls_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_pulls")),
        sa.UniqueConstraint("connection_id", name=op.f("uq_channel_pulls_connection_id")),
    )
    op.create_index(
        "ix_channel_pulls_open",
        "channel_pulls",
        ["due_at"],
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.create_table(
        "channel_orders",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=160), nullable=False),
        sa.Column("number", sa.String(length=80), server_default="", nullable=False),
        sa.Column("state", sa.String(length=10), server_default="new", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("attention", sa.Text(), server_default="", nullable=False),
        sa.Column("allowed", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("payment", sa.String(length=16), server_default="unknown", nullable=False),
        sa.Column("fulfilment", sa.String(length=16), server_default="unknown", nullable=False),
        sa.Column("raw_status", sa.String(length=120), server_default="", nullable=False),
        sa.Column("is_test", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="", nullable=False),
        sa.Column("total_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("email", sa.String(length=254), server_default="", nullable=False),
        sa.Column("customer_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("record", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("record_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("raw", postgresql.JSONB(), nullable=True),
        sa.Column("told", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("theirs_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
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
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_channel_orders_connection_id_connections")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_channel_orders_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_orders")),
        sa.UniqueConstraint("connection_id", "external_id", name=op.f("uq_channel_orders_connection_id_external_id")),
        sa.UniqueConstraint("order_id", name=op.f("uq_channel_orders_order_id")),
    )
    op.create_index(
        "ix_channel_orders_attention", "channel_orders", ["id"], postgresql_where=sa.text("attention <> ''")
    )
    op.create_index("ix_channel_orders_connection", "channel_orders", ["connection_id", "id"])
    op.create_index(
        "ix_channel_orders_open",
        "channel_orders",
        ["due_at"],
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.create_index("ix_channel_orders_state", "channel_orders", ["state", "id"])
    op.create_table(
        "channel_order_lines",
        sa.Column("channel_order_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=160), server_default="", nullable=False),
        sa.Column("variant_external_id", sa.String(length=160), server_default="", nullable=False),
        sa.Column("title", sa.String(length=300), server_default="", nullable=False),
        sa.Column("sku", sa.String(length=120), server_default="", nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("properties", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("is_gift_card", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("how", sa.String(length=10), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("who", sa.String(length=254), server_default="", nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("order_line_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_order_id"],
            ["channel_orders.id"],
            name=op.f("fk_channel_order_lines_channel_order_id_channel_orders"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"],
            ["order_lines.id"],
            name=op.f("fk_channel_order_lines_order_line_id_order_lines"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["variants.id"],
            name=op.f("fk_channel_order_lines_variant_id_variants"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_order_lines")),
        sa.UniqueConstraint(
            "channel_order_id", "position", name=op.f("uq_channel_order_lines_channel_order_id_position")
        ),
    )
    op.create_index(op.f("ix_channel_order_lines_order_line_id"), "channel_order_lines", ["order_line_id"])
    op.create_index(op.f("ix_channel_order_lines_variant_id"), "channel_order_lines", ["variant_id"])
    op.create_table(
        "channel_pushes",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("channel_order_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("shipment_id", sa.BigInteger(), nullable=True),
        sa.Column("refund_id", sa.BigInteger(), nullable=True),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(length=255), server_default="", nullable=False),
        sa.Column("facts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=True),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
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
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_order_id"], ["channel_orders.id"], name=op.f("fk_channel_pushes_channel_order_id_channel_orders")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_channel_pushes_connection_id_connections")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_channel_pushes_order_id_orders")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_channel_pushes_refund_id_refunds")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipments.id"], name=op.f("fk_channel_pushes_shipment_id_shipments")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_channel_pushes_variant_id_variants"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_pushes")),
        sa.UniqueConstraint("key", name=op.f("uq_channel_pushes_key")),
    )
    op.create_index(op.f("ix_channel_pushes_channel_order_id"), "channel_pushes", ["channel_order_id"])
    op.create_index("ix_channel_pushes_connection", "channel_pushes", ["connection_id", "kind", "id"])
    op.create_index("ix_channel_pushes_done", "channel_pushes", ["finished_at"])
    op.create_index(
        "ix_channel_pushes_open",
        "channel_pushes",
        ["due_at"],
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.create_index(op.f("ix_channel_pushes_order_id"), "channel_pushes", ["order_id"])
    op.create_index(op.f("ix_channel_pushes_refund_id"), "channel_pushes", ["refund_id"])
    op.create_index(op.f("ix_channel_pushes_shipment_id"), "channel_pushes", ["shipment_id"])
    op.create_index(op.f("ix_channel_pushes_variant_id"), "channel_pushes", ["variant_id"])
    op.add_column("orders", sa.Column("letters_elsewhere", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("orders", "letters_elsewhere")
    for table in ("channel_pushes", "channel_order_lines", "channel_orders", "channel_pulls"):
        op.drop_table(table)
