"""An order: frozen prices, who, where to, what was paid, and the story of all that happened."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core import clock
from shop.core.secrets import new_token
from shop.extensions import Model, UtcDateTime


class Order(Model):
    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_placed_at", "placed_at"),
        # the list, in each of its orders; what is not archived may be few among many
        Index("ix_orders_open", "placed_at", "id", postgresql_where=text("archived_at IS NULL")),
        Index("ix_orders_total", "store_total_minor", "id"),
        Index("ix_orders_customer_name", "customer_name", "id"),
        Index("ix_orders_channel", "channel", "placed_at"),
        Index("ix_orders_country", text("(ship_to ->> 'country'::text)"), "placed_at"),
        Index("ix_orders_tags", "tags", postgresql_using="gin"),
        Index("ix_orders_updated_at", "updated_at"),
        Index("ix_orders_email", "email"),
        Index("ix_orders_email_folded", text("lower(email::text)"), "placed_at"),  # a shopper's history
        Index("ix_orders_customer", "customer_id", "placed_at"),
        Index("ix_orders_payment", "payment_status", "placed_at"),
        Index("ix_orders_fulfilment", "fulfilment_status", "placed_at"),
        # the words of a name, an address and a number: the panel's search asks in the same terms
        Index(
            "ix_orders_words",
            text(
                "to_tsvector('simple'::regconfig, "
                "(((customer_name::text || ' '::text) || replace(email::text, '@'::text, ' '::text)) || ' '::text) "
                "|| replace(number::text, '-'::text, ' '::text))"
            ),
            postgresql_using="gin",
        ),
        CheckConstraint("total_minor >= 0", name="total_not_negative"),
    )

    number: Mapped[str] = mapped_column(String(20), unique=True)  # random, leaks nothing: "K7QM-4T2X"
    token: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)  # the guest's link
    #: where it came from: "checkout:<checkout id>" | "<connection>:<their order id>"; exactly one order each
    source_key: Mapped[str] = mapped_column(String(120), unique=True)
    channel: Mapped[str] = mapped_column(String(40), default="storefront")
    status: Mapped[str] = mapped_column(String(12), default="placed")  # placed | completed | cancelled
    payment_status: Mapped[str] = mapped_column(String(16), default="unpaid")
    fulfilment_status: Mapped[str] = mapped_column(String(16), default="requested")
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    email: Mapped[str] = mapped_column(String(254))
    customer_name: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    #: {"name","line1","line2","city","state","postal_code","country"}
    ship_to: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    bill_to: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    locale: Mapped[str] = mapped_column(String(8), default="en")
    note: Mapped[str] = mapped_column(Text, default="")
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_minor: Mapped[int] = mapped_column(Integer)
    shipping_minor: Mapped[int] = mapped_column(Integer, default=0)
    tax_minor: Mapped[int] = mapped_column(Integer, default=0)
    discount_minor: Mapped[int] = mapped_column(Integer, default=0)
    total_minor: Mapped[int] = mapped_column(Integer)
    #: the store's currency when it was placed (None: the order's own), and so much of the order's for one of it
    store_currency: Mapped[str | None] = mapped_column(String(3))
    rate: Mapped[Decimal] = mapped_column(Numeric(20, 10), default=1, server_default="1")
    #: minor units of the store's currency for one of the order's: sums over orders multiply by it
    to_store: Mapped[Decimal] = mapped_column(Numeric(30, 15), default=1, server_default="1")
    store_total_minor: Mapped[int] = mapped_column(
        BigInteger, Computed("(round(((total_minor)::numeric * to_store)))::bigint", persisted=True)
    )
    tax_included: Mapped[bool] = mapped_column(Boolean, default=True)
    shipping_method: Mapped[str] = mapped_column(String(12), default="standard")
    shipping_label: Mapped[str] = mapped_column(String(80), default="")
    is_test: Mapped[bool] = mapped_column(Boolean, default=False)
    #: the platform it was bought on writes to the buyer: we do not
    letters_elsewhere: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # out of the way, in its own view
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list, server_default="{}")
    #: rises with every change of the row and every entry of its story
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now(), onupdate=clock.now)

    lines: Mapped[list[OrderLine]] = relationship(order_by="OrderLine.id", viewonly=True)
    entries: Mapped[list[OrderEntry]] = relationship(order_by="OrderEntry.at, OrderEntry.id", viewonly=True)
    adjustments: Mapped[list[Adjustment]] = relationship(order_by="Adjustment.id", viewonly=True)


class OrderLine(Model):
    __tablename__ = "order_lines"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="SET NULL"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variants.id", ondelete="SET NULL"))
    title: Mapped[str] = mapped_column(String(300))
    variant_title: Mapped[str] = mapped_column(String(200), default="")
    sku: Mapped[str] = mapped_column(String(120), default="")
    #: what the provider needs: {"product_id": str, "variant_id": int, "blueprint_id": int, "print_provider_id": int}
    printable: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    image: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_minor: Mapped[int] = mapped_column(Integer)
    unit_cost_minor: Mapped[int] = mapped_column(Integer, default=0)
    total_minor: Mapped[int] = mapped_column(Integer)
    tax_minor: Mapped[int] = mapped_column(Integer, default=0)
    discount_minor: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # its share of the order's
    #: made to the buyer's specification, as was said before the purchase: no right to withdraw
    is_personalised: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")


class Adjustment(Model):
    """One row that changes a price, with its source: shipping, tax, discounts."""

    __tablename__ = "adjustments"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # shipping | tax | discount | rounding
    source: Mapped[str] = mapped_column(String(80), default="")
    label: Mapped[str] = mapped_column(String(120))
    amount_minor: Mapped[int] = mapped_column(Integer)
    included: Mapped[bool] = mapped_column(Boolean, default=False)  # already inside the prices: told, not added
    #: of a tax, where it is known: 0.19
    rate: Mapped[Decimal | None] = mapped_column(Numeric(6, 5))


class OrderEntry(Model):
    """The story: every move of every status, with who, from, to, why."""

    __tablename__ = "order_entries"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    what: Mapped[str] = mapped_column(String(40))  # placed, paid, submitted, shipped, note, letter …
    who: Mapped[str] = mapped_column(String(80), default="system")
    from_status: Mapped[str | None] = mapped_column(String(20))
    to_status: Mapped[str | None] = mapped_column(String(20))
    why: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    for_buyer: Mapped[bool] = mapped_column(Boolean, default=False)
    #: who wrote a note: nobody else may change it
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id", ondelete="SET NULL"))
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
