"""catalogue editing

Revision ID: 0008
Revises: 0007

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs of changes with what they replaced; size guides; old addresses; products that come and go by the clock."""
    op.create_table(
        "size_guides",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=2), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note_html", sa.Text(), nullable=False),
        sa.Column("product_types", postgresql.ARRAY(sa.String(length=80)), nullable=False),
        sa.Column("collection_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_size_guides")),
        sa.UniqueConstraint("name", name=op.f("uq_size_guides_name")),
    )
    op.create_table(
        "slug_redirects",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("slug", sa.String(length=160), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slug_redirects")),
        sa.UniqueConstraint("kind", "slug", name=op.f("uq_slug_redirects_kind_slug")),
    )
    op.create_index("ix_slug_redirects_target", "slug_redirects", ["kind", "target_id"])
    op.add_column("products", sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("products", sa.Column("hide_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("products", sa.Column("size_guide_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_products_size_guide_id_size_guides"),
        "products", "size_guides", ["size_guide_id"], ["id"], ondelete="SET NULL",
    )  # fmt: skip
    for name in ("publish_at", "hide_at", "size_guide_id"):
        op.create_index(f"ix_products_{name}", "products", [name], postgresql_where=sa.text(f"{name} IS NOT NULL"))
    op.create_table(
        "change_runs",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("who", sa.String(length=254), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in (
                "total", "progress", "products", "planned", "done", "skipped", "failed", "wrong", "undone", "kept",
            )
        ),
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
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_change_runs_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_runs")),
    )
    op.create_index(
        "ix_change_runs_open", "change_runs", ["due_at"],
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )  # fmt: skip
    op.create_index(
        "ix_change_runs_product", "change_runs", ["product_id", "id"],
        postgresql_where=sa.text("product_id IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "change_items",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("line", sa.Integer(), server_default="0", nullable=False),
        sa.Column("field", sa.String(length=24), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("was_own", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("state", sa.String(length=8), server_default="planned", nullable=False),
        sa.Column("reason", sa.String(length=400), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_change_items_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["change_runs.id"], name=op.f("fk_change_items_run_id_change_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_items")),
    )
    op.create_index("ix_change_items_state", "change_items", ["run_id", "state", "product_id"])
    op.create_index("ix_change_items_line", "change_items", ["run_id", "line", "id"])
    op.create_index(op.f("ix_change_items_product_id"), "change_items", ["product_id"])
    op.create_table(
        "change_files",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["change_runs.id"], name=op.f("fk_change_files_run_id_change_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_files")),
        sa.UniqueConstraint("run_id", name=op.f("uq_change_files_run_id")),
    )


def downgrade() -> None:
    op.drop_table("change_files")
    op.drop_table("change_items")
    op.drop_table("change_runs")
    op.drop_constraint(op.f("fk_products_size_guide_id_size_guides"), "products", type_="foreignkey")
    for name in ("size_guide_id", "hide_at", "publish_at"):
        op.drop_index(f"ix_products_{name}", table_name="products")
        op.drop_column("products", name)
    op.drop_table("slug_redirects")
    op.drop_table("size_guides")
