"""discounts and gift cards of channels

Revision ID: 0029
Revises: 0028

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_code_choices",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("takes_discounts", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("takes_gift_cards", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_channel_code_choices_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_code_choices")),
        sa.UniqueConstraint("connection_id", name=op.f("uq_channel_code_choices_connection_id")),
    )
    op.create_table(
        "channel_discounts",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("discount_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("external_id", sa.String(length=160), server_default="", nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("told", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_channel_discounts_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["discount_id"],
            ["discounts.id"],
            name=op.f("fk_channel_discounts_discount_id_discounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_discounts")),
        sa.UniqueConstraint("discount_id", name=op.f("uq_channel_discounts_discount_id")),
        sa.UniqueConstraint("key", name=op.f("uq_channel_discounts_key")),
    )
    op.create_index(op.f("ix_channel_discounts_connection_id"), "channel_discounts", ["connection_id"], unique=False)
    op.create_table(
        "channel_gift_cards",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=160), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("told_minor", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["gift_cards.id"], name=op.f("fk_channel_gift_cards_card_id_gift_cards")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_channel_gift_cards_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_gift_cards")),
        sa.UniqueConstraint("card_id", name=op.f("uq_channel_gift_cards_card_id")),
        sa.UniqueConstraint(
            "connection_id", "external_id", name=op.f("uq_channel_gift_cards_connection_id_external_id")
        ),
    )
    op.create_table(
        "channel_card_moves",
        sa.Column("channel_card_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("use_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("before_minor", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=160), server_default="", nullable=False),
        sa.Column("outcome", sa.String(length=8), server_default="waiting", nullable=False),
        sa.Column("refusals", sa.Integer(), server_default="0", nullable=False),
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
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_channel_card_moves_amount_positive")),
        sa.ForeignKeyConstraint(
            ["channel_card_id"],
            ["channel_gift_cards.id"],
            name=op.f("fk_channel_card_moves_channel_card_id_channel_gift_cards"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_channel_card_moves_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["use_id"], ["gift_card_uses.id"], name=op.f("fk_channel_card_moves_use_id_gift_card_uses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_card_moves")),
        sa.UniqueConstraint("key", name=op.f("uq_channel_card_moves_key")),
    )
    op.create_index("ix_channel_card_moves_card", "channel_card_moves", ["channel_card_id", "id"], unique=False)
    op.create_index("ix_channel_card_moves_done", "channel_card_moves", ["finished_at"], unique=False)
    op.create_index(
        "ix_channel_card_moves_open",
        "channel_card_moves",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.create_index(op.f("ix_channel_card_moves_order_id"), "channel_card_moves", ["order_id"], unique=False)
    op.create_index("ix_channel_card_moves_use", "channel_card_moves", ["use_id"], unique=False)
    op.add_column("discounts", sa.Column("connection_id", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_discounts_connection_id"), "discounts", ["connection_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_discounts_connection_id_connections"),
        "discounts",
        "connections",
        ["connection_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.add_column(
        "draft_orders", sa.Column("codes", postgresql.ARRAY(sa.String(40)), server_default="{}", nullable=False)
    )
    op.add_column(
        "draft_orders",
        sa.Column("gift_card_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("draft_orders", "gift_card_ids")
    op.drop_column("draft_orders", "codes")

    op.drop_constraint(op.f("fk_discounts_connection_id_connections"), "discounts", type_="foreignkey")
    op.drop_index(op.f("ix_discounts_connection_id"), table_name="discounts")
    op.drop_column("discounts", "connection_id")
    op.drop_index("ix_channel_card_moves_use", table_name="channel_card_moves")
    op.drop_index(op.f("ix_channel_card_moves_order_id"), table_name="channel_card_moves")
    op.drop_index(
        "ix_channel_card_moves_open",
        table_name="channel_card_moves",
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.drop_index("ix_channel_card_moves_done", table_name="channel_card_moves")
    op.drop_index("ix_channel_card_moves_card", table_name="channel_card_moves")
    op.drop_table("channel_card_moves")
    op.drop_table("channel_gift_cards")
    op.drop_index(op.f("ix_channel_discounts_connection_id"), table_name="channel_discounts")
    op.drop_table("channel_discounts")
    op.drop_table("channel_code_choices")
