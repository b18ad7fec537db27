"""reviews, recently viewed, bought together

Revision ID: 0020
Revises: 0019

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
IDS = postgresql.ARRAY(sa.BigInteger())
WORDS = "to_tsvector('simple'::regconfig, (((title::text || ' '::text) || body) || ' '::text) || name::text)"
#: of products: what stands on a card and at the head of a page, and what goes well with it
COLUMNS = (
    ("rating_count", sa.Integer(), "0"),
    ("rating_sum", sa.Integer(), "0"),
    ("reviews_shown", JSONB, "{}"),
    ("bought_with", IDS, "{}"),
    ("goes_with", IDS, "{}"),
    ("goes_not_with", IDS, "{}"),
)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{target}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    for name, kind, default in COLUMNS:
        op.add_column("products", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("store_profile", sa.Column("reviews", JSONB, nullable=False, server_default="{}"))
    _reviews()
    op.create_table(
        "review_asks",
        _id(),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        _time("at"),
        _to("review_asks", "order_id", "orders"),
        sa.PrimaryKeyConstraint("id", name="pk_review_asks"),
        sa.UniqueConstraint("order_id", name="uq_review_asks_order_id"),
    )
    op.create_table(
        "viewed_products",
        _id(),
        sa.Column("shopper_id", sa.BigInteger()),
        sa.Column("cart_id", sa.BigInteger()),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        _time("seen_at"),
        _to("viewed_products", "shopper_id", "shoppers"),
        _to("viewed_products", "cart_id", "carts"),
        _to("viewed_products", "product_id", "products"),
        sa.CheckConstraint("num_nonnulls(shopper_id, cart_id) = 1", name="of_one"),
        sa.PrimaryKeyConstraint("id", name="pk_viewed_products"),
        sa.UniqueConstraint("shopper_id", "product_id", name="uq_viewed_products_shopper_id_product_id"),
        sa.UniqueConstraint("cart_id", "product_id", name="uq_viewed_products_cart_id_product_id"),
    )
    op.create_index("ix_viewed_products_product_id", "viewed_products", ["product_id"])
    op.create_index("ix_shipments_delivered_at", "shipments", ["delivered_at"])
    op.create_index("ix_shipments_shipped_at", "shipments", ["shipped_at"])


def _reviews() -> None:
    op.create_table(
        "reviews",
        _id(),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_title", sa.String(200), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("pictures", JSONB, nullable=False),
        sa.Column("has_pictures", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("hidden_why", sa.String(20), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        _time("replied_at", nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("changed_at"),
        _time("decided_at", nullable=True),
        _to("reviews", "product_id", "products"),
        _to("reviews", "order_id", "orders"),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating_in_stars"),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.UniqueConstraint("order_id", "product_id", name="uq_reviews_order_id_product_id"),
    )
    op.create_index("ix_reviews_of_product", "reviews", ["product_id", "status", "created_at"])
    op.create_index("ix_reviews_status", "reviews", ["status", "changed_at"])
    op.create_index("ix_reviews_changed_at", "reviews", ["changed_at"])
    op.create_index("ix_reviews_words", "reviews", [sa.text(WORDS)], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_shipments_shipped_at", "shipments")
    op.drop_index("ix_shipments_delivered_at", "shipments")
    for table in ("viewed_products", "review_asks", "reviews"):
        op.drop_table(table)
    op.drop_column("store_profile", "reviews")
    for name, _kind, _default in reversed(COLUMNS):
        op.drop_column("products", name)
