"""design uploads

Revision ID: 0013
Revises: 0012

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "designs",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("file_key", sa.String(80), nullable=False),
        sa.Column("preview_key", sa.String(80), nullable=False),
        sa.Column("mime_type", sa.String(20), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.String(64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_designs"),
        sa.UniqueConstraint("digest", name="uq_designs_digest"),
    )
    op.create_table(
        "new_products",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("reference", sa.String(24), nullable=False),
        sa.Column("design_id", sa.BigInteger(), nullable=False),
        sa.Column("blueprint_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("blank_title", sa.String(300), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("description_html", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.String(80)), nullable=False),
        sa.Column("variants", postgresql.JSONB(), nullable=False),
        sa.Column("placements", postgresql.JSONB(), nullable=False),
        sa.Column("wants_publishing", sa.Boolean(), nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("external_id", sa.String(64), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("requested_by", sa.String(120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("work_state", sa.String(12), server_default="due", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("calling_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_kind", sa.String(12), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["design_id"], ["designs.id"], name="fk_new_products_design_id_designs"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name="fk_new_products_product_id_products", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_new_products"),
        sa.UniqueConstraint("reference", name="uq_new_products_reference"),
        sa.UniqueConstraint("external_id", name="uq_new_products_external_id"),
    )
    op.create_index("ix_new_products_design_id", "new_products", ["design_id"])
    op.create_index(
        "ix_new_products_open",
        "new_products",
        ["due_at"],
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )


def downgrade() -> None:
    op.drop_table("new_products")
    op.drop_table("designs")
