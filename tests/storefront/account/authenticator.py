"""A passkey in software: what a phone would answer, and what a forger would."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """`count`: its counter; `flags`: whether somebody was there and was verified."""

    origin: str
    rp_id: str
    credential_id: bytes = b"a key in a test "
    count: int = 0
    flags: int = PRESENT | VERIFIED
    handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, question: dict[str, Any]) -> str:
        self.handle = unb64(question["user"]["id"])
        public = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32), -3: public.y.to_bytes(32)}
        held = b"\0" * 16 + len(self.credential_id).to_bytes(2) + self.credential_id + cbor2.dumps(cose)
        seen = self._seen(ATTESTED) + held
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": seen})
        client = self._client("webauthn.create", question["challenge"])
        return self._json({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def get(self, question: dict[str, Any]) -> str:
        self.count += 1
        client, seen = self._client("webauthn.get", question["challenge"]), self._seen()
        signed = self.key.sign(seen + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._json(
            {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(seen),
                "signature": b64(signed),
                "userHandle": b64(self.handle),
            }
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _seen(self, more: int = 0) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4)

    def _json(self, response: dict[str, str]) -> str:
        key = b64(self.credential_id)
        return json.dumps({"id": key, "rawId": key, "type": "public-key", "response": response})
