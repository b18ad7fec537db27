"""Send what is owed to endpoints: several at once, outside any transaction, then each result in one of its own.

A worker that dies after a call and before its result is written down leaves the row to the next one, which sends
again under the same id: at least once, and receivers know a repeat by the header webhook-id.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shop.core import log
from shop.core.durable import Claim, LostLease
from shop.core.transaction import release_connection, run_in_transaction
from shop.email.requesting import request_letter
from shop.outbound.posting import Posted, post
from shop.tenancy.profile import current_profile
from shop.webhook_delivery.delivering import Outgoing, load_outgoing, record_attempt
from shop.webhook_delivery.endpoints import own_origins
from shop.webhook_delivery.models import WebhookEndpoint
from shop.workflows.letter_facts import public_url

logger = log.get_logger("webhooks")
AT_ONCE = 8


@dataclass(frozen=True)
class Failed:
    claim: Claim
    error: Exception


def deliver(held: list[Claim]) -> list[Failed]:
    """Send claimed deliveries. Returns those where we, not the endpoint, are at fault, for the caller to settle."""
    outgoing = run_in_transaction(lambda session: load_outgoing(session, held))
    release_connection()
    origins = own_origins()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks") as pool:
        results = list(pool.map(lambda sent: _send(sent, origins), outgoing))
    failed = []
    for sent, result in zip(outgoing, results, strict=True):
        if isinstance(result, Exception):
            failed.append(Failed(sent.claim, result))
            continue
        try:
            _write_down(sent, result)
        except LostLease:
            logger.info("lease lost, nothing written", delivery=sent.claim.id)
    return failed


def _send(sent: Outgoing, origins: tuple[str, ...]) -> Posted | Exception:
    try:
        return post(sent.url, sent.body, sent.headers(), origins)
    except Exception as error:  # noqa: BLE001  (becomes the row's next step)
        return error


def _write_down(sent: Outgoing, posted: Posted) -> None:
    def work(session: Session) -> None:
        switched_off = record_attempt(session, sent, posted)
        if switched_off is not None:
            _tell_merchant(session, switched_off, sent.claim)

    run_in_transaction(work)
    logger.info("webhook sent", delivery=sent.claim.id, key=sent.key, status=posted.status, ms=posted.took_ms)


def _tell_merchant(session: Session, endpoint: WebhookEndpoint, held: Claim) -> None:
    request_letter(
        session,
        letter="merchant_failure",
        subject_key=f"webhook_endpoints:{endpoint.id}#{held.id}.{held.fence}",
        to_email=current_profile().merchant_email,
        facts={
            "what": f"The webhook endpoint {endpoint.url[:120]} was switched off",
            "why": endpoint.disabled_why,
            "hint": "Put the receiver right, switch the endpoint on, then replay what it missed.",
            "url": public_url(f"/admin/developers/webhooks/{endpoint.id}"),
        },
    )
