"""Gift cards, the ledger of every card, and what each checkout has set aside of it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.secrets import EncryptedText, new_token
from shop.extensions import Model, UtcDateTime


class GiftCard(Model):
    """status: waiting (to be paid for) → active ⇄ disabled; active → expired (→ active, when money comes back to it).

    The balance moves only through `ledger.py`; it falls only by one conditional UPDATE.
    """

    __tablename__ = "gift_cards"
    __table_args__ = (
        CheckConstraint("balance_minor >= 0", name="balance_not_negative"),
        CheckConstraint("initial_minor > 0", name="initial_positive"),
        Index("ix_gift_cards_due", "deliver_at", postgresql_where=text("delivered_at IS NULL AND status = 'active'")),
        Index("ix_gift_cards_ends", "expires_on", postgresql_where=text("status = 'active'")),
        Index("ix_gift_cards_listed", "id", postgresql_where=text("status <> 'waiting'")),
    )

    #: keyed hash of the code (codes.py); None until the card is paid for
    code_hash: Mapped[str | None] = mapped_column(String(80), unique=True)
    last_four: Mapped[str] = mapped_column(String(4), default="", index=True)
    #: the code for the letter and the printable page; forgotten some weeks after it went out
    code: Mapped[str | None] = mapped_column(EncryptedText)
    token: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)  # the buyer's printable page
    currency: Mapped[str] = mapped_column(String(3))
    initial_minor: Mapped[int] = mapped_column(Integer)
    balance_minor: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[str] = mapped_column(String(10), default="waiting")
    source: Mapped[str] = mapped_column(String(10))  # bought | issued | channel (another platform's)
    expires_on: Mapped[date | None] = mapped_column(Date)  # the last day it pays
    checkout_id: Mapped[int | None] = mapped_column(ForeignKey("checkouts.id", ondelete="SET NULL"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)  # it was bought with
    buyer_email: Mapped[str] = mapped_column(String(254), default="", index=True)
    recipient_name: Mapped[str] = mapped_column(String(100), default="")
    recipient_email: Mapped[str] = mapped_column(String(254), default="", index=True)
    sender_name: Mapped[str] = mapped_column(String(100), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str] = mapped_column(String(8), default="en")
    deliver_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: no letter to the recipient
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the letter was asked for
    letters: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # how often
    note: Mapped[str] = mapped_column(String(300), default="")  # for staff
    issued_by: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now(), index=True)


class GiftCardEntry(Model):
    """One side of a transfer between two accounts of a card. Both sides have the same `transfer`, and sum to zero.

    Accounts: free (= the balance), held (set aside for checkouts), spent (paid for orders), shop (where the money of
    the card came from, and where it goes when it runs out).
    """

    __tablename__ = "gift_card_entries"
    __table_args__ = (
        UniqueConstraint("card_id", "transfer", "account"),
        Index("ix_gift_card_entries_card", "card_id", "id"),
    )

    card_id: Mapped[int] = mapped_column(ForeignKey("gift_cards.id"))
    transfer: Mapped[str] = mapped_column(String(80))  # "capture:12": the same transfer is never made twice
    kind: Mapped[str] = mapped_column(String(10))  # issue | reserve | capture | release | refund | adjust | expire
    account: Mapped[str] = mapped_column(String(6))
    amount_minor: Mapped[int] = mapped_column(Integer)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    who: Mapped[str] = mapped_column(String(120), default="system")
    why: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class GiftCardUse(Model):
    """state: reserved → captured | released. What one checkout takes of one card."""

    __tablename__ = "gift_card_uses"
    __table_args__ = (
        UniqueConstraint("checkout_id", "card_id"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_gift_card_uses_card", "card_id", "id"),
        Index("ix_gift_card_uses_reserved", "checkout_id", postgresql_where=text("state = 'reserved'")),
    )

    card_id: Mapped[int] = mapped_column(ForeignKey("gift_cards.id"))
    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkouts.id", ondelete="CASCADE"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="reserved")
    amount_minor: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
