"""discounts

Revision ID: 0015
Revises: 0014

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("by_code", sa.Boolean(), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("buy_quantity", sa.Integer(), nullable=False),
        sa.Column("get_quantity", sa.Integer(), nullable=False),
        sa.Column("tiers", postgresql.JSONB(), nullable=False),
        sa.Column("scope", sa.String(12), nullable=False),
        sa.Column("scope_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("min_minor", sa.Integer(), nullable=False),
        sa.Column("min_quantity", sa.Integer(), nullable=False),
        sa.Column("first_order_only", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("per_customer", sa.Integer(), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("combines", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(
            "uses >= 0 AND (max_uses IS NULL OR max_uses >= 1)", name=op.f("ck_discounts_uses_bounded")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_discounts"),
    )
    op.create_index("ix_discounts_active", "discounts", ["id"], postgresql_where=sa.text("is_active"))
    op.create_table(
        "discount_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("discount_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["discount_id"], ["discounts.id"], name="fk_discount_codes_discount_id_discounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_discount_codes"),
        sa.UniqueConstraint("key", name="uq_discount_codes_key"),
    )
    op.create_index("ix_discount_codes_discount_id", "discount_codes", ["discount_id"])
    op.create_table(
        "redemptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("discount_id", sa.BigInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=True),
        sa.Column("checkout_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["discount_id"], ["discounts.id"], name="fk_redemptions_discount_id_discounts"),
        sa.ForeignKeyConstraint(
            ["code_id"], ["discount_codes.id"], name="fk_redemptions_code_id_discount_codes", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name="fk_redemptions_checkout_id_checkouts", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_redemptions_order_id_orders"),
        sa.PrimaryKeyConstraint("id", name="pk_redemptions"),
        sa.UniqueConstraint("checkout_id", "discount_id", name="uq_redemptions_checkout_id_discount_id"),
        sa.UniqueConstraint("order_id", "discount_id", name="uq_redemptions_order_id_discount_id"),
    )
    op.create_index("ix_redemptions_discount", "redemptions", ["discount_id", "state", "id"])
    op.create_index("ix_redemptions_code_id", "redemptions", ["code_id"])
    op.add_column(
        "carts", sa.Column("codes", postgresql.ARRAY(sa.String(40)), server_default="{}", nullable=False)
    )
    op.add_column("order_lines", sa.Column("discount_minor", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("order_lines", "discount_minor")
    op.drop_column("carts", "codes")
    op.drop_table("redemptions")
    op.drop_table("discount_codes")
    op.drop_table("discounts")
