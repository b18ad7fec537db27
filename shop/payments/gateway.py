"""What a payment gateway does for us. Stripe is the first; the words here are ours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class PayLine:
    name: str
    unit_minor: int
    quantity: int
    description: str = ""
    image_url: str = ""


@dataclass(frozen=True)
class PayShipping:
    label: str
    amount_minor: int
    method: str
    days_min: int = 0
    days_max: int = 0


@dataclass(frozen=True)
class PayRequest:
    """All that a payment page needs. Amounts in minor units. `key` makes a repeat return the same page."""

    key: str
    reference: str
    currency: str
    lines: tuple[PayLine, ...]
    shipping: tuple[PayShipping, ...]
    countries: tuple[str, ...]
    success_url: str
    cancel_url: str
    expires_at: datetime
    email: str | None = None
    locale: str = "auto"
    automatic_tax: bool = False
    prices_include_tax: bool = True
    ask_phone: bool = True
    discount_minor: int = 0  # off the lines, all together
    discount_label: str = ""
    is_recoverable: bool = True  # an expired page may be opened again at the same price
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PayPage:
    session_id: str
    url: str | None
    status: str  # open | complete | expired


@dataclass(frozen=True)
class SessionFacts:
    """The truth about one payment page, asked of the gateway."""

    session_id: str
    reference: str | None
    status: str  # open | complete | expired
    payment: str  # paid | unpaid | failed
    amount_total: int
    currency: str
    shipping_minor: int
    tax_minor: int
    discount_minor: int
    shipping_label: str
    shipping_method: str
    payment_id: str | None
    email: str
    name: str
    phone: str
    ship_to: dict[str, Any]
    bill_to: dict[str, Any]
    method_text: str
    problem: str
    recovery_url: str | None
    wants_mail: bool
    url: str | None
    is_test: bool


@dataclass(frozen=True)
class RefundFacts:
    refund_id: str
    payment_id: str
    amount_minor: int
    currency: str
    status: str  # pending | succeeded | failed | cancelled
    reason: str
    our_refund_id: int | None


@dataclass(frozen=True)
class DisputeFacts:
    dispute_id: str
    payment_id: str
    amount_minor: int
    currency: str
    status: str
    reason: str
    evidence_due_at: datetime | None
    is_answered: bool = False  # evidence was sent; the bank takes it once
    details: dict[str, Any] = field(default_factory=dict)  # {"card", "code", "past_due"}: for people


@dataclass(frozen=True)
class GatewayEvent:
    event_id: str
    topic: str
    subject_id: str | None
    payload: dict[str, Any]
    created: int


class Gateway(ABC):
    """Raises OutsideError kinds. A declined card is a result, not an exception."""

    @abstractmethod
    def open_page(self, request: PayRequest) -> PayPage:
        """Make the payment page; the same `request.key` with the same content returns the same page."""

    @abstractmethod
    def close_page(self, session_id: str) -> PayPage:
        """Expire it. One that is complete already stays complete: the answer says so."""

    @abstractmethod
    def read_session(self, session_id: str) -> SessionFacts:
        """Ask for the truth."""

    @abstractmethod
    def refund(self, *, key: str, payment_id: str, amount_minor: int, our_refund_id: int, reason: str) -> RefundFacts:
        """Give money back. The same key is answered with the first result."""

    @abstractmethod
    def list_refunds(self, *, payment_id: str = "", charge_id: str = "") -> list[RefundFacts]:
        """Every refund of a payment, or of one charge."""

    @abstractmethod
    def read_refund(self, refund_id: str) -> RefundFacts:
        """One refund as it stands now."""

    @abstractmethod
    def read_dispute(self, dispute_id: str) -> DisputeFacts:
        """One dispute as it stands now."""

    @abstractmethod
    def upload_evidence(self, *, key: str, name: str, content_type: str, body: bytes) -> str:
        """Store a document for an answer; its id there. The same key returns the same file."""

    @abstractmethod
    def answer_dispute(self, *, key: str, dispute_id: str, evidence: dict[str, str]) -> DisputeFacts:
        """Send the evidence (texts, and ids of uploaded files). It can be sent once, and never changed."""

    @abstractmethod
    def accept_dispute(self, *, key: str, dispute_id: str) -> DisputeFacts:
        """Give the dispute up: the buyer keeps the money. It cannot be taken back."""

    @abstractmethod
    def list_events(self, since: int, topics: list[str]) -> Iterator[list[GatewayEvent]]:
        """Every event created at or after `since` (Unix seconds), newest first, page by page."""

    @abstractmethod
    def list_ways_to_pay(self) -> tuple[str, ...]:
        """What the payment page offers, as keys of payments/wallets.NAMES."""
