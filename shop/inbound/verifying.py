"""Is this call really from them? Raw bytes, constant time, a missing secret means refuse."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Any

import stripe

from shop.errors import ShopError


class Forged(ShopError):
    """The signature does not fit, is missing, or is stale. Nothing is stored."""

    status = 400
    title = "The signature of this call does not fit"


def verify_stripe(raw: bytes, header: str | None, secrets: Sequence[str], tolerance: int) -> None:
    """contracts/stripe.md §8. Any of the secrets may fit (two during rotation). Raises Forged."""
    if not header or not secrets or len(header) > 2000:
        raise Forged
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Forged from error
    if _stamp(header) > time.time() + tolerance:  # the SDK limits the past only
        raise Forged
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(text, header, secret, tolerance)
        except stripe.SignatureVerificationError:
            continue
        return
    raise Forged


def _stamp(header: str) -> float:
    for part in header.split(","):
        if part.startswith("t=") and part[2:].isdigit() and len(part) < 16:
            return float(part[2:])
    raise Forged


def stripe_facts(header: str | None) -> dict[str, Any]:
    """What a signature that was verified says, for the log: {"scheme", "signed_at" (epoch seconds)}."""
    return {"scheme": "Stripe-Signature, v1", "signed_at": int(_stamp(header or ""))}


def printify_facts() -> dict[str, Any]:
    """Theirs carries no time."""
    return {"scheme": "X-Pfy-Signature, sha256"}


def verify_printify(raw: bytes, header: str | None, secret: str) -> None:
    """contracts/printify.md §7: `sha256=<hex>` over the raw body. Raises Forged."""
    if not header or not secret:
        raise Forged
    expected = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), header.encode("utf-8", "replace")):
        raise Forged
