"""connections to other platforms and their tokens

Revision ID: 0025
Revises: 0024

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connections",
        sa.Column("channel", sa.String(24), nullable=False),
        sa.Column("name", sa.String(120), server_default="", nullable=False),
        sa.Column("store_url", sa.String(300), server_default="", nullable=False),
        sa.Column("account_id", sa.String(120), server_default="", nullable=False),
        sa.Column("account", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("settings", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("secrets", sa.Text()),
        sa.Column("status", sa.String(12), server_default="connecting", nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refreshing_until", sa.DateTime(timezone=True)),
        sa.Column("refresh_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refresh_not_before", sa.DateTime(timezone=True)),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
    )
    op.create_index("ix_connections_channel", "connections", ["channel"])
    op.create_table(
        "connection_tokens",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_tokens")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_connection_tokens_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("connection_id", "kind", name=op.f("uq_connection_tokens_connection_id_kind")),
    )
    op.create_table(
        "consent_requests",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.String(500), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_requests")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_consent_requests_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff_members.id"],
            name=op.f("fk_consent_requests_staff_id_staff_members"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("state_hash", name=op.f("uq_consent_requests_state_hash")),
    )


def downgrade() -> None:
    op.drop_table("consent_requests")
    op.drop_table("connection_tokens")
    op.drop_table("connections")
