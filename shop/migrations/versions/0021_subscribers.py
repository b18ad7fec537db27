"""newsletter, stock and price letters, cart reminders

Revision ID: 0021
Revises: 0020

"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, primary_key=True)


def _moment(name: str, nullable: bool = True, now: bool = False) -> sa.Column[Any]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _text(name: str, length: int, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=length), server_default=default, nullable=False)


def _number(name: str, default: str | None = "0") -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), server_default=default, nullable=False)


def _work(state: str) -> list[sa.Column[Any]]:
    return [
        _text("work_state", 12, state),
        _number("attempts"),
        _moment("due_at", nullable=False, now=True),
        _moment("lease_until"),
        _number("fence"),
        _moment("calling_since"),
        sa.Column("error_kind", sa.String(length=12)),
        sa.Column("error_text", sa.Text()),
        _moment("error_at"),
        _moment("finished_at"),
    ]


def _open_work(table: str) -> None:
    op.create_index(
        f"ix_{table}_open", table, ["due_at"], postgresql_where=sa.text("work_state IN ('due','working','parked')")
    )


def upgrade() -> None:
    op.create_table(
        "subscribers",
        _id(),
        _text("email", 254),
        _text("locale", 8, "en"),
        _text("newsletter", 8, "none"),
        sa.Column("refused", postgresql.ARRAY(sa.String(length=12)), server_default=sa.text("'{}'"), nullable=False),
        _text("stopped", 12, ""),
        _text("source", 20, ""),
        _moment("confirmed_at"),
        _moment("ended_at"),
        _moment("created_at", nullable=False, now=True),
        sa.UniqueConstraint("email", name="uq_subscribers_email"),
    )
    op.create_index(
        "ix_subscribers_on", "subscribers", ["id"], postgresql_where=sa.text("newsletter = 'on' AND stopped = ''")
    )
    op.create_index("ix_subscribers_state", "subscribers", ["newsletter", "id"])
    op.create_table(
        "letter_consents",
        _id(),
        sa.Column(
            "subscriber_id",
            sa.BigInteger(),
            sa.ForeignKey(
                "subscribers.id", name="fk_letter_consents_subscriber_id_subscribers", ondelete="CASCADE"
            ),
            nullable=False,
        ),
        _moment("at", nullable=False, now=True),
        _text("kind", 12),
        _text("what", 10),
        _text("source", 20),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        _text("who", 80, ""),
        sa.Column("campaign_id", sa.BigInteger()),
    )
    op.create_index("ix_letter_consents_subscriber_id", "letter_consents", ["subscriber_id"])
    op.create_index(
        "ix_letter_consents_campaign",
        "letter_consents",
        ["campaign_id"],
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.create_table(
        "product_watches",
        _id(),
        _text("kind", 12),
        _text("email", 254),
        _text("locale", 8, "en"),
        sa.Column(
            "variant_id",
            sa.BigInteger(),
            sa.ForeignKey("variants.id", name="fk_product_watches_variant_id_variants", ondelete="CASCADE"),
            nullable=False,
        ),
        _number("price_minor"),
        _text("currency", 3, ""),
        _text("status", 8, "asked"),
        _moment("created_at", nullable=False, now=True),
        _moment("confirmed_at"),
        _moment("expires_at", nullable=False),
        _moment("told_at"),
        *_work("done"),
    )
    _open_work("product_watches")
    op.create_index(
        "uq_product_watches_one",
        "product_watches",
        ["kind", "email", "variant_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('asked','waiting')"),
    )
    op.create_index(
        "ix_product_watches_waiting",
        "product_watches",
        ["variant_id"],
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_product_watches_email", "product_watches", ["email"])
    op.create_index("ix_product_watches_expires_at", "product_watches", ["expires_at"])
    op.create_table(
        "campaigns",
        _id(),
        _text("title", 120),
        sa.Column("texts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("product_ids", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        _text("status", 10, "draft"),
        _moment("starts_at"),
        _moment("started_at"),
        _moment("ended_at"),
        sa.Column("reached_id", sa.BigInteger(), server_default="0", nullable=False),
        _number("written"),
        sa.Column("shared", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        _moment("created_at", nullable=False, now=True),
        _moment("changed_at", nullable=False, now=True),
        *_work("done"),
    )
    _open_work("campaigns")
    op.create_table(
        "cart_reminders",
        _id(),
        sa.Column(
            "checkout_id",
            sa.BigInteger(),
            sa.ForeignKey("checkouts.id", name="fk_cart_reminders_checkout_id_checkouts", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "cart_id",
            sa.BigInteger(),
            sa.ForeignKey("carts.id", name="fk_cart_reminders_cart_id_carts", ondelete="SET NULL"),
        ),
        _number("cart_generation", None),
        sa.Column("restored_cart_id", sa.BigInteger()),
        _text("email", 254),
        _text("locale", 8, "en"),
        _moment("left_at", nullable=False),
        _number("step"),
        _number("letters"),
        _text("status", 8, "waiting"),
        _text("why", 20, ""),
        sa.Column(
            "order_id", sa.BigInteger(), sa.ForeignKey("orders.id", name="fk_cart_reminders_order_id_orders")
        ),
        sa.Column("is_recovered", sa.Boolean(), server_default="false", nullable=False),
        _number("amount_minor"),
        _text("currency", 3, ""),
        _moment("created_at", nullable=False, now=True),
        _moment("ended_at"),
        *_work("due"),
        sa.UniqueConstraint("checkout_id", name="uq_cart_reminders_checkout_id"),
    )
    _open_work("cart_reminders")
    op.create_index("ix_cart_reminders_cart", "cart_reminders", ["cart_id", "cart_generation"])
    op.create_index("ix_cart_reminders_email", "cart_reminders", ["email"])
    op.create_index("ix_cart_reminders_ended", "cart_reminders", ["ended_at"])
    op.create_table(
        "letter_shared_facts",
        _id(),
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        _moment("created_at", nullable=False, now=True),
    )
    op.add_column(
        "letters",
        sa.Column(
            "shared_id",
            sa.BigInteger(),
            sa.ForeignKey("letter_shared_facts.id", name="fk_letters_shared_id_letter_shared_facts"),
        ),
    )
    op.create_index(
        "ix_letters_shared", "letters", ["shared_id", "work_state"], postgresql_where=sa.text("shared_id IS NOT NULL")
    )
    op.add_column(
        "store_profile",
        sa.Column("reminders", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )


    op.execute("""
        INSERT INTO subscribers (email, locale, newsletter, source, confirmed_at)
        SELECT lower(c.email), c.locale, 'on', 'checkout', now() FROM customers c
         WHERE c.accepts_marketing AND c.merged_into_id IS NULL AND c.erased_at IS NULL
        ON CONFLICT DO NOTHING""")
    op.execute("""
        INSERT INTO letter_consents (subscriber_id, kind, what, source, words)
        SELECT id, 'newsletter', 'imported', 'checkout', 'Agreed as a customer; see the history of their consent'
          FROM subscribers""")


def downgrade() -> None:
    op.drop_column("store_profile", "reminders")
    op.drop_index("ix_letters_shared", "letters")
    op.drop_column("letters", "shared_id")
    for table in (
        "letter_shared_facts", "cart_reminders", "campaigns", "product_watches", "letter_consents", "subscribers",
    ):  # fmt: skip
        op.drop_table(table)
