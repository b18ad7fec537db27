"""Stripe behind our gateway interface (contracts/stripe.md). SDK 16 pinned; base addresses are settings."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import stripe

from shop.core.secrets import redact
from shop.core.settings import current_settings
from shop.errors import Misunderstood, NeedsReconnect, RateLimited, Refused, Unavailable
from shop.payments.gateway import (
    DisputeFacts,
    Gateway,
    GatewayEvent,
    PayPage,
    PayRequest,
    RefundFacts,
    SessionFacts,
)
from shop.payments.reading_stripe import (
    coupon_payload,
    read_dispute,
    read_event,
    read_refund,
    read_session,
    session_payload,
)
from shop.payments.stripe_calls import WrittenDown, about
from shop.payments.wallets import ways_in

stripe.enable_telemetry = False
EXPAND = ["payment_intent.latest_charge", "shipping_cost.shipping_rate"]
PAGES_AT_MOST = 1000  # of a hundred events


class StripeGateway(Gateway):
    def __init__(self, secret_key: str, base_url: str = "") -> None:
        bases: Any = {"api": base_url.rstrip("/"), "files": base_url.rstrip("/")} if base_url else {}
        self.client = stripe.StripeClient(
            secret_key,
            base_addresses=bases,
            max_network_retries=2,
            http_client=WrittenDown(timeout=(5, 20)),
        )

    def open_page(self, request: PayRequest) -> PayPage:
        about_it = f"checkout:{request.reference}"
        payload: Any = session_payload(request, self._coupon(request, about_it) if request.discount_minor else None)
        options: Any = {"idempotency_key": request.key}
        session = self._call(lambda: self.client.v1.checkout.sessions.create(payload, options), about_it)
        return PayPage(session.id, session.url, session.status or "open")

    def _coupon(self, request: PayRequest, about_it: str) -> str:
        params: Any = coupon_payload(request)
        options: Any = {"idempotency_key": f"{request.key}-coupon"}
        return str(self._call(lambda: self.client.v1.coupons.create(params, options), about_it).id)

    def close_page(self, session_id: str) -> PayPage:
        try:
            session = self._call(lambda: self.client.v1.checkout.sessions.expire(session_id), f"stripe:{session_id}")
        except Refused:  # not open any more: the truth is in the object
            session = self._call(lambda: self.client.v1.checkout.sessions.retrieve(session_id), f"stripe:{session_id}")
        return PayPage(session.id, session.url, session.status or "expired")

    def read_session(self, session_id: str) -> SessionFacts:
        asked: Any = {"expand": EXPAND}
        session = self._call(
            lambda: self.client.v1.checkout.sessions.retrieve(session_id, asked), f"stripe:{session_id}"
        )
        return read_session(session.to_dict())

    def refund(self, *, key: str, payment_id: str, amount_minor: int, our_refund_id: int, reason: str) -> RefundFacts:
        params: Any = {
            "payment_intent": payment_id,
            "amount": amount_minor,
            "reason": "requested_by_customer",
            "metadata": {"imprint_refund": str(our_refund_id), "why": reason[:400]},
        }
        answer = self._call(
            lambda: self.client.v1.refunds.create(params, {"idempotency_key": key}), f"refund:{our_refund_id}"
        )
        return read_refund(answer.to_dict())

    def list_refunds(self, *, payment_id: str = "", charge_id: str = "") -> list[RefundFacts]:
        whose: Any = {"charge": charge_id} if charge_id else {"payment_intent": payment_id}
        page = self._call(
            lambda: self.client.v1.refunds.list({**whose, "limit": 100}), f"stripe:{charge_id or payment_id}"
        )
        return [read_refund(r.to_dict()) for r in page.data]

    def read_refund(self, refund_id: str) -> RefundFacts:
        answer = self._call(lambda: self.client.v1.refunds.retrieve(refund_id), f"stripe:{refund_id}")
        return read_refund(answer.to_dict())

    def read_dispute(self, dispute_id: str) -> DisputeFacts:
        answer = self._call(lambda: self.client.v1.disputes.retrieve(dispute_id), f"stripe:{dispute_id}")
        return read_dispute(answer.to_dict())

    def upload_evidence(self, *, key: str, name: str, content_type: str, body: bytes) -> str:
        held = io.BytesIO(body)
        held.name = name
        params: Any = {"purpose": "dispute_evidence", "file": held}
        return str(self._call(lambda: self.client.v1.files.create(params, {"idempotency_key": key})).id)

    def answer_dispute(self, *, key: str, dispute_id: str, evidence: dict[str, str]) -> DisputeFacts:
        params: Any = {"evidence": evidence, "submit": True}
        answer = self._call(
            lambda: self.client.v1.disputes.update(dispute_id, params, {"idempotency_key": key}),
            f"stripe:{dispute_id}",
        )
        return read_dispute(answer.to_dict())

    def accept_dispute(self, *, key: str, dispute_id: str) -> DisputeFacts:
        answer = self._call(
            lambda: self.client.v1.disputes.close(dispute_id, {}, {"idempotency_key": key}), f"stripe:{dispute_id}"
        )
        return read_dispute(answer.to_dict())

    def list_events(self, since: int, topics: list[str]) -> Iterator[list[GatewayEvent]]:
        params: Any = {"created": {"gte": since}, "types": topics, "limit": 100}
        for _ in range(PAGES_AT_MOST):
            asked = dict(params)
            page = self._call(lambda asked=asked: self.client.v1.events.list(asked))
            yield [read_event(e.to_dict()) for e in page.data]
            if not page.has_more or not page.data:
                return
            params["starting_after"] = page.data[-1].id
        raise Misunderstood("Stripe's list of events does not end.", service="stripe")

    def list_ways_to_pay(self) -> tuple[str, ...]:
        page = self._call(lambda: self.client.v1.payment_method_configurations.list({"limit": 100}))
        return ways_in([configuration.to_dict() for configuration in page.data])

    def _call(self, call: Any, subject: str = "") -> Any:
        """`subject` names the row or the outside id in the log of calls."""
        try:
            with about(subject):
                return call()
        except stripe.StripeError as error:
            raise told(error) from error
        except ValueError as error:
            raise Misunderstood(
                "Stripe answered in a way we do not know.", service="stripe", detail=str(error)
            ) from error


def told(error: stripe.StripeError) -> Refused | Unavailable | NeedsReconnect | Misunderstood:
    """Stripe's error classes → who must act (contracts/stripe.md §10)."""
    detail = redact(f"{error.http_status or ''} {error.code or ''} {error.user_message or error}")[:500]
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return NeedsReconnect("Stripe refused our key.", service="stripe", detail=detail)
    if isinstance(error, stripe.RateLimitError):
        return RateLimited("Stripe asks us to slow down.", service="stripe", detail=detail, retry_at=None)
    if isinstance(error, stripe.InvalidRequestError | stripe.IdempotencyError | stripe.CardError):
        return Refused("Stripe refused this request.", service="stripe", detail=detail)
    if isinstance(error, stripe.APIConnectionError) or (error.http_status or 500) >= 500 or error.http_status == 409:
        return Unavailable("Stripe cannot be reached.", service="stripe", detail=detail, sent=True)
    return Misunderstood("Stripe answered in a way we do not know.", service="stripe", detail=detail)


@lru_cache(maxsize=8)
def _made(secret_key: str, base_url: str) -> StripeGateway:
    return StripeGateway(secret_key, base_url)


def gateway() -> Gateway:
    """The store's gateway. Raises NeedsReconnect when no key is set."""
    config = current_settings()
    if not config.stripe_secret_key:
        raise NeedsReconnect("Payments are not set up: STRIPE_SECRET_KEY is missing.", service="stripe")
    return _made(config.stripe_secret_key, config.stripe_base_url)
