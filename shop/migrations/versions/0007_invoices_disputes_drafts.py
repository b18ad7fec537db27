"""invoices and their counters, answers to disputes with their files, draft orders

Revision ID: 0007
Revises: 0006

"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('invoice_counters',
    sa.Column('series', sa.String(length=24), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice_counters')),
    sa.UniqueConstraint('series', name=op.f('uq_invoice_counters_series'))
    )
    op.create_table('draft_orders',
    sa.Column('token', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('customer_name', sa.String(length=200), nullable=False),
    sa.Column('phone', sa.String(length=40), nullable=False),
    sa.Column('ship_to', postgresql.JSONB(), nullable=False),
    sa.Column('shipping_method', sa.String(length=12), nullable=False),
    sa.Column('percent_off', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('locale', sa.String(length=8), nullable=False),
    sa.Column('frozen', postgresql.JSONB(), nullable=True),
    sa.Column('total_minor', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('items', sa.Integer(), nullable=False),
    sa.Column('times_sent', sa.Integer(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('link_expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('order_id', sa.BigInteger(), nullable=True),
    sa.Column('created_by', sa.String(length=120), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_draft_orders_order_id_orders')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft_orders')),
    sa.UniqueConstraint('token', name=op.f('uq_draft_orders_token'))
    )
    op.create_index('ix_draft_orders_list', 'draft_orders', ['status', 'updated_at'], unique=False)
    op.create_index(op.f('ix_draft_orders_order_id'), 'draft_orders', ['order_id'], unique=False)
    op.create_table('draft_items',
    sa.Column('draft_id', sa.BigInteger(), nullable=False),
    sa.Column('variant_id', sa.BigInteger(), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('seen_minor', sa.Integer(), nullable=False),
    sa.Column('own_minor', sa.Integer(), nullable=True),
    sa.Column('percent_off', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('handed_over', sa.Boolean(), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.CheckConstraint('quantity BETWEEN 1 AND 999', name=op.f('ck_draft_items_quantity_bounded')),
    sa.ForeignKeyConstraint(['draft_id'], ['draft_orders.id'], name=op.f('fk_draft_items_draft_id_draft_orders'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['variant_id'], ['variants.id'], name=op.f('fk_draft_items_variant_id_variants'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft_items')),
    sa.UniqueConstraint('draft_id', 'variant_id', name=op.f('uq_draft_items_draft_id_variant_id'))
    )
    op.create_index(op.f('ix_draft_items_variant_id'), 'draft_items', ['variant_id'], unique=False)
    op.create_table('dispute_answers',
    sa.Column('dispute_id', sa.BigInteger(), nullable=False),
    sa.Column('order_id', sa.BigInteger(), nullable=False),
    sa.Column('step', sa.String(length=8), nullable=False),
    sa.Column('evidence', postgresql.JSONB(), nullable=False),
    sa.Column('asked_by', sa.String(length=120), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('work_state', sa.String(length=12), server_default='due', nullable=False),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fence', sa.Integer(), server_default='0', nullable=False),
    sa.Column('calling_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error_kind', sa.String(length=12), nullable=True),
    sa.Column('error_text', sa.Text(), nullable=True),
    sa.Column('error_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.ForeignKeyConstraint(['dispute_id'], ['disputes.id'], name=op.f('fk_dispute_answers_dispute_id_disputes')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_dispute_answers_order_id_orders')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dispute_answers')),
    sa.UniqueConstraint('dispute_id', name=op.f('uq_dispute_answers_dispute_id'))
    )
    op.create_index('ix_dispute_answers_open', 'dispute_answers', ['due_at'], unique=False, postgresql_where=sa.text("work_state IN ('due','working','parked')"))
    op.create_index(op.f('ix_dispute_answers_order_id'), 'dispute_answers', ['order_id'], unique=False)
    op.create_table('dispute_files',
    sa.Column('dispute_id', sa.BigInteger(), nullable=False),
    sa.Column('field', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('content_type', sa.String(length=40), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('external_id', sa.String(length=255), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.ForeignKeyConstraint(['dispute_id'], ['disputes.id'], name=op.f('fk_dispute_files_dispute_id_disputes')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dispute_files')),
    sa.UniqueConstraint('dispute_id', 'field', name=op.f('uq_dispute_files_dispute_id_field'))
    )
    op.create_table('invoices',
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('series', sa.String(length=24), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('order_id', sa.BigInteger(), nullable=False),
    sa.Column('refund_id', sa.BigInteger(), nullable=True),
    sa.Column('corrects_id', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('total_minor', sa.Integer(), nullable=False),
    sa.Column('tax_minor', sa.Integer(), nullable=False),
    sa.Column('facts', postgresql.JSONB(), nullable=False),
    sa.Column('issued_by', sa.String(length=120), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.CheckConstraint("kind IN ('invoice', 'credit_note')", name=op.f('ck_invoices_kind_known')),
    sa.CheckConstraint('number > 0', name=op.f('ck_invoices_number_positive')),
    sa.ForeignKeyConstraint(['corrects_id'], ['invoices.id'], name=op.f('fk_invoices_corrects_id_invoices')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_invoices_order_id_orders')),
    sa.ForeignKeyConstraint(['refund_id'], ['refunds.id'], name=op.f('fk_invoices_refund_id_refunds')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoices')),
    sa.UniqueConstraint('name', name=op.f('uq_invoices_name')),
    sa.UniqueConstraint('refund_id', name=op.f('uq_invoices_refund_id')),
    sa.UniqueConstraint('series', 'number', name=op.f('uq_invoices_series_number'))
    )
    op.create_index('ix_invoices_issued_at', 'invoices', ['issued_at'], unique=False)
    op.create_index('ix_invoices_one_an_order', 'invoices', ['order_id'], unique=True, postgresql_where=sa.text("kind = 'invoice'"))
    op.create_index(op.f('ix_invoices_order_id'), 'invoices', ['order_id'], unique=False)
    op.add_column('checkouts', sa.Column('draft_order_id', sa.BigInteger(), nullable=True))
    op.create_index(op.f('ix_checkouts_draft_order_id'), 'checkouts', ['draft_order_id'], unique=False)
    op.create_foreign_key(op.f('fk_checkouts_draft_order_id_draft_orders'), 'checkouts', 'draft_orders', ['draft_order_id'], ['id'])
    op.create_index('ix_disputes_due', 'disputes', ['status', 'evidence_due_at'], unique=False)
    op.add_column('store_profile', sa.Column('invoicing', postgresql.JSONB(), server_default='{}', nullable=False))

    # an issued document is written once: the database itself refuses to change or delete it
    op.execute(
        """
        CREATE FUNCTION refuse_to_change_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'an issued invoice is never changed or deleted' USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER invoices_are_kept BEFORE UPDATE OR DELETE ON invoices "
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_change_invoice()"
    )


