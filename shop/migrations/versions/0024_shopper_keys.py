"""passkeys, second step, wishlist, saved carts

Revision ID: 0024
Revises: 0023

"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("shoppers", sa.Column("totp_secret", sa.Text(), nullable=True))
    op.add_column("shoppers", sa.Column("totp_on_at", TIME, nullable=True))
    op.add_column("shoppers", sa.Column("totp_last_step", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("shoppers", sa.Column("passkey_handle", sa.String(64), nullable=True))
    op.add_column("shoppers", sa.Column("wishlist_token", sa.String(64), nullable=True))
    op.create_unique_constraint("uq_shoppers_passkey_handle", "shoppers", ["passkey_handle"])
    op.create_unique_constraint("uq_shoppers_wishlist_token", "shoppers", ["wishlist_token"])
    _keys()
    _sessions()
    _wishes()
    _carts()


def _keys() -> None:
    op.create_table(
        "shopper_backup_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("shopper_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        _belongs("shopper_backup_codes", "shopper_id", "shoppers", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_shopper_backup_codes"),
        sa.UniqueConstraint("shopper_id", "code_hash", name="uq_shopper_backup_codes_shopper_id_code_hash"),
    )
    op.create_table(
        "shopper_passkeys",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("shopper_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=True),
        _belongs("shopper_passkeys", "shopper_id", "shoppers", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_shopper_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_shopper_passkeys_credential_id"),
    )
    op.create_index("ix_shopper_passkeys_shopper_id", "shopper_passkeys", ["shopper_id"])
    op.create_table(
        "shopper_challenges",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("challenge_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shopper_challenges"),
        sa.UniqueConstraint("challenge_hash", name="uq_shopper_challenges_challenge_hash"),
    )
    op.create_index("ix_shopper_challenges_expires_at", "shopper_challenges", ["expires_at"])


def _sessions() -> None:
    op.add_column("shopper_sessions", sa.Column("how", sa.String(20), server_default="password", nullable=False))
    op.add_column("shopper_sessions", sa.Column("passkey_id", sa.BigInteger(), nullable=True))
    op.add_column("shopper_sessions", sa.Column("proven_at", TIME, nullable=True))
    op.create_foreign_key(
        "fk_shopper_sessions_passkey_id_shopper_passkeys", "shopper_sessions", "shopper_passkeys", ["passkey_id"],
        ["id"], ondelete="SET NULL",
    )  # fmt: skip
    op.create_index("ix_shopper_sessions_passkey_id", "shopper_sessions", ["passkey_id"])


def _wishes() -> None:
    op.create_table(
        "wishes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("shopper_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("is_chosen", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(300), server_default="", nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        _belongs("wishes", "shopper_id", "shoppers", "CASCADE"),
        _belongs("wishes", "variant_id", "variants", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_wishes"),
        sa.UniqueConstraint("shopper_id", "variant_id", name="uq_wishes_shopper_id_variant_id"),
    )
    op.create_index("ix_wishes_variant_id", "wishes", ["variant_id"])


def _carts() -> None:
    op.add_column("carts", sa.Column("shopper_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_carts_shopper_id_shoppers", "carts", "shoppers", ["shopper_id"], ["id"], ondelete="CASCADE"
    )
    op.create_unique_constraint("uq_carts_shopper_id", "carts", ["shopper_id"])
    op.create_table(
        "saved_carts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("shopper_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        _belongs("saved_carts", "shopper_id", "shoppers", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_carts"),
    )
    op.create_index("ix_saved_carts_shopper_id", "saved_carts", ["shopper_id"])
    op.create_table(
        "saved_cart_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("saved_cart_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.String(400), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        _belongs("saved_cart_lines", "saved_cart_id", "saved_carts", "CASCADE"),
        _belongs("saved_cart_lines", "variant_id", "variants", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_cart_lines"),
    )
    op.create_index("ix_saved_cart_lines_saved_cart_id", "saved_cart_lines", ["saved_cart_id"])
    op.create_index("ix_saved_cart_lines_variant_id", "saved_cart_lines", ["variant_id"])


def _belongs(table: str, column: str, to: str, when_gone: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}_{to}", ondelete=when_gone)


def downgrade() -> None:
    for table in ("saved_cart_lines", "saved_carts"):
        op.drop_table(table)
    op.drop_column("carts", "shopper_id")
    op.drop_table("wishes")
    for column in ("proven_at", "passkey_id", "how"):
        op.drop_column("shopper_sessions", column)
    for table in ("shopper_challenges", "shopper_passkeys", "shopper_backup_codes"):
        op.drop_table(table)
    for column in ("wishlist_token", "passkey_handle", "totp_last_step", "totp_on_at", "totp_secret"):
        op.drop_column("shoppers", column)
