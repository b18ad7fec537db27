"""indexes for the panel: what is parked, orders by status and by words, letters of an order, events about a thing

Revision ID: 0002
Revises: 0001

"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DURABLE = ("catalog_runs", "inbound_events", "letters", "images", "fulfilment_orders", "refunds")
BEFORE = sa.text("work_state IN ('due','working')")
AFTER = sa.text("work_state IN ('due','working','parked')")
WORDS = sa.text(
    "to_tsvector('simple'::regconfig, "
    "(((customer_name::text || ' '::text) || replace(email::text, '@'::text, ' '::text)) || ' '::text) "
    "|| replace(number::text, '-'::text, ' '::text))"
)


def upgrade():
    for table in DURABLE:
        op.drop_index(f"ix_{table}_open", table)
        op.create_index(f"ix_{table}_open", table, ["due_at"], postgresql_where=AFTER)
    op.create_index("ix_orders_payment", "orders", ["payment_status", "placed_at"])
    op.create_index("ix_orders_fulfilment", "orders", ["fulfilment_status", "placed_at"])
    op.create_index("ix_orders_words", "orders", [WORDS], postgresql_using="gin")
    op.create_index("ix_inbound_events_subject", "inbound_events", ["subject_id"])
    op.create_index("ix_letters_order", "letters", ["order_id"])
    op.create_index("ix_letters_to", "letters", ["to_email"])


def downgrade():
    op.drop_index("ix_letters_to", "letters")
    op.drop_index("ix_letters_order", "letters")
    op.drop_index("ix_inbound_events_subject", "inbound_events")
    for name in ("ix_orders_words", "ix_orders_fulfilment", "ix_orders_payment"):
        op.drop_index(name, "orders")
    for table in DURABLE:
        op.drop_index(f"ix_{table}_open", table)
        op.create_index(f"ix_{table}_open", table, ["due_at"], postgresql_where=BEFORE)
