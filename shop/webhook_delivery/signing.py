"""Signatures by the Standard Webhooks rules (standardwebhooks.com, specification 1.0, symmetric scheme "v1")."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32
SHORTEST, LONGEST = 24, 64


def new_secret() -> str:
    """whsec_ and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError unless it is whsec_ and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is not base64") from error
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError("a secret is whsec_ and 24 to 64 bytes in base64")
    return key


def sign(secret: str, message_key: str, timestamp: int, body: bytes) -> str:
    """v1,<base64 of HMAC-SHA256 over "id.timestamp.body">."""
    signed = f"{message_key}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()


def headers_for(secrets: Sequence[str], message_key: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers; one signature for each secret (two during a rotation), divided by a space."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": message_key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_key, timestamp, body) for secret in secrets),
    }
