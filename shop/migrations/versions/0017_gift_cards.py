"""gift cards and their ledger

Revision ID: 0017
Revises: 0016

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

#: as 0006 named it, with the convention's prefix twice
OLD_CHECK = "ck_refund_lines_ck_refund_lines_quantity_positive"


def upgrade() -> None:
    op.create_table(
        "gift_cards",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("code_hash", sa.String(80), nullable=True),
        sa.Column("last_four", sa.String(4), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("initial_minor", sa.Integer(), nullable=False),
        sa.Column("balance_minor", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("checkout_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("buyer_email", sa.String(254), nullable=False),
        sa.Column("recipient_name", sa.String(100), nullable=False),
        sa.Column("recipient_email", sa.String(254), nullable=False),
        sa.Column("sender_name", sa.String(100), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("deliver_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("letters", sa.Integer(), server_default="0", nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("issued_by", sa.String(120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_gift_cards_balance_not_negative")),
        sa.CheckConstraint("initial_minor > 0", name=op.f("ck_gift_cards_initial_positive")),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name="fk_gift_cards_checkout_id_checkouts", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_gift_cards_order_id_orders"),
        sa.PrimaryKeyConstraint("id", name="pk_gift_cards"),
        sa.UniqueConstraint("code_hash", name="uq_gift_cards_code_hash"),
        sa.UniqueConstraint("token", name="uq_gift_cards_token"),
    )
    for column in ("last_four", "checkout_id", "order_id", "buyer_email", "recipient_email", "created_at"):
        op.create_index(f"ix_gift_cards_{column}", "gift_cards", [column])
    for name, column, where in (
        ("due", "deliver_at", "delivered_at IS NULL AND status = 'active'"),
        ("ends", "expires_on", "status = 'active'"),
        ("listed", "id", "status <> 'waiting'"),
    ):
        op.create_index(f"ix_gift_cards_{name}", "gift_cards", [column], postgresql_where=sa.text(where))
    op.create_table(
        "gift_card_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("transfer", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("account", sa.String(6), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["gift_cards.id"], name="fk_gift_card_entries_card_id_gift_cards"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_gift_card_entries_order_id_orders"),
        sa.PrimaryKeyConstraint("id", name="pk_gift_card_entries"),
        sa.UniqueConstraint(
            "card_id", "transfer", "account", name="uq_gift_card_entries_card_id_transfer_account"
        ),
    )
    op.create_index("ix_gift_card_entries_card", "gift_card_entries", ["card_id", "id"])
    op.create_index("ix_gift_card_entries_order_id", "gift_card_entries", ["order_id"])
    op.create_table(
        "gift_card_uses",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("checkout_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_gift_card_uses_amount_positive")),
        sa.ForeignKeyConstraint(["card_id"], ["gift_cards.id"], name="fk_gift_card_uses_card_id_gift_cards"),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name="fk_gift_card_uses_checkout_id_checkouts", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_gift_card_uses_order_id_orders"),
        sa.PrimaryKeyConstraint("id", name="pk_gift_card_uses"),
        sa.UniqueConstraint("checkout_id", "card_id", name="uq_gift_card_uses_checkout_id_card_id"),
    )
    op.create_index("ix_gift_card_uses_card", "gift_card_uses", ["card_id", "id"])
    op.create_index("ix_gift_card_uses_order_id", "gift_card_uses", ["order_id"])
    op.create_index(
        "ix_gift_card_uses_reserved", "gift_card_uses", ["checkout_id"],
        postgresql_where=sa.text("state = 'reserved'"),
    )  # fmt: skip
    op.add_column(
        "carts", sa.Column("gift_card_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False)
    )
    op.add_column("checkouts", sa.Column("gift_minor", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "store_profile",
        sa.Column("gift_cards", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )
    # a refund that goes back two ways has its lines' quantity in the first part alone
    op.execute(f"ALTER TABLE refund_lines DROP CONSTRAINT {OLD_CHECK}")
    op.create_check_constraint(op.f("ck_refund_lines_quantity_not_negative"), "refund_lines", "quantity >= 0")


def downgrade() -> None:
    op.execute("DELETE FROM refund_lines WHERE quantity = 0")
    op.drop_constraint(op.f("ck_refund_lines_quantity_not_negative"), "refund_lines")
    op.create_check_constraint(op.f(OLD_CHECK), "refund_lines", "quantity > 0")
    op.drop_column("store_profile", "gift_cards")
    op.drop_column("checkouts", "gift_minor")
    op.drop_column("carts", "gift_card_ids")
    op.drop_table("gift_card_uses")
    op.drop_table("gift_card_entries")
    op.drop_table("gift_cards")
