"""API keys, the answers kept for repeated writes, and when orders, customers and collections changed last

Revision ID: 0004
Revises: 0003

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def moment(name, nullable=True):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=None if nullable else NOW)


def upgrade():
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("prefix", sa.String(12), nullable=False),
        sa.Column("token_hash", sa.String(80), nullable=False),
        sa.Column("last_signs", sa.String(4), nullable=False),
        sa.Column("previous_hash", sa.String(80)),
        moment("previous_until"),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String(40)), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(64), nullable=False),
        sa.Column("created_by_id", sa.BigInteger()),
        sa.Column("created_by", sa.String(120), nullable=False),
        moment("created_at", nullable=False),
        moment("rotated_at"),
        moment("expires_at"),
        moment("revoked_at"),
        moment("last_used_at"),
        sa.Column("last_used_ip", sa.String(45), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("public_id", name="uq_api_keys_public_id"),
        sa.UniqueConstraint("form_key", name="uq_api_keys_form_key"),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_members.id"], name="fk_api_keys_created_by_id_staff_members", ondelete="SET NULL"
        ),
    )
    op.create_table(
        "api_answers",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("path", sa.String(500), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        moment("lease_until"),
        sa.Column("fence", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("status", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("answer", sa.Text()),
        moment("created_at", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_answers"),
        sa.UniqueConstraint("api_key_id", "key", name="uq_api_answers_api_key_id_key"),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name="fk_api_answers_api_key_id_api_keys", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_api_answers_created_at", "api_answers", ["created_at"])
    op.add_column("orders", moment("updated_at", nullable=False))
    op.create_index("ix_orders_updated_at", "orders", ["updated_at"])
    op.add_column("customers", moment("updated_at", nullable=False))
    op.add_column("collections", moment("created_at", nullable=False))
    op.add_column("collections", moment("updated_at", nullable=False))


def downgrade():
    op.drop_column("collections", "updated_at")
    op.drop_column("collections", "created_at")
    op.drop_column("customers", "updated_at")
    op.drop_index("ix_orders_updated_at", "orders")
    op.drop_column("orders", "updated_at")
    op.drop_table("api_answers")
    op.drop_table("api_keys")
