"""sync: linked things, runs, steps and conflicts

Revision ID: 0026
Revises: 0025

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_links",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.String(length=10), nullable=False),
        sa.Column("our_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=160), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("base", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("theirs", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("theirs_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("ours_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("theirs_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("seen_run_id", sa.BigInteger(), nullable=True),
        sa.Column("is_gone", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_channel_links_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["channel_links.id"],
            name=op.f("fk_channel_links_parent_id_channel_links"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_links")),
        sa.UniqueConstraint(
            "connection_id", "entity", "external_id", name=op.f("uq_channel_links_connection_id_entity_external_id")
        ),
        sa.UniqueConstraint(
            "connection_id", "entity", "our_id", name=op.f("uq_channel_links_connection_id_entity_our_id")
        ),
    )
    op.create_index("ix_channel_links_ours", "channel_links", ["entity", "our_id"], unique=False)
    op.create_index(
        "ix_channel_links_parent",
        "channel_links",
        ["parent_id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_table(
        "parked_records",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.String(length=10), nullable=False),
        sa.Column("external_id", sa.String(length=160), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("raw", postgresql.JSONB(), nullable=True),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_parked_records_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked_records")),
        sa.UniqueConstraint(
            "connection_id", "entity", "external_id", name=op.f("uq_parked_records_connection_id_entity_external_id")
        ),
    )
    op.create_table(
        "sync_conflicts",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.String(length=10), nullable=False),
        sa.Column("our_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=160), nullable=False),
        sa.Column("subject", sa.String(length=300), server_default="", nullable=False),
        sa.Column("field", sa.String(length=160), nullable=False),
        sa.Column("base", postgresql.JSONB(), nullable=True),
        sa.Column("ours", postgresql.JSONB(), nullable=True),
        sa.Column("theirs", postgresql.JSONB(), nullable=True),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("chosen", sa.String(length=6), server_default="", nullable=False),
        sa.Column("who", sa.String(length=254), server_default="", nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_sync_conflicts_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_conflicts")),
    )
    op.create_index("ix_sync_conflicts_state", "sync_conflicts", ["state", "id"], unique=False)
    op.create_index(
        "uq_sync_conflicts_open",
        "sync_conflicts",
        ["connection_id", "entity", "our_id", "field"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "sync_runs",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.String(length=10), nullable=False),
        sa.Column("direction", sa.String(length=6), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("cause", sa.String(length=12), nullable=False),
        sa.Column("stage", sa.String(length=8), server_default="read", nullable=False),
        sa.Column("outcome", sa.String(length=10), server_default="running", nullable=False),
        sa.Column("must_review", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("wait_why", sa.Text(), server_default="", nullable=False),
        sa.Column("who", sa.String(length=254), server_default="", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False),
        sa.Column("is_whole", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("read", sa.Integer(), server_default="0", nullable=False),
        sa.Column("processed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("archived", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("errors", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("undo_of", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_sync_runs_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["undo_of"], ["sync_runs.id"], name=op.f("fk_sync_runs_undo_of_sync_runs"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_runs")),
    )
    op.create_index("ix_sync_runs_connection", "sync_runs", ["connection_id", "id"], unique=False)
    op.create_index(
        "ix_sync_runs_open",
        "sync_runs",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.create_index(
        "uq_sync_runs_open",
        "sync_runs",
        ["connection_id", "entity"],
        unique=True,
        postgresql_where=sa.text("outcome IN ('running','waiting') AND mode <> 'hook'"),
    )
    op.create_table(
        "sync_settings",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.String(length=10), nullable=False),
        sa.Column("direction", sa.String(length=6), server_default="import", nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("every_minutes", sa.Integer(), server_default="15", nullable=False),
        sa.Column("default_rule", sa.String(length=6), server_default="ask", nullable=False),
        sa.Column("rules", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("options", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("watermark", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_full_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_sync_settings_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_settings")),
        sa.UniqueConstraint("connection_id", "entity", name=op.f("uq_sync_settings_connection_id_entity")),
    )
    op.create_index("ix_sync_settings_next", "sync_settings", ["next_at"], unique=False)
    op.create_table(
        "sync_steps",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=8), nullable=False),
        sa.Column("side", sa.String(length=6), server_default="", nullable=False),
        sa.Column("subject", sa.String(length=300), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("our_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(length=160), server_default="", nullable=False),
        sa.Column("to_ours", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("to_theirs", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("base", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("record", postgresql.JSONB(), nullable=True),
        sa.Column("replaced", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("state", sa.String(length=8), server_default="planned", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_runs.id"], name=op.f("fk_sync_steps_run_id_sync_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_steps")),
    )
    op.create_index("ix_sync_steps_run", "sync_steps", ["run_id", "state", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_sync_steps_run", table_name="sync_steps")
    op.drop_table("sync_steps")
    op.drop_index("ix_sync_settings_next", table_name="sync_settings")
    op.drop_table("sync_settings")
    op.drop_index(
        "uq_sync_runs_open",
        table_name="sync_runs",
        postgresql_where=sa.text("outcome IN ('running','waiting') AND mode <> 'hook'"),
    )
    op.drop_index(
        "ix_sync_runs_open",
        table_name="sync_runs",
        postgresql_where=sa.text("work_state IN ('due','working','parked')"),
    )
    op.drop_index("ix_sync_runs_connection", table_name="sync_runs")
    op.drop_table("sync_runs")
    op.drop_index("uq_sync_conflicts_open", table_name="sync_conflicts", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_sync_conflicts_state", table_name="sync_conflicts")
    op.drop_table("sync_conflicts")
    op.drop_table("parked_records")
    op.drop_index(
        "ix_channel_links_parent", table_name="channel_links", postgresql_where=sa.text("parent_id IS NOT NULL")
    )
    op.drop_index("ix_channel_links_ours", table_name="channel_links")
    op.drop_table("channel_links")
