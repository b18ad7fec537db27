"""Secrets: encrypted columns with key ids, unguessable tokens, redaction for logs."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets as _secrets
from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

_keys: list[Fernet] = []
_key_ids: list[str] = []
_peppers: list[bytes] = []


def load_keys(keys: Iterable[str]) -> None:
    """Set the encryption keys, newest first. Older keys still decrypt; new writes use the first."""
    _keys[:] = [Fernet(k) for k in keys]
    _key_ids[:] = [hashlib.sha256(k.encode()).hexdigest()[:8] for k in keys]
    _peppers[:] = [hashlib.sha256(b"keyed hash:" + k.encode()).digest() for k in keys]


def encrypt(plain: str) -> str:
    """`<key id>:<token>` under the newest key."""
    return f"{_key_ids[0]}:{_keys[0].encrypt(plain.encode()).decode()}"


def decrypt(stored: str) -> str:
    """Raises ValueError when no key fits."""
    _, _, token = stored.partition(":")
    try:
        return MultiFernet(_keys).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ValueError("no encryption key fits this secret (see docs/deploy.md, rotating secrets)") from error


def is_under_newest_key(stored: str) -> bool:
    """Whether an encrypted text would be written the same way today."""
    return stored.partition(":")[0] == _key_ids[0]


class EncryptedText(TypeDecorator[str]):
    """A text column that is never in clear in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:
        return None if value is None else encrypt(value)

    def process_result_value(self, value: str | None, dialect: object) -> str | None:
        return None if value is None else decrypt(value)


def keyed_hash(token: str) -> str:
    """`<key id>:<HMAC-SHA256>` under the newest key: for random tokens of 128 bits or more, never for passwords."""
    return f"{_key_ids[0]}:{hmac.new(_peppers[0], token.encode(), hashlib.sha256).hexdigest()}"


def keyed_hashes(token: str) -> list[str]:
    """What `keyed_hash` may have made of it, under every key we still have: to look a token up."""
    made = zip(_key_ids, _peppers, strict=True)
    return [f"{key_id}:{hmac.new(pepper, token.encode(), hashlib.sha256).hexdigest()}" for key_id, pepper in made]


def fits_hash(token: str, stored: str) -> bool:
    """Whether `stored` was made from this token, under any key we still have. Constant time."""
    key_id, _, digest = stored.partition(":")
    for known, pepper in zip(_key_ids, _peppers, strict=True):
        if known == key_id:
            return same(hmac.new(pepper, token.encode(), hashlib.sha256).hexdigest(), digest)
    return False


def is_newest_hash(stored: str) -> bool:
    """Whether it was made under the newest key; others are made again while their token is at hand."""
    return stored.partition(":")[0] == _key_ids[0]


def new_token(nbytes: int = 24) -> str:
    """URL-safe, 192 bits by default."""
    return _secrets.token_urlsafe(nbytes)


def hash_token(token: str) -> str:
    """How a token is stored: 64 hexadecimal digits. Plain SHA-256 is enough for what nobody can guess."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def same(a: str, b: str) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(a.encode(), b.encode())


_SECRET_SHAPES = re.compile(
    r"\b(?:ck|cs)_[0-9a-f]{20,}|(sk_(?:test|live)_|rk_(?:test|live)_|whsec_|SG\.|xkeysib-|xsmtpsib-|imp_(?:test|live)_|eyJ[A-Za-z0-9_-]{8,}\.)[A-Za-z0-9_.\-]+"
    r"|(?i:bearer)\s+[A-Za-z0-9._\-]+"
)
_SECRET_FIELDS = re.compile(
    r"(?i)(\"?(?:password|secret|token|api[_-]?key|authorization|card|cvc)\"?\s*[:=]\s*\"?)([^\s\",}&]+)"
)


def redact(text: str) -> str:
    """The text without anything that looks like a secret."""
    return _SECRET_FIELDS.sub(r"\1[hidden]", _SECRET_SHAPES.sub("[hidden]", text))
