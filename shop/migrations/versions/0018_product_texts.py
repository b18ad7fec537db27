"""texts in other languages

Revision ID: 0018
Revises: 0017

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TRANSLATED = ("products", "collections", "size_guides")


def upgrade() -> None:
    """Languages the store offers; texts of products, collections and size guides in them; words that products share."""
    op.add_column("store_profile", sa.Column("languages", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False))
    for table in TRANSLATED:
        op.add_column(table, sa.Column("translations", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False))
    op.create_table(
        "catalog_words",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("word", sa.String(120), nullable=False),
        sa.Column("translations", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_words")),
        sa.UniqueConstraint("word", name=op.f("uq_catalog_words_word")),
    )


def downgrade() -> None:
    op.drop_table("catalog_words")
    for table in reversed(TRANSLATED):
        op.drop_column(table, "translations")
    op.drop_column("store_profile", "languages")
