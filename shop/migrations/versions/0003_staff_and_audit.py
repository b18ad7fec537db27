"""staff and audit

Revision ID: 0003
Revises: 0002

"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REFUSE = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log cannot be changed' USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade():
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(254, collation="C"), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("what", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(120, collation="C"), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(60), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at", "id"])
    op.create_index("ix_audit_entries_who", "audit_entries", ["who", "at", "id"])
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject", "at", "id"])
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER audit_entries_are_kept BEFORE UPDATE OR DELETE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )


    staff_tables()


def staff_tables():
    op.add_column("staff_members", sa.Column("totp_secret", sa.Text(), nullable=True))
    op.add_column("staff_members", sa.Column("totp_on_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("staff_members", sa.Column("totp_last_step", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_column("staff_members", "session_key")
    op.add_column(
        "store_profile", sa.Column("staff_totp_required", sa.Boolean(), server_default="false", nullable=False)
    )
    moment = lambda name, nullable=False: sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
    member = lambda: sa.Column("staff_id", sa.BigInteger(), nullable=False)

    def table(name, *columns, belongs=True):
        rules = [sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}"))]
        if belongs:
            rules.append(
                sa.ForeignKeyConstraint(
                    ["staff_id"], ["staff_members.id"], name=op.f(f"fk_{name}_staff_id_staff_members"), ondelete="CASCADE"
                )
            )
        op.create_table(name, sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False), *columns, *rules)

    table(
        "staff_sessions",
        member(),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(60), nullable=False),
        moment("created_at"),
        moment("last_seen_at"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    op.create_index("ix_staff_sessions_staff_id", "staff_sessions", ["staff_id"])
    op.create_index("ix_staff_sessions_last_seen_at", "staff_sessions", ["last_seen_at"])
    table(
        "staff_invitations",
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("invited_by", sa.String(254), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        moment("created_at"),
        moment("expires_at"),
        sa.UniqueConstraint("email", name=op.f("uq_staff_invitations_email")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_invitations_token_hash")),
        belongs=False,
    )
    table(
        "staff_resets",
        member(),
        sa.Column("token_hash", sa.String(64), nullable=False),
        moment("created_at"),
        moment("expires_at"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_resets_token_hash")),
    )
    op.create_index("ix_staff_resets_staff_id", "staff_resets", ["staff_id"])
    table(
        "staff_backup_codes",
        member(),
        sa.Column("code_hash", sa.String(64), nullable=False),
        moment("used_at", nullable=True),
        sa.UniqueConstraint("staff_id", "code_hash", name=op.f("uq_staff_backup_codes_staff_id_code_hash")),
    )


def downgrade():
    for name in ("staff_backup_codes", "staff_resets", "staff_invitations", "staff_sessions"):
        op.drop_table(name)
    op.drop_column("store_profile", "staff_totp_required")
    op.add_column("staff_members", sa.Column("session_key", sa.String(64), server_default="", nullable=False))
    for name in ("totp_last_step", "totp_on_at", "totp_secret"):
        op.drop_column("staff_members", name)
    op.drop_table("audit_entries")
    op.execute("DROP FUNCTION refuse_audit_change()")
