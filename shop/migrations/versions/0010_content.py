"""content

Revision ID: 0010
Revises: 0009

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NEW_PAGE_COLUMNS = ("seo_title", "seo_description", "status", "legal", "translations", "is_sample", "changed_at")


def upgrade() -> None:
    now = sa.text("now()")
    empty = sa.text("'{}'::jsonb")
    for column in (
        sa.Column("seo_title", sa.String(200), server_default="", nullable=False),
        sa.Column("seo_description", sa.String(400), server_default="", nullable=False),
        sa.Column("status", sa.String(12), server_default="published", nullable=False),
        sa.Column("legal", sa.String(12), server_default="", nullable=False),
        sa.Column("translations", postgresql.JSONB(), server_default=empty, nullable=False),
        sa.Column("is_sample", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
    ):
        op.add_column("content_pages", column)
    op.execute("UPDATE content_pages SET legal = slug WHERE slug IN ('terms', 'privacy', 'returns', 'shipping')")
    op.create_index(
        "ix_content_pages_legal", "content_pages", ["legal"], unique=True, postgresql_where=sa.text("legal <> ''")
    )
    op.create_table(
        "content_redirects",
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("page_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_redirects")),
        sa.UniqueConstraint("slug", name=op.f("uq_content_redirects_slug")),
        sa.ForeignKeyConstraint(
            ["page_id"], ["content_pages.id"], name=op.f("fk_content_redirects_page_id_content_pages"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_content_redirects_page_id", "content_redirects", ["page_id"])
    op.create_table(
        "menu_items",
        sa.Column("menu", sa.String(8), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("translations", postgresql.JSONB(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_items")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["menu_items.id"], name=op.f("fk_menu_items_parent_id_menu_items"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "announcements",
        sa.Column("text", sa.String(300), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("tone", sa.String(12), nullable=False),
        sa.Column("translations", postgresql.JSONB(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_table(
        "home_page",
        sa.Column("singleton", sa.SmallInteger(), nullable=False),
        sa.Column("draft", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("published", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home_page")),
        sa.UniqueConstraint("singleton", name=op.f("uq_home_page_singleton")),
    )
    op.add_column("store_profile", sa.Column("checkout", postgresql.JSONB(), server_default=empty, nullable=False))


def downgrade() -> None:
    op.drop_column("store_profile", "checkout")
    for table in ("home_page", "announcements", "menu_items", "content_redirects"):
        op.drop_table(table)
    op.drop_index("ix_content_pages_legal", table_name="content_pages")
    for name in NEW_PAGE_COLUMNS:
        op.drop_column("content_pages", name)
