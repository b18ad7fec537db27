"""accounts of customers

Revision ID: 0014
Revises: 0013

"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _table(name: str, *columns: sa.Column, unique: tuple[str, ...] = (), of_shopper: bool = True) -> None:
    owner = [sa.Column("shopper_id", sa.BigInteger(), nullable=False)] if of_shopper else []
    key = (
        [
            sa.ForeignKeyConstraint(
                ["shopper_id"], ["shoppers.id"], name=f"fk_{name}_shopper_id_shoppers", ondelete="CASCADE"
            )
        ]
        if of_shopper
        else []
    )
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *owner,
        *columns,
        *key,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        *(sa.UniqueConstraint(column, name=f"uq_{name}_{column}") for column in unique),
    )


def upgrade() -> None:
    op.create_table(
        "shoppers",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        _time("created_at"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_shoppers_customer_id_customers"),
        sa.PrimaryKeyConstraint("id", name="pk_shoppers"),
        sa.UniqueConstraint("email", name="uq_shoppers_email"),
    )
    op.create_index("ix_shoppers_customer_id", "shoppers", ["customer_id"])
    _table(
        "shopper_registrations",
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        _time("created_at"),
        _time("expires_at"),
        unique=("token_hash",),
        of_shopper=False,
    )
    _table(
        "shopper_sessions",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(60), nullable=False),
        _time("created_at"),
        _time("last_seen_at"),
        unique=("token_hash",),
    )
    _table(
        "shopper_links",
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        _time("created_at"),
        _time("expires_at"),
        unique=("token_hash",),
    )
    _table(
        "shopper_email_changes",
        sa.Column("new_email", sa.String(254), nullable=False),
        sa.Column("old_hash", sa.String(64), nullable=False),
        sa.Column("new_hash", sa.String(64), nullable=False),
        _time("old_at", nullable=True),
        _time("new_at", nullable=True),
        _time("created_at"),
        _time("expires_at"),
        unique=("shopper_id", "old_hash", "new_hash"),
    )
    _table(
        "shopper_mailboxes",
        sa.Column("email", sa.String(254), nullable=False),
        _time("since", nullable=True),
        _time("left_at", nullable=True),
    )
    _table(
        "shopper_addresses",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("line1", sa.String(120), nullable=False),
        sa.Column("line2", sa.String(120), server_default="", nullable=False),
        sa.Column("city", sa.String(80), nullable=False),
        sa.Column("state", sa.String(80), server_default="", nullable=False),
        sa.Column("postal_code", sa.String(20), server_default="", nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=False),
        _time("created_at"),
    )
    for table, column in (
        ("shopper_registrations", "email"),
        ("shopper_registrations", "expires_at"),
        ("shopper_sessions", "shopper_id"),
        ("shopper_sessions", "last_seen_at"),
        ("shopper_links", "shopper_id"),
        ("shopper_links", "expires_at"),
        ("shopper_email_changes", "expires_at"),
        ("shopper_mailboxes", "shopper_id"),
        ("shopper_mailboxes", "email"),
        ("shopper_addresses", "shopper_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_index("ix_orders_email_folded", "orders", [sa.text("lower(email::text)"), "placed_at"])


def downgrade() -> None:
    op.drop_index("ix_orders_email_folded", table_name="orders")
    for name in ("addresses", "mailboxes", "email_changes", "links", "sessions", "registrations"):
        op.drop_table(f"shopper_{name}")
    op.drop_table("shoppers")
