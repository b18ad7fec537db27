"""outgoing webhooks: endpoints, messages, deliveries, attempts; stored events are found by topic and by outside id

Revision ID: 0005
Revises: 0004

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DURABLE = ("inbound_events", "letters", "fulfilment_orders", "refunds", "images", "webhook_deliveries")
OPEN = sa.text("work_state IN ('due','working','parked')")


def _id():
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True)


def _at(name):
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _durable():
    return (
        sa.Column("work_state", sa.String(12), server_default="due", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _at("due_at"),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("calling_since", sa.DateTime(timezone=True)),
        sa.Column("error_kind", sa.String(12)),
        sa.Column("error_text", sa.Text()),
        sa.Column("error_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
    )


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("url", sa.String(1000), nullable=False),
        sa.Column("description", sa.String(200), server_default="", nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.String(40)), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("disabled_why", sa.String(300), server_default="", nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text()),
        sa.Column("old_secret_until", sa.DateTime(timezone=True)),
        _at("created_at"),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("last_success_at", sa.DateTime(timezone=True)),
        _id(),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("key", sa.String(40), nullable=False, unique=True),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _at("created_at"),
        _id(),
    )
    op.create_index("ix_webhook_messages_type", "webhook_messages", ["type", "id"])
    op.create_index("ix_webhook_messages_at", "webhook_messages", ["created_at"])
    op.create_table(
        "webhook_deliveries",
        sa.Column(
            "message_id", sa.BigInteger(), sa.ForeignKey("webhook_messages.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column(
            "endpoint_id", sa.BigInteger(), sa.ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("outcome", sa.String(10), server_default="", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_status", sa.Integer()),
        *_durable(),
        _id(),
        sa.UniqueConstraint("message_id", "endpoint_id", name="uq_webhook_deliveries_message_id_endpoint_id"),
    )
    op.create_index("ix_webhook_deliveries_open", "webhook_deliveries", ["due_at"], postgresql_where=OPEN)
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint_id", "id"])
    op.create_index("ix_webhook_deliveries_outcome", "webhook_deliveries", ["outcome", "id"])
    op.create_table(
        "webhook_attempts",
        sa.Column(
            "delivery_id", sa.BigInteger(), sa.ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), nullable=False
        ),
        _at("at"),
        sa.Column("status", sa.Integer()),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        _id(),
    )
    op.create_index("ix_webhook_attempts_delivery", "webhook_attempts", ["delivery_id", "id"])
    op.add_column("inbound_events", sa.Column("signature", postgresql.JSONB()))
    op.create_index("ix_inbound_events_topic", "inbound_events", ["topic", "id"])
    for table in DURABLE:
        op.create_index(f"ix_{table}_done", table, ["finished_at"])


def downgrade() -> None:
    for table in DURABLE:
        op.drop_index(f"ix_{table}_done", table)
    op.drop_index("ix_inbound_events_topic", "inbound_events")
    op.drop_column("inbound_events", "signature")
    for table in ("webhook_attempts", "webhook_deliveries", "webhook_messages", "webhook_endpoints"):
        op.drop_table(table)
