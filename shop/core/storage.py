"""Where files live: a directory, or S3-compatible storage (Cloudflare R2, MinIO, AWS) by setting.

Keys are made from the content ("ab/abcdef….avif"), so a file is never overwritten with something else, putting it
twice is harmless, and whoever serves it may let it be cached for ever (contracts/r2.md §1, §5, §7).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Protocol

from config import Config
from shop.core.settings import current_settings
from shop.errors import NotFound, Unavailable

CACHE_CONTROL = "public, max-age=31536000, immutable"
CONTENT_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}
KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}\.(?:avif|webp|jpg|png)")


class Storage(Protocol):
    def put(self, key: str, body: bytes) -> None:
        """Store; a repeat is harmless. Raises Unavailable or NeedsReconnect."""

    def read(self, key: str) -> bytes:
        """Raises NotFound, Unavailable or NeedsReconnect."""

    def remove(self, key: str) -> None:
        """Let it go; a repeat is harmless. Raises Unavailable or NeedsReconnect."""


class DiskStorage:
    """Files below a directory; written beside their place and renamed, so a reader never sees half a file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, body: bytes) -> None:
        path = self.root / checked_key(key)
        if path.exists() and path.stat().st_size == len(body):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            half.write_bytes(body)
            half.chmod(0o644)
            os.replace(half, path)  # noqa: PTH105  (atomic, also over an existing file)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise Unavailable("The picture could not be stored.", service="disk", detail=str(error)) from error

    def read(self, key: str) -> bytes:
        try:
            return (self.root / checked_key(key)).read_bytes()
        except FileNotFoundError:
            raise NotFound from None

    def remove(self, key: str) -> None:
        try:
            (self.root / checked_key(key)).unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable("The picture could not be removed.", service="disk", detail=str(error)) from error


def storage() -> Storage:
    """The store's storage, by setting."""
    config = current_settings()
    return _s3(config) if config.storage == "s3" else DiskStorage(Path(config.media_dir))


def content_key(body: bytes, ending: str) -> str:
    """The key of these bytes: content_key(b"…", "avif") -> "ab/abcdef….avif"."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    return f"{digest[:2]}/{digest}.{ending}"


def store_file(body: bytes, ending: str) -> str:
    """Store and return the key. `ending` is one of CONTENT_TYPES."""
    key = content_key(body, ending)
    storage().put(key, body)
    return key


def public_url(key: str) -> str:
    """The address a browser fetches it from."""
    config = current_settings()
    return f"{config.media_url.rstrip('/')}/{key}"


def _s3(config: Config) -> Storage:
    from shop.core.s3_storage import s3_storage  # its client costs 20 MB: only processes that use it pay

    return s3_storage(config)


def checked_key(key: str) -> str:
    if not KEY.fullmatch(key):
        raise NotFound
    return key
