"""price history, product safety, VAT by country

Revision ID: 0023
Revises: 0022

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

#: whoever changes a price, by whatever statement: the one before is kept, with the time until which it was asked.
#: One that was asked for no time at all (two changes in one transaction) was never a price.
KEEP_PAST_PRICE = """
CREATE FUNCTION keep_past_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO past_prices (variant_id, currency, price_minor, until)
  SELECT OLD.id, was.currency, was.price_minor, now() FROM (
    SELECT p.currency, OLD.price_minor AS price_minor FROM store_profile p
    WHERE (OLD.price_minor, OLD.compare_at_minor) IS DISTINCT FROM (NEW.price_minor, NEW.compare_at_minor)
    UNION ALL
    SELECT f.key, (f.value ->> 0)::integer FROM jsonb_each(OLD.fixed_prices) f
    WHERE f.value IS DISTINCT FROM NEW.fixed_prices -> f.key AND jsonb_typeof(f.value -> 0) = 'number') was
  WHERE NOT EXISTS (SELECT 1 FROM past_prices b
    WHERE b.variant_id = OLD.id AND b.currency = was.currency AND b.until = now());
  RETURN NULL;
END $$
"""
WATCH_VARIANTS = """
CREATE TRIGGER keep_past_price AFTER UPDATE ON variants FOR EACH ROW
WHEN (OLD.price_minor IS DISTINCT FROM NEW.price_minor OR OLD.compare_at_minor IS DISTINCT FROM NEW.compare_at_minor
  OR OLD.fixed_prices IS DISTINCT FROM NEW.fixed_prices)
EXECUTE FUNCTION keep_past_price()
"""


def upgrade() -> None:
    op.create_table(
        "past_prices",
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_past_prices_variant_id_variants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_prices")),
    )
    op.create_index("ix_past_prices_lowest", "past_prices", ["variant_id", "currency", "until"])
    op.create_index("ix_past_prices_until", "past_prices", ["until"])
    op.execute(KEEP_PAST_PRICE)
    op.execute(WATCH_VARIANTS)
    op.create_table(
        "safety_facts",
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in SAFETY),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_facts")),
        sa.UniqueConstraint("scope", "subject_id", name=op.f("uq_safety_facts_scope_subject_id")),
    )
    op.add_column("adjustments", sa.Column("rate", sa.Numeric(precision=6, scale=5), nullable=True))
    op.create_table(
        "threshold_notices",
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("percent", sa.SmallInteger(), nullable=False),
        sa.Column("sum_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threshold_notices")),
        sa.UniqueConstraint("year", "percent", name=op.f("uq_threshold_notices_year_percent")),
    )
    empty = sa.text("'{}'::jsonb")
    for name in ("eu", "payment_marks"):
        column = sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), server_default=empty, nullable=False)
        op.add_column("store_profile", column)


SAFETY = (
    "manufacturer", "manufacturer_address", "manufacturer_contact", "responsible", "responsible_address",
    "responsible_contact", "warnings", "identifier",
)  # fmt: skip


def downgrade() -> None:
    for name in ("payment_marks", "eu"):
        op.drop_column("store_profile", name)
    op.drop_table("threshold_notices")
    op.drop_column("adjustments", "rate")
    op.drop_table("safety_facts")
    op.execute("DROP TRIGGER keep_past_price ON variants")
    op.execute("DROP FUNCTION keep_past_price()")
    op.drop_table("past_prices")