def downgrade() -> None:
    op.drop_column('store_profile', 'invoicing')
    op.drop_index('ix_disputes_due', table_name='disputes')
    op.drop_constraint(op.f('fk_checkouts_draft_order_id_draft_orders'), 'checkouts', type_='foreignkey')
    op.drop_index(op.f('ix_checkouts_draft_order_id'), table_name='checkouts')
    op.drop_column('checkouts', 'draft_order_id')
    op.drop_index(op.f('ix_invoices_order_id'), table_name='invoices')
    op.drop_index('ix_invoices_one_an_order', table_name='invoices', postgresql_where=sa.text("kind = 'invoice'"))
    op.drop_index('ix_invoices_issued_at', table_name='invoices')
    op.drop_table('invoices')
    op.execute("DROP FUNCTION refuse_to_change_invoice()")
    op.drop_table('dispute_files')
    op.drop_index(op.f('ix_dispute_answers_order_id'), table_name='dispute_answers')
    op.drop_index('ix_dispute_answers_open', table_name='dispute_answers', postgresql_where=sa.text("work_state IN ('due','working','parked')"))
    op.drop_table('dispute_answers')
    op.drop_index(op.f('ix_draft_items_variant_id'), table_name='draft_items')
    op.drop_table('draft_items')
    op.drop_index(op.f('ix_draft_orders_order_id'), table_name='draft_orders')
    op.drop_index('ix_draft_orders_list', table_name='draft_orders')
    op.drop_table('draft_orders')
    op.drop_table('invoice_counters')
